/* applied.h -- which open clocks go on by newer versions of their policy or calendar, for an admin
 * has applied those to what is open. Pure. */
#pragma once

#include "features/sla/report_clocks.h"

/* One clock and what it goes on by. */
struct applied_plan {
    const char *clock, *policy;
    int64_t policy_version;
    const char *calendar; /* NULL: its policy has no such clock any more, it ends */
    int64_t calendar_version;
    const char *reason; /* "policy", or "calendar" if the policy says the same as before */
};

/* The first of the report's open clocks, paused ones too, that goes on by another plan. False: none
 * does, also if newer versions say the same as the ones it has. Texts are borrowed from both.
 *
 * A calendar that the policy does not change keeps its version unless a newer one was applied. */
bool report_clocks_applied(const struct ReportClocks *r, const struct sla_catalog *catalog,
                           struct applied_plan *out);

/* Appends what the report's open clocks run by, nothing if none is open: of two reports with the
 * same text either both have a clock that goes on by another plan, or none has. */
struct text;
void append_open_plans(const struct ReportClocks *r, struct text *out);
