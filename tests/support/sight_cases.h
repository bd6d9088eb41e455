/* sight_cases.h -- who sees what of a report, written a second time and by hand: the deciders, the
 * queries and events/sight.def are each held to it, for every onlooker, visibility, kind and
 * status. The report is owned by AGENCY_INFRA, to which AGENCY_ROADS has forwarded it; its category
 * was changed since: another agency has it and its kind is the other one, which must not matter. */
#pragma once

#include "events/words.h"

#define OWNER  "AGENCY_INFRA"
#define LATER  "AGENCY_HEALTH" /* has the category now */
#define OTHER  "AGENCY_SAFETY"
#define FORMER "AGENCY_ROADS"
#define SENT   "crew of a patrol that is sent to it"

/* One character a report: - nothing, p what anyone sees, a all. In order: public of a crime, of an
 * issue; private of a crime, of an issue; anonymous of a crime, of an issue. */
struct onlooker {
    const char *name;
    enum role role; /* ANYONE: without a token */
    const char *agency;
    bool author;
    const char *sees, *sees_withdrawn;
    bool has_case;   /* it is a case of theirs */
    bool reads_case; /* it was one */
};

static const struct onlooker onlookers[] = {
    {"nobody", ANYONE, NULL, false, "pp----", "------", false, false},
    {"citizen", CITIZEN, NULL, false, "pp----", "------", false, false},
    {"author", CITIZEN, NULL, true, "aaaaaa", "aaaaaa", false, false},
    {"officer", OFFICER, OWNER, false, "aaaaaa", "aaaaaa", true, false},
    {"officer who wrote it", OFFICER, OWNER, true, "aaaaaa", "aaaaaa", true, false},
    {"supervisor", SUPERVISOR, OWNER, false, "aaaaaa", "aaaaaa", true, false},
    {"officer of the later agency", OFFICER, LATER, false, "pp----", "------", false, false},
    {"supervisor of the later agency", SUPERVISOR, LATER, false, "pp----", "------", false, false},
    {"officer of another agency", OFFICER, OTHER, false, "pp----", "------", false, false},
    {"supervisor of another agency", SUPERVISOR, OTHER, false, "pp----", "------", false, false},
    {"officer of another agency who wrote it", OFFICER, OTHER, true, "aaaaaa", "aaaaaa", false,
     false},
    {"officer of the former agency", OFFICER, FORMER, false, "aaaaaa", "aaaaaa", false, true},
    {"supervisor of the former agency", SUPERVISOR, FORMER, false, "aaaaaa", "aaaaaa", false, true},
    {"patrol of the former agency", PATROL, FORMER, false, "pp----", "------", false, false},
    {"officer without agency", OFFICER, NULL, false, "pp----", "------", false, false},
    {"patrol", PATROL, NULL, false, "pp----", "------", false, false},
    {"patrol of the agency", PATROL, OWNER, false, "pp----", "------", false, false},
    {"patrol who wrote it", PATROL, OTHER, true, "aaaaaa", "aaaaaa", false, false},
    {SENT, PATROL, OTHER, false, "ppaaaa", "------", false, false},
    {"dispatcher", DISPATCHER, NULL, false, "aaa-a-", "------", false, false},
    {"dispatcher of the agency", DISPATCHER, OWNER, false, "aaa-a-", "------", false, false},
    {"dispatcher of another agency", DISPATCHER, OTHER, false, "aaa-a-", "------", false, false},
    {"dispatcher who wrote it", DISPATCHER, NULL, true, "aaaaaa", "aaaaaa", false, false},
    {"admin", ADMIN, NULL, false, "aaaaaa", "aaaaaa", true, false},
    {"admin who wrote it", ADMIN, NULL, true, "aaaaaa", "aaaaaa", true, false},
};
enum { ONLOOKERS = sizeof(onlookers) / sizeof(onlookers[0]) };

/* What the report was filed under; the last is an event of before kinds were kept, an issue. */
static const char *const filed_kinds[] = {"crime", "issue", NULL};
enum { FILED_KINDS = 3 };

static inline char seen_by(const struct onlooker *o, int visibility, int kind, int status)
{
    int column = visibility * 2 + (kind == 0 ? 0 : 1);
    return (status == WITHDRAWN ? o->sees_withdrawn : o->sees)[column];
}
