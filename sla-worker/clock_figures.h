/* clock_figures.h -- what operators see of the clocks, in metrics and in /ready: which are
 * open, what comes next, and what this worker has done. One thread. */
#pragma once

#include "platform/postgres/postgres.h"
#include "sla-worker/due_commands.h"

enum { LEVEL_NUMBERS = 100 }; /* 0..99, as policies may give them */

/* Zeroed before the first use. */
struct clock_figures {
    int64_t read_at; /* monotonic; 0: never */
    int64_t fired[LEVEL_NUMBERS];
    int64_t latest_us; /* of all that was done */
};

/* Counts what was done. */
void clock_figures_count(struct clock_figures *f, const struct due_command *d);
/* Shows them as the figures of `dependency`, every two seconds; else it does nothing. It asks the
 * view `sla` for an entry of an index and three rows, however many clocks there are. As pg_call. */
fallible clock_figures_show(struct clock_figures *f, struct pg *views, const char *dependency);
