/* dispatch_commands.h -- the command that a dispatch asks for: a row of the view dispatch_due. No
 * I/O. */
#pragma once

#include "sla-worker/due_commands.h"

/* Begins `out`, zeroed; due_at in us. `what` is a word of the view. False: it is none that this
 * program knows. */
bool dispatch_command_fill(struct due_command *out, const char *dispatch_id, const char *what,
                           int64_t due_at, int64_t now);
