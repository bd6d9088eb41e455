/* firing.h -- the rule of sla-<report>. */
#pragma once

#include "features/report/report.h"
#include "features/sla/plan.h"

/* FireLevel, ChangePolicy and PlanClock, of the worker alone. CLOCK_MOVED: one of the report's
 * streams is not as the worker has seen it. A level that has fired, and a plan that the clock has,
 * are success without an event. */
fallible decide_for_clocks(const struct sla *plans, const struct command *c, struct decision *out);
