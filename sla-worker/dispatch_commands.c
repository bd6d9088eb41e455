/* dispatch_commands.c -- see dispatch_commands.h. */
#include "sla-worker/dispatch_commands.h"

#include "base/banned.h"

/* Each is due once in the life of a dispatch, so the words are the ends of its keys, too. */
static const struct dispatch_due_row {
    const char *what;
    int command;
} rows[] = {{"timeout", TimeOutDispatch}, {"offer", OfferReserved}, {"next", ReplaceDispatch}};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* The dispatch is the command's target, or it is what a new one stands in for. */
static void name_dispatch(struct due_command *d)
{
    struct command *c = &d->pending.command;
    char id[UUID_TEXT];
    if (c->type != ReplaceDispatch)
        return;
    c->ReplaceDispatch.replaces = d->subject;
    c->target = c->new_id = arena_text(&d->arena, uuid_new(id));
}

bool dispatch_command_fill(struct due_command *d, const char *dispatch_id, const char *what,
                           int64_t due_at, int64_t now)
{
    const struct dispatch_due_row *row = rows;
    while (row < rows + ROWS && !text_equal(row->what, what))
        row++;
    if (row == rows + ROWS || now < due_at)
        return false;
    due_command_begin(d, dispatch_id, due_at, now);
    d->what = row->what;
    d->pending.command.type = row->command;
    name_dispatch(d);
    due_command_key(d, arena_printf(&d->arena, "dispatch/%s/%s", dispatch_id, row->what));
    return true;
}
