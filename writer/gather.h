/* gather.h -- looks up what a rule needs of the views (events/gather.h), before the command is
 * given to the writer. A connection of its own to the read database; one thread, which it blocks.
 */
#pragma once

#include "platform/process/settings.h"
#include "writer/pending.h"

struct gatherer;
/* `name` of its connection; both are borrowed. Does not connect yet. */
struct gatherer *gatherer_new(const struct settings *settings, const char *name);
void gatherer_free(struct gatherer *g); /* NULL is allowed */

/* Sets p->command.prepared, in p->arena, if there is a row for the command. DATABASE_UNAVAILABLE:
 * as pg_call, also while the views are not there; for a moment after it at once. Other problems:
 * the row's file or what it returned is wrong. */
fallible gather(struct gatherer *g, struct pending *p);
