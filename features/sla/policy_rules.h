/* policy_rules.h -- what a policy has to be, as far as it can be told from the policy alone. */
#pragma once

#include "features/sla/policy.h"

/* Seconds and levels of its clocks. DURATION_TOO_SHORT, BAD_TEXT or BAD_LEVEL, naming the member.
 */
fallible check_clocks(const struct PolicyDefined *p, struct decision *out);

/* BAD_DEFAULT: it is called `default` or `default-…` and is not for everything of the city or of
 * that agency, has no clock `resolve`, or `default` is not active. */
fallible check_default(const struct PolicyDefined *p, struct decision *out);
