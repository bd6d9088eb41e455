/* lookups.h -- the threads that look up what a rule needs of the views (events/gather.h), on
 * connections of their own to the read database, before its command goes to the writer. */
#pragma once

#include "platform/process/settings.h"
#include "writer/pending.h"

struct lookups;
struct writer; /* writer/writer.h */
/* Both are borrowed. Starts the threads. */
struct lookups *lookups_new(const struct settings *settings, struct writer *writer);
/* When no loop can put a command any more, and while the writer is there: settles what waits. NULL
 * is allowed. */
void lookups_free(struct lookups *l);

/* As writer_put, which gets it at once if nothing is to be looked up. Else `settled` may also be
 * called on one of these threads: with LOOKUP_AWAY, nothing was done then. QUEUE_FULL: many wait
 * already, or it has waited COMMAND_WAIT_MS. */
fallible lookups_put(struct lookups *l, struct pending *p);
