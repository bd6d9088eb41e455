/* recorded.h -- what the log is given of a command's events: data and metadata. Writer's thread. */
#pragma once

#include "writer/pending.h"

/* Writes what was emitted. UNWRITABLE_EVENT: one of them could not be read again; logged. */
fallible recorded_write(struct pending *p);

/* Metadata of an event, in p->arena; nothing that leads to an anonymous author. */
const char *recorded_meta(struct pending *p);
