/* rules_file.h -- policies and calendars out of files, in the form in which GET answers or PUT
 * takes them. False or NULL after a sentence. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "events/event.h"

/* The whole file, or standard input for "-". */
const char *read_whole_file(const char *path, struct arena *a);

/* A struct of the shape out of the members that it has; others, such as `version`, are passed over.
 * `what` it is, for the sentence. */
bool read_definition(const char *path, const char *what, const struct shape *shape, struct arena *a,
                     void *out);

/* Without an id it is called `simulated`. */
bool read_policy_file(const char *path, struct arena *a, struct PolicyDefined *out);
/* The offsets of its zone are those of ICU, from a year before `from` until eleven years after `to`
 * (us). */
bool read_calendar_file(const char *path, int64_t from, int64_t to, struct arena *a,
                        struct CalendarDefined *out);
