/* policy_rules.h -- the rule of policies in parts. What a policy has to be, as far as it can be
 * told from the policy alone, and what the commands share. */
#pragma once

#include "features/sla/policy.h"

/* Seconds and levels of its clocks. DURATION_TOO_SHORT, BAD_TEXT or BAD_LEVEL, naming the member.
 */
fallible check_clocks(const struct PolicyDefined *p, struct decision *out);

/* DURATION_TOO_SHORT, naming the member `field`, of less than ten seconds. */
fallible check_duration(int64_t seconds, const char *field, struct decision *out);

/* BAD_DEFAULT: it is called `default` or `default-…` and is not for everything of the city or of
 * that agency, has no clock `resolve`, or `default` is not active. */
fallible check_default(const struct PolicyDefined *p, struct decision *out);

/* To its own stream. */
void emit_policy(const struct PolicyDefined *next, struct decision *out);

/* duration.c: the default policy as the one number that clients of the seed know. */
fallible set_duration(const struct policy *city, const struct command *c, struct decision *out);
