/* audit.h -- every request leaves a record: http tells outcomes, the loop writes them into the
 * spool before their answers leave, the audit thread brings them to disk and to MongoDB. What is
 * recorded is members.def, kinds.def and books.def; nothing here waits for MongoDB, and no request
 * fails by it.
 *
 * GETs without a token, requests that no route has, and those whose notes say kind `rollup` are
 * rolled up, by method, route, status, address and actor, and the second they began in; a killed
 * process loses up to a second of these counts. Those of an anonymous author are rolled up by
 * method, route, status and hour, and told when the hour is over or the process stops, because
 * their place in the chain would tell their time; a killed process loses these counts. */
#pragma once

#include "audit/ship.h"
#include "platform/http/http.h"
#include "platform/process/settings.h"

struct auditor;

/* Opens the books of the service ("command-api") in AUDIT_SPOOL; does not connect. *out is NULL
 * where AUDIT_SPOOL is empty: no record is kept, and all calls below do nothing. Settings are
 * borrowed. NOT_STARTED  logged: the key cannot be read; a folder cannot be used, or another
 * process has it */
fallible audit_new(const struct settings *s, const char *service, struct auditor **out);
/* The same with another target than MONGODB_URI. */
fallible audit_new_to(const struct settings *s, const char *service,
                      const struct audit_target *target, struct auditor **out);

/* Makes the audit the recorder of a server; `http` may be served until audit_free. */
void audit_record_http(struct auditor *a, struct http_settings *http);

bool audit_start(struct auditor *a); /* false: the thread could not be made */
/* After http_server_stop: seals, syncs and ships what there is; at most some seconds. */
void audit_stop(struct auditor *a);
/* After http_server_free: writes what was told since. NULL is allowed. */
void audit_free(struct auditor *a);

/* ---- for http: the recorder (struct http_settings) ---- */

void audit_outcome(void *audit, int loop, const struct http_outcome *o);
/* After it the outcomes told by this loop outlive the process. */
void audit_turn(void *audit, int loop);
