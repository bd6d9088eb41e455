/* sight.h -- who sees what of a report: the rows of sight.def as a table. */
#pragma once

#include "events/words.h"

enum { ANYBODY = -1 }; /* every role and nobody: all bits */

enum tie {
    NO_TIE = 0,
    BY_AUTHOR = 1,        /* it is the own report */
    OF_AGENCY = 2,        /* the own agency owns it */
    OF_FORMER_AGENCY = 4, /* the own agency has owned it */
    SENT_TO_IT = 8,       /* of the crew of a patrol that is sent to it; deciders ask is_sent_to */
};

/* IF_CRIME stands in rows only: ALL of a report that was filed as one of a crime. */
enum sight { NOTHING, IF_CRIME, OPEN_PART, ALL };

struct sight_row {
    int roles;
    enum tie tie;
    enum sight of[VISIBILITY_COUNT];
    bool withdrawn;
};

extern const struct sight_row sight_rows[];
extern const int sight_row_count;

/* Of a report: what decides who sees it. */
struct sight_facts {
    enum visibility visibility;
    enum category_kind kind; /* when it was filed, whatever its category is today */
    enum status status;
};

/* NOTHING, OPEN_PART or ALL, for somebody of that role (ANYONE: without a token) with these ties,
 * bits of enum tie. */
enum sight sight_of(const struct sight_facts *report, enum role role, int ties);

/* The fragment report_sight (fragments.def): an SQL expression that is 'ALL', 'OPEN_PART' or NULL
 * for the row r, which has reporter, pseudonym, owner_agency, former_agencies, visibility, kind and
 * status, as seen by who asks: $2 user, $3 pseudonym, $4 role, $5 agency, all NULL without a token.
 */
struct text;
void append_report_sight(struct text *sql);
