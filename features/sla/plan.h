/* plan.h -- by which plans the clocks of one report have gone on, folded from sla-<report>. The
 * first plan of a clock stands in no event: it follows from the policies and calendars in force
 * when the report was filed. */
#pragma once

#include "events/decision.h"

/* The newest plan of one clock. Texts live as long as the state. */
struct sla_plan {
    const char *clock;             /* "resolve", "acknowledge", "answer:<question>" */
    const char *policy, *calendar; /* calendar NULL: the clock has ended, its policy has none */
    int64_t policy_version, calendar_version;
    int64_t consumed_us;
    int64_t due_at; /* us; 0: it was paused, or is never due */
    int64_t at;     /* us; since when */
    struct sla_plan *other;
};

struct sla {
    struct sla_plan *plans; /* one a clock */
};

/* NULL: the first plan holds. */
const struct sla_plan *plan_of(const struct sla *s, const char *clock);

void stream_of_sla(const char *report_id, char out[STREAM_TEXT]);
