/* view_progress.h -- how far the views are and when each has changed: a thread asks the read
 * database for the position and the mark (engine.change) of every view in one statement, every 10
 * ms while requests arrive, every 2 ms while somebody waits for a position, every 100 ms while a
 * view is not shown yet, else once a second; loops read what it found without a lock.
 *
 * A cached response is good until one of its views changes, however far the log goes meanwhile.
 * When no request has arrived, or the database has not answered, for a second, nothing is known and
 * nothing is served from a cache. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "platform/http/http.h"

struct view_progress;
struct query;    /* query-api/query.h */
struct view_set; /* query-api/routes.h */

/* Starts the thread, which also prepares the statements of all queries (statements.h). `url` and
 * `queries` are borrowed. */
struct view_progress *view_progress_new(const char *url, int timeout_ms,
                                        const struct query *queries, int count);
void view_progress_free(struct view_progress *progress); /* stops and joins it; NULL is allowed */

/* What is known of a set of views, all of it as one poll found it, but for `refused`. */
struct progress {
    bool known;          /* read a moment ago: cached responses may be compared with `total` */
    int64_t position;    /* the lowest: what a response surely reflects */
    int64_t total;       /* sum of their marks; rises when any of them changes */
    uint64_t version;    /* changes when a view is swapped or the log's epoch is raised */
    bool unfilled;       /* one that is waited for does not show the whole log yet */
    const char *missing; /* the name of one that is not there; NULL: all are */
    const struct problem *refused; /* why nothing of them is shown; NULL: it is */
};

/* Any thread. Also keeps the thread reading often. `now`: time_monotonic(). */
struct progress view_progress_read(struct view_progress *progress, const struct view_set *views,
                                   int64_t now);

/* Somebody who waits for a position: `job.finish` runs on `loop` after each time that a view was
 * seen to have moved. It must first call view_progress_told. The owner keeps it until the loop has
 * ended. */
struct watcher {
    struct job job;
    struct http_loop *loop;
    struct watcher *next; /* in view_progress's list */
    bool told;            /* posted and not yet run */
};
/* Loop thread. From watch to unwatch; one that was told just before may still be run. */
void view_progress_watch(struct view_progress *progress, struct watcher *w);
void view_progress_unwatch(struct view_progress *progress, struct watcher *w);
void view_progress_told(struct view_progress *progress, struct watcher *w);

/* The life of the log this process belongs to, 0 until the store was read. Any thread. */
int64_t view_progress_epoch(struct view_progress *progress);
/* The furthest position of any view of that life, as last read. */
int64_t view_progress_furthest(struct view_progress *progress);
/* Tells where the log ends and in which life; `set_back`: before the views. Head's thread. */
void view_progress_set_head(struct view_progress *progress, int64_t head, int64_t epoch,
                            bool set_back);
