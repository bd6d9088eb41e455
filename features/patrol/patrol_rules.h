/* patrol_rules.h -- the rule of a patrol in parts; patrol.c chooses by the command. */
#pragma once

#include "features/patrol/dispatching.h"

/* crews.c: the unit, its crew, the rules of the installation. */
fallible set_patrol_rules(const struct patrol *rules, const struct command *c,
                          struct decision *out);
fallible register_patrol(const struct command *c, struct decision *out);
fallible edit_patrol(const struct patrol *p, const struct command *c, struct decision *out);
fallible join_crew(const struct patrol *p, const struct command *c, struct decision *out);
fallible leave_crew(const struct patrol *p, const struct command *c, struct decision *out);

/* states.c: from state to state by hand, and whether its position is known. */
fallible set_patrol_status(const struct patrol *p, const struct command *c, struct decision *out);
fallible lose_position(const struct patrol *p, const struct command *c, struct decision *out);
fallible find_position(const struct patrol *p, const struct command *c, struct decision *out);

/* To the patrol's own stream. */
void emit_to_patrol(const struct patrol *p, struct event e, struct decision *out);
/* NULL for who commands it and, if `crew`, its crew; else why not. The precondition is checked. */
fallible must_command(const struct patrol *p, const struct command *c, bool crew,
                      struct decision *out);
fallible read_crew(const char *user_id, struct decision *out, const struct crew **crew);
fallible read_patrol_rules(struct decision *out, const struct patrol **rules);
