/* commands.h -- the operator's commands in what citywatchctl says, by how this city is installed:
 * INSTALLED_AS=package or containers, else as a run folder. */
#pragma once

#include "base/arena.h"

/* `text` with each {name} of commands.def as this operator has to call it. In the arena. */
const char *commands_in(struct arena *a, const char *text);
