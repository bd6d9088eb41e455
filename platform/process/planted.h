/* planted.h -- bugs of base/planted.def that take more than a line. Only builds that carry one have
 * these functions; in all others the call is dead code and goes with it. */
#pragma once

#include "platform/postgres/store.h"

/* RESULT_OUTSIDE_THE_TRANSACTION: stores the answers of what was just committed. */
fallible planted_results(struct store *s, const struct append *batch, int count);
