/* head.h -- a thread with a read-only connection to the event store: where the log ends, and which
 * sessions have ended. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct head;
struct lanes;
struct revoked;

/* Starts the thread; it tells `lanes` where the log ends and `revoked` which sessions have ended.
 * All are borrowed. */
struct head *head_new(const char *url, int timeout_ms, struct lanes *lanes,
                      struct revoked *revoked);
void head_free(struct head *h); /* stops and joins it; NULL is allowed */

/* The store, asked after `since` (time_monotonic()), ended before this position. Until it has
 * been asked: false, and it is asked at once. Any thread, does not block. */
bool head_is_below(struct head *h, int64_t position, int64_t since);
