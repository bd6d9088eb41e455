/* flush.h -- the thread that folds the fixes in Redis into the read database every
 * POSITIONS_FLUSH_MS: last positions and tracks (tables: migrations/read/0110_positions.sql). The
 * checkpoint moves in the transaction of the rows, so an entry counts once, whoever folds and
 * however often it restarts. What the stream has dropped meanwhile is counted (fixes_missed_total)
 * and gone. When Redis has lost what it held, the last positions are put back there. It also
 * deletes what is older than TRACK_DAYS, and reports readiness ("positions", which is optional). */
#pragma once

#include "platform/process/settings.h"

struct flush;

/* Does not connect yet; `settings` is borrowed. NOT_STARTED: the password cannot be read; *out is
 * set all the same. */
fallible flush_new(const struct settings *settings, struct flush **out);
/* One page of the stream. *more: there is another one. For the thread, and for tests without it.
 *   REDIS_UNAVAILABLE, REDIS_REFUSED, problems of pg_call: nothing was folded */
fallible flush_turn(struct flush *f, bool *more);
/* Deletes one batch of old tracks. *more: there is another one. */
fallible flush_expire(struct flush *f, bool *more);
bool flush_start(struct flush *f); /* false: the thread could not be made */
void flush_free(struct flush *f);  /* ends the thread after its page; NULL is allowed */
