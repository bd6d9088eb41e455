/* relay.h -- publishes the log to Redis, in order, without a hole. It starts from Redis's answer,
 * never from its own memory, so FLUSHALL, fail-over and lost tails repair themselves; any number
 * of relays may run: an advisory lock saves work, the comparison is the safety. */
#pragma once

#include "platform/process/settings.h"

struct relay;

/* Does not start its thread. `redis_password` is borrowed, may be "". */
struct relay *relay_new(const struct settings *settings, const char *redis_password);
void relay_start(struct relay *r);
/* Any thread: something was committed. */
void relay_wake(struct relay *r);
/* Finishes what it is doing, joins the thread if it was started. NULL is allowed. */
void relay_free(struct relay *r);

/* One turn on the calling thread: publishes at most PUBLISH_MAX events or settles one difference
 * with Redis. *progress: there may be more to do at once. STORE_UNAVAILABLE, REDIS_UNAVAILABLE,
 * REDIS_REFUSED: try again later. EPOCH_RAISED: this relay is at its end. BATCH_REJECTED, INTERNAL:
 * an operator must act (logged); commands go on meanwhile. */
fallible relay_step(struct relay *r, bool *progress);
int64_t relay_position(const struct relay *r); /* -1: not known */
