/* members.h -- the members of one JSON object, where they lie in its text: for those who need a few
 * of them and no struct. base/json reads it: RFC 8259 is checked to the last byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

enum { MEMBERS_MAX = 64, MEMBERS_DEPTH = 32 };

struct member {
    struct span name;
    struct span json; /* as it is written */
    struct span text; /* of a string: its characters; of null: none; of others: as json */
};

struct members {
    int count;
    struct member *at; /* in the order they are written */
};

/* Spans point into `json`, which must stay; strings with escapes are made in `a`. False if it is no
 * object and nothing else, nests deeper than MEMBERS_DEPTH, has more than MEMBERS_MAX members, or
 * holds what base/json refuses. */
bool members_read(const char *json, struct arena *a, struct members *out);

/* The last one of that name, as jsonb has it; NULL if there is none. */
const struct member *members_find(const struct members *m, const char *name);
