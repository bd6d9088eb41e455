/* position_commands.c -- see position_commands.h. */
#include "sla-worker/position_commands.h"

#include "base/banned.h"

void position_command_fill(struct due_command *d, const char *patrol_id, int64_t fix_at,
                           bool is_lost, int64_t now)
{
    struct command *c = &d->pending.command;
    due_command_begin(d, patrol_id, now, now);
    d->what = is_lost ? "lost" : "found";
    c->type = is_lost ? LosePosition : FindPosition;
    if (is_lost)
        c->LosePosition.last_fix_at = fix_at;
    else
        c->FindPosition.last_fix_at = fix_at;
    due_command_key(
        d, arena_printf(&d->arena, "position/%s/%s/%lld", patrol_id, d->what, (long long)fix_at));
}
