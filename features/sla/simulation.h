/* simulation.h -- the clocks of one report twice: as its events and the rules of that time made
 * them, and as they would have been by other rules. Pure. */
#pragma once

#include "features/sla/report_clocks.h"

/* Zeroed before the first event. */
struct simulated_report {
    struct ReportClocks real, other;
};

/* Applies one event of its streams, in the order of the log; catalogs as they were at its position,
 * `other` with the rules that are tried. Of these clocks another policy begins at once where one is
 * for the report, and what really began (sla.repoliced) means nothing. */
void simulate_event(struct simulated_report *s, const struct sla_catalog *real,
                    const struct sla_catalog *other, const struct clock_fact *fact,
                    struct arena *a);

/* It has used up its time by then, running or ended. NULL: no. */
bool clock_breached(const struct sla_clock *c, int64_t at);
