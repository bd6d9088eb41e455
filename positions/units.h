/* units.h -- who belongs to which unit, by what the log says of it: a map that is asked for each
 * fix, without a database. Features tell in units.def which events mean what:
 *
 *     UNITS(category)               of the streams these events stand on
 *     UNIT_MADE(Event, unit, agency)    members of the event that name them
 *     UNIT_JOINED(Event, unit, user)    the user belongs to this unit, and to no other one
 *     UNIT_LEFT(Event, unit, user)      the user belongs to it no more
 *
 * One map is shared by all threads of a process (inside: a lock); one of them follows. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "platform/identity/account.h"

struct unit_map;
struct store;

struct unit_map *units_new(void);
void units_free(struct unit_map *u); /* NULL is allowed */

/* All ids are UUIDs in lower case; what is none is passed over. */
void units_made(struct unit_map *u, const char *unit, const char *agency);
void units_joined(struct unit_map *u, const char *unit, const char *user);
void units_left(struct unit_map *u, const char *unit, const char *user);

/* False: there is no such unit. */
bool units_find(struct unit_map *u, const char *unit, char agency[AGENCY_TEXT]);
bool units_has_member(struct unit_map *u, const char *unit, const char *user);

/* Applies what the store's events after *position say, up to its end, and moves *position; 0: from
 * the first one. Begins anew in another epoch. Needs to read es_event, es_counter and es_store.
 * Problems of pg_call. */
fallible units_follow(struct unit_map *u, struct store *store, int64_t *position);
/* False until units_follow has read to the end once. */
bool units_are_known(const struct unit_map *u);
