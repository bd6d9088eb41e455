/* lives.h -- what the engine does when the log is of another life than its views. */
#pragma once

#include "view_engine/engine_parts.h"

/* Drops the views of an older life of the log, within the transaction that registers.
 * LOG_SET_BACK: they are of a later one. */
fallible lives_compare(struct engine *e);
/* LOG_SET_BACK; the first time it is logged. `what` of the views is beyond that of the store. */
const struct problem *lives_set_back(struct engine *e, const char *what, int64_t views,
                                     int64_t store);
