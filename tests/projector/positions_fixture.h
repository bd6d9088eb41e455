/* positions_fixture.h -- Redis, the read database and a flush of one test, and dumps of what they
 * hold. */
#pragma once

#include <stdint.h>

#include "platform/postgres/postgres.h"
#include "positions/flush.h"
#include "positions/live.h"

struct positions {
    struct settings settings;
    struct pg *views;
    struct redis *redis;
    struct live *live;
    struct flush *flush;
    struct arena arena;
};

void positions_open(struct positions *p); /* empty ones */
void positions_close(struct positions *p);
/* Unit number `unit` at second `second` of the day before now; `variant` makes another place. */
struct fix fix_of(int unit, int second, int variant);
void put(struct positions *p, const struct fix *fixes, int count);
void flush_all(struct positions *p);
int64_t number(struct positions *p, const char *sql);
/* The rows of a query, a line each; in the arena. */
const char *dump(struct positions *p, const char *sql);
/* Last fix and GEO position of the units, as Redis has them. */
const char *dump_redis(struct positions *p, int units);
