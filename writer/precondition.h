/* precondition.h -- If-Match and If-None-Match of a command. Only the version in a tag counts: the
 * rest is about the form in which the item was read. */
#pragma once

#include "events/command.h"

/* False: malformed, a tag that is none of ours, or too many. */
bool precondition_read(const char *header, struct precondition *out);

/* For the digest of a request: "0" if there is none, "*", or the versions: "7,9". */
const char *precondition_text(const struct precondition *p, struct arena *a);
/* What a tag of another epoch names is no version of this one: it matches nothing from here on. */
void precondition_in(struct precondition *p, int64_t epoch);
