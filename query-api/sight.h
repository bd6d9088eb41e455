/* sight.h -- events/sight.def as SQL, for the queries about one report. */
#pragma once

#include "base/text.h"

/* Appends an expression that is 'ALL', 'OPEN_PART' or NULL for the row r, which has reporter,
 * pseudonym, owner_agency, visibility, kind and status, as seen by who asks: $2 user, $3 pseudonym,
 * $4 role, $5 agency, all NULL without a token. */
void append_sight(struct text *sql);
