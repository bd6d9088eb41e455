/* refill.h -- views whose tables do not hold what this program would make of the log: they are
 * dropped, and filled anew from its beginning. */
#pragma once

#include "view_engine/engine_parts.h"

/* Drops the views of an older epoch, within the transaction that registers. LOG_SET_BACK: they are
 * of a later one. */
fallible refill_after_epoch(struct engine *e);

/* Drops all versions of a view that another function than the program's keeps, or those beside the
 * serving one if that is the program's; within the same transaction. */
fallible refill_changed_fold(struct engine *e, const struct view *fold);

/* LOG_SET_BACK; the first time it is logged. `what` of the views is beyond that of the store. */
const struct problem *log_set_back(struct engine *e, const char *what, int64_t views,
                                   int64_t store);
