/* seal_entry.h -- the thread that enters the newest seal of each chain of audit records in the log,
 * every AUDIT_ENTER_SECONDS, if the key of AUDIT_KEY_FILE has signed it: what the seals of MongoDB
 * say can be rewritten there, what the log says cannot (features/audit). Several workers may enter
 * the same ones. It reports readiness
 * ("audit seals", which is optional). */
#pragma once

#include "platform/process/settings.h"
#include "writer/writer.h"

struct seal_entry;

/* Starts the thread; settings and writer are borrowed. *out is NULL without MONGODB_URI or
 * AUDIT_KEY_FILE: there are no seals to enter, and the calls below do nothing. NOT_STARTED, logged:
 * key, password or URI cannot be used; *out is set all the same. */
fallible seal_entry_new(const struct settings *settings, struct writer *writer,
                        struct seal_entry **out);
void seal_entry_stop(struct seal_entry *s); /* before the writer stops */
void seal_entry_free(struct seal_entry *s);
