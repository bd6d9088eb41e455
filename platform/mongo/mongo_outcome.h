/* mongo_outcome.h -- what an answer of the server, or its absence, means. Of platform/mongo alone.
 */
#pragma once

#include "base/problem.h"
#include "platform/mongo/mongo_json.h"

/* One log line an outage. */
struct mongo_state {
    bool complained;
};

/* The server has answered; returns NULL. */
fallible mongo_answered(struct mongo_state *s);

/* A call has failed, with the driver's error: MONGO_UNAVAILABLE or MONGO_REFUSED. */
fallible mongo_failed(struct mongo_state *s, const char *collection, const bson_error_t *error);

/* What came of writing: `reply` is the driver's, `error` what it said if it failed. NULL if
 * everything in it was done; an insert is that, too, if `wanted` documents are stored, just now or
 * under their `_id` since before (wanted 0: the number is not looked at). */
fallible mongo_written(struct mongo_state *s, const char *collection, const bson_t *reply,
                       bool failed, const bson_error_t *error, int64_t wanted);
