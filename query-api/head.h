/* head.h -- a thread with a read-only connection to the event store: where the log ends, and which
 * sessions have ended. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct head;
struct view_progress;
struct revoked;

/* Starts the thread; it tells `view_progress` where the log ends and `revoked` which sessions have
 * ended. All are borrowed. */
struct head *head_new(const char *url, int timeout_ms, struct view_progress *view_progress,
                      struct revoked *revoked);
void head_free(struct head *h); /* stops and joins it; NULL is allowed */

enum head_says {
    HEAD_UNKNOWN, /* the store has not been asked since; it is asked at once */
    HEAD_REACHED, /* the log has this position */
    HEAD_BELOW,   /* asked after `since` the log ended before it */
};

/* `since`: time_monotonic(). Any thread, does not block. */
enum head_says head_compare(struct head *h, int64_t position, int64_t since);
