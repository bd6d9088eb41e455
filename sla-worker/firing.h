/* firing.h -- the thread that does what is due: a level of a clock fires, another policy begins, a
 * newer version of one is applied to open clocks, a hold ends, a resolved report is closed; an
 * offer that nobody answered times out, a reservation is offered; a patrol on duty whose last fix,
 * and last change of status, are older than POSITION_LOST_SECONDS is told as lost, and as found
 * with its next fix. It asks the views of due_sources.h what is due by the clock of the event
 * store, and gives the commands to the writer, those of clocks each with the versions of the
 * report's streams that the view has seen: whatever has happened since, and the view has not shown,
 * is a refusal and another look. What is done once is told by the folded states and by the key of
 * the command, so a second worker does no harm; it waits until the first one is gone (an advisory
 * lock). */
#pragma once

#include "platform/process/settings.h"
#include "writer/writer.h"

struct firing;

/* Starts its thread. The writer must live until firing_stop. */
struct firing *firing_new(const struct settings *settings, struct writer *writer);
/* NULL is allowed. Ends once what it has given to the writer is settled. */
void firing_stop(struct firing *f);
void firing_free(struct firing *f); /* after firing_stop; NULL is allowed */
