/* writer.h -- the one thread that decides and appends: single writer principle.
 * A batch is what queued up while the last one committed: at most 64 commands, no two of which
 * share a stream that one of them writes, so none depends on another's outcome.
 *
 * The next batch is not decided while this one commits. Measured with 32 and 64 clients that
 * create, on 2 busy cores: loading and deciding took 1.2 % of the writer's time, 6 µs of CPU a
 * command. At the 10,400 creates/s of the same machine with nothing else on it, that bounds the
 * gain at 6 %, for which a core would have to be idle. */
#pragma once

#include "writer/pending.h"
#include "platform/process/settings.h"

struct writer;
/* Starts its thread, which calls committed(arg) after every batch that wrote events; NULL: nobody.
 */
struct writer *writer_new(const struct settings *settings, void (*committed)(void *arg), void *arg);

/* Any thread. QUEUE_FULL, SHUTTING_DOWN: the command was not taken and is still the caller's. Else
 * p->settled will be called exactly once. */
fallible writer_put(struct writer *w, struct pending *p);

/* Refuses what comes (SHUTTING_DOWN), settles what is queued, joins the thread. What `settled`
 * needs must still be there. NULL is allowed. */
void writer_stop(struct writer *w);
/* When no loop can put a command any more; stops it first if nobody has. NULL is allowed. */
void writer_free(struct writer *w);
