/* catalog.h -- all versions of policies and calendars that there are at a position of the log, and
 * what a clock runs by. Pure; everything is borrowed. */
#pragma once

#include "features/sla/clock.h"
#include "features/sla/policy.h"

struct sla_calendar {
    const char *id;
    int64_t version;
    struct working_time time;
    const struct CalendarDefined *definition; /* NULL: it is not kept */
};

struct sla_catalog {
    const struct policy *policies; /* by id, then version */
    int policy_count;
    const struct sla_calendar *calendars; /* by id, then version */
    int calendar_count;
    int applied; /* of both: how many versions were applied to open clocks */
};

/* Adds a version of a policy or a calendar, the newest of its id: PolicyDefined or CalendarDefined.
 * It is copied into `a`, as are the rows. */
void catalog_add(struct sla_catalog *c, const struct event *e, int64_t version, struct arena *a);

enum { NEWEST = 0 };
/* Of that version, or the newest; NULL: there is none. */
const struct policy *catalog_policy(const struct sla_catalog *c, const char *id, int64_t version);
const struct sla_calendar *catalog_calendar(const struct sla_catalog *c, const char *id,
                                            int64_t version);

/* The newest version that was applied to open clocks, if that is after `version`; else `version`.
 */
int64_t catalog_applied_policy(const struct sla_catalog *c, const char *id, int64_t version);
int64_t catalog_applied_calendar(const struct sla_catalog *c, const char *id, int64_t version);

/* The policy that the newest versions have for such reports. NULL: none. */
const struct policy *catalog_match(const struct sla_catalog *c, const struct policy_subject *of,
                                   struct arena *a);

/* What the policy says of a clock of that name. NULL: it has none. */
const struct PolicyClock *catalog_clock_of(const struct PolicyDefined *rules, const char *clock);

/* What a clock of that name ("acknowledge", "resolve", "answer:<question>") runs by; calendar
 * version NEWEST at its start. NULL: the policy has no such clock, or one of both is unknown. Lives
 * as long as `a` and the catalog. */
const struct sla_terms *catalog_terms(const struct sla_catalog *c, const char *clock,
                                      const char *policy, int64_t policy_version,
                                      int64_t calendar_version, struct arena *a);
