/* fixes.h -- positions that units push: the FIX rows of features/<name>/routes.def. A row: method,
 * path with the unit's id, the roles that must belong to it (units.h), the roles that push for it
 * as well, if they have no agency or the unit's, what an id of no unit means, and what it means
 * that the client may not.
 *
 * The body is that of positions/fix_body.h. The answer is 200 {"accepted":true,"moved":…,
 * "recorded_at":…} once Redis has the fix; `moved` is false of one that is late or was there
 * before. It is no command: it takes no If-Match, and needs no Idempotency-Key, for the same fix is
 * one however often it comes. Fixes that come together go to Redis together. While Redis is away,
 * or more than FIXES_WAITING wait, the answer is 503 POSITIONS_AWAY or QUEUE_FULL.
 *
 * FIX_AND: a row that takes a command in the same body; behind the others stand the command, what
 * it tells of versions, and IN_QUERY as of ROUTE. The command is read first, so a body that is not
 * as it should be changes nothing; then the fix is put, and if it is taken, or there is none, the
 * command is decided and answers. A position that was told stays told if the command is refused.
 *
 * Somebody who is not known to belong to the unit is looked for in the store once more: whoever has
 * just joined is not turned away. */
#pragma once

#include "platform/http/http.h"
#include "platform/process/settings.h"

struct fixes;
struct unit_map; /* positions/units.h */

struct fix_row {
    int members, commanders; /* masks of roles */
    const struct problem *missing, *refused;
    const void *command; /* a row of commands.c; NULL: none */
};

/* `row` is a struct fix_row. */
void handle_fix(struct http_request *r, const void *row);

enum { FIXES_WAITING = 8192 };

/* Starts two threads: one puts fixes into Redis, one follows who belongs to which unit. Everything
 * is borrowed. Reports readiness: "units", which is optional. */
struct fixes *fixes_new(const struct settings *settings, const char *redis_password);
struct unit_map *fixes_units(struct fixes *f);
/* Refuses what comes from now on, answers what waits, joins the threads. NULL is allowed. */
void fixes_stop(struct fixes *f);
void fixes_free(struct fixes *f); /* after the loops have stopped; NULL is allowed */
