/* position_commands.h -- the command that tells the log whose position is lost, or has come again.
 * No I/O. */
#pragma once

#include "sla-worker/due_commands.h"

/* Begins `out`, zeroed; `fix_at` in us: of its last fix. */
void position_command_fill(struct due_command *out, const char *patrol_id, int64_t fix_at,
                           bool is_lost, int64_t now);
