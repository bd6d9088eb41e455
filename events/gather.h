/* gather.h -- what a rule needs of the views. Rules are pure, and see streams alone; what has to be
 * searched for, such as who is the nearest, is looked up before the command is decided
 * (writer/gather.h) and given to the rule as command.prepared. It may be old by then: a rule looks
 * at each stream that it chooses as it is now.
 *
 * A row GATHER(command, member, file, shape) of a feature's gathers.def: for that command, unless
 * its body has the member ("": always), the file of queries/ is run, and returns one JSON object of
 * the shape. $1 is the body as JSON, $2 the role and $3 the agency of who gives the command. */
#pragma once

#include "events/command.h"

struct gather_row {
    int command;
    const char *unless;
    const char *file;
    const struct shape *shape;
};
extern const struct gather_row gather_rows[]; /* ended by a NULL file */

/* NULL: nothing is to be looked up for it. */
const struct gather_row *gather_of(const struct command *c);
