/* event_sample.h -- `data` of events for fixtures, taken from events/schema/samples at the current
 * version, so that a fixture follows when a version is raised. */
#pragma once

#include "events/event.h"

/* The sample of `type` with the members of the JSON object `changes` in place of its own; null
 * removes one. Ends the program, naming the file, if there is no sample. */
const char *event_sample(struct arena *a, int type, const char *changes);
/* The same at an older version, for tests of upcasting. */
const char *event_sample_at(struct arena *a, int type, int version, const char *changes);
