/* dispatch_rules.h -- the rule of a dispatch in parts; dispatch.c chooses by the command. */
#pragma once

#include "features/report/dispatches.h"

/* sending.c: a new dispatch. */
fallible dispatch_patrol(const struct command *c, struct decision *out);
/* In place of one that was declined or not answered, if it named no patrol; else that one is left
 * unfilled. */
fallible replace_dispatch(const struct command *c, struct decision *out);
