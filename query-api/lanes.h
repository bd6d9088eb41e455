/* lanes.h -- how far the views are: a thread asks the read database for the position of every view,
 * every 10 ms while requests arrive, and loops read what it found without a lock.
 *
 * A cached answer is good until a lane of its views moves. While nobody asks, or while the
 * database cannot be asked for a second, nothing is known and nothing is served from a cache. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"

struct lanes;

/* Starts the thread. `url` is borrowed. */
struct lanes *lanes_new(const char *url, int timeout_ms);
void lanes_free(struct lanes *l); /* stops and joins it; NULL is allowed */

/* What is known of a set of views (mask of 1 << enum view). */
struct progress {
    bool known;       /* asked a moment ago: cached answers may be compared with `total` */
    int64_t position; /* the least position: what an answer surely reflects */
    int64_t total;    /* sum of positions; rises when any of them moves */
    uint64_t
        version; /* changes when a view is swapped for another one or the log's epoch is raised */
};

/* Any thread. Also says that somebody is interested now. `now`: time_monotonic(). */
struct progress lanes_look(struct lanes *l, unsigned views, int64_t now);

/* Tells where the log ends, for the lag in /ready. Any thread. */
void lanes_head(struct lanes *l, int64_t head);
