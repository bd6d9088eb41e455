/* publish.h -- one compare-and-append call to Redis, and trimming. Relay's thread.
 * Keys: {events}:meta, {events}:all and {events}:<category>; one cluster slot. */
#pragma once

#include "platform/redis/script.h"
#include "platform/postgres/store.h"

enum { MAX_CATEGORIES = 32, PUBLISH_MAX = 256 };

/* The log this relay publishes, and where each category stood before the next event. */
struct log_place {
    char store_id[37];
    int64_t epoch;
    int64_t position; /* last published, as Redis said; -1: not asked yet */
    struct category_place {
        char name[64];
        int64_t last; /* position of its last event at or before `position` */
    } categories[MAX_CATEGORIES];
    int category_count;
    struct redis_script script; /* publish.lua */
};

/* Its entry in `categories`, made with last 0 if it is new; NULL when there is no room. */
struct category_place *category_place_of(struct log_place *p, const char *category);

enum publish_answer {
    PUBLISHED,   /* *last: the position Redis stands at now */
    GAP,         /* *last: the position Redis stands at */
    OTHER_EPOCH, /* *last: the epoch Redis holds; 0: none */
    AHEAD,       /* a key holds what this log did not publish */
    NO_MEMORY,   /* OOM: nothing was written */
    TRY_LATER,   /* LOADING, READONLY, MISCONF …: logged */
};

/* Publishes `page` (which may be empty: then it only compares) behind p->position; `seed` makes
 * Redis forget what it has if it is of another epoch. Of `p` it changes only `script`. */
fallible publish(struct redis *r, struct log_place *p, bool seed, const struct event_page *page,
                 struct arena *a, enum publish_answer *answer, int64_t *last);

/* Trims every key to the events after `position`; of each, Redis keeps the rest of one node. */
fallible publish_trim(struct redis *r, const struct log_place *p, int64_t position);

/* Makes the next `publish` with `seed` start anew. */
fallible publish_forget_epoch(struct redis *r);
