/* lanes.h -- how far the views are: a thread asks the read database for the position of every view,
 * every 10 ms while requests arrive, every 2 ms while somebody waits for a position, else once a
 * second; loops read what it found without a lock.
 *
 * A cached answer is good until a lane of its views moves. While nobody asks, or while the
 * database cannot be asked for a second, nothing is known and nothing is served from a cache. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "platform/http.h"

struct lanes;
struct query;    /* query-api/query.h */
struct view_set; /* query-api/routes.h */

/* Starts the thread, which also prepares the statements of all queries (statements.h). `url` and
 * `queries` are borrowed. */
struct lanes *lanes_new(const char *url, int timeout_ms, const struct query *queries, int count);
void lanes_free(struct lanes *l); /* stops and joins it; NULL is allowed */

/* What is known of a set of views. */
struct progress {
    bool known;       /* asked a moment ago: cached answers may be compared with `total` */
    int64_t position; /* the least position: what an answer surely reflects */
    int64_t total;    /* sum of positions; rises when any of them moves */
    uint64_t
        version; /* changes when a view is swapped for another one or the log's epoch is raised */
    const struct problem *refused; /* why nothing of them is shown; NULL: it is */
};

/* Any thread. Also says that somebody is interested now. `now`: time_monotonic(). */
struct progress lanes_look(struct lanes *l, const struct view_set *views, int64_t now);

/* Somebody who waits for a position: `job.finish` runs on `loop` after each time that a view was
 * seen to have moved. It must first call lanes_told. The owner keeps it until the loop has ended.
 */
struct watcher {
    struct job job;
    struct http_loop *loop;
    struct watcher *next; /* the lanes' */
    bool told;            /* posted and not yet run */
};
/* Loop thread. From watch to unwatch; one that was told just before may still be run. */
void lanes_watch(struct lanes *l, struct watcher *w);
void lanes_unwatch(struct lanes *l, struct watcher *w);
void lanes_told(struct lanes *l, struct watcher *w);

/* The life of the log this process belongs to, 0 until the store was asked. Any thread. */
int64_t lanes_epoch(struct lanes *l);
/* The furthest position of any view of that life, as last read. */
int64_t lanes_furthest(struct lanes *l);
/* Tells where the log ends and in which life; `set_back`: before the views. Head's thread. */
void lanes_head(struct lanes *l, int64_t head, int64_t epoch, bool set_back);
