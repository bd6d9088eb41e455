/* clock_view.h -- the view `sla`: what is kept of every report for its clocks, and when something
 * is to be done for it. A fold (view_engine/fold.h) of its own home, lane `clocks`, which
 * sla-worker keeps.
 *
 * Tables: report_clocks, a row a report; clock_counts and open_clocks, see their headers;
 * policy_version and calendar_version, all that were ever defined, in the schema versions of now:
 * who raises one of these raises `.revision` below, and the view is filled anew. `state` is a
 * struct ReportClocks as JSON, from which the clocks are folded; the other columns are for queries.
 *
 * plans tells what its open clocks run by, as a digest: append_open_plans of
 * features/sla/applied.h.
 *
 * due_order, of the clock resolve, ascending: it runs: when it is due (us); it runs and is never
 * due; it is paused: those first of which least remains (us, negative: overdue); it has ended, or
 * there is none: the one filed last first. */
#pragma once

#include "view_engine/fold.h"

#define CLOCKS_HOME "clocks"

/* Parts of due_order, as queries know them: 2 * 10^18, 4 * 10^18 + remaining, 9 * 10^18 - filed. */
#define NEVER_DUE_ORDER INT64_C(2000000000000000000)
#define PAUSED_ORDER    INT64_C(4000000000000000000)
#define ENDED_ORDER     INT64_C(9000000000000000000)

extern const char clock_view_tables[];
extern const char *const clock_view_types[];
/* `context`: a struct clock_catalog of the one thread that keeps or rebuilds the view. */
const struct problem *clock_view_apply(void *context, struct pg *db,
                                       const struct batch_event *const *events, int count);
extern struct clock_catalog clock_view_catalog;

/* Its row of view_folds. */
#define CLOCK_VIEW                                                                              \
    {                                                                                           \
        .name = "sla", .tables = clock_view_tables, .types = clock_view_types, .revision = "4", \
        .apply = clock_view_apply, .context = &clock_view_catalog, .home = CLOCKS_HOME          \
    }
