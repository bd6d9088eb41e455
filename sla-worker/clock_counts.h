/* clock_counts.h -- the table clock_counts of the view `sla` (clock_view.h): how many clocks of the
 * reports that an agency owns, of one category, count as what, and how long they took
 * (features/sla/clock_tally.h); a row for all of these reports, one for the public ones alone. Each
 * change of a report takes its clocks out of some rows and puts them into others, so the rows do
 * not depend on how the log is cut into batches; one without clocks is deleted.
 *
 * Counted are the clocks `acknowledge` and `resolve`; `answer` is not, for who may read of
 * questions is not who may read the report. What is merged into another report does not count. */
#pragma once

#include "features/sla/clock_tally.h"
#include "features/sla/report_clocks.h"
#include "platform/postgres/columns.h"

/* `reports`: "all" or "public". `times`: pairs of a step and how many ended in it, the steps in
 * order and none of 0. median_us and p90_us follow from it. */
#define CLOCK_COUNTS_TABLE                                                                      \
    "CREATE TABLE clock_counts (owner_agency text COLLATE \"C\", category text COLLATE \"C\", " \
    "clock text COLLATE \"C\", reports text COLLATE \"C\", open bigint NOT NULL, "              \
    "ended bigint NOT NULL, warned bigint NOT NULL, met bigint NOT NULL, "                      \
    "breached bigint NOT NULL, median_us bigint, p90_us bigint, times int[] NOT NULL, "         \
    "PRIMARY KEY (owner_agency, category, clock, reports)) WITH (fillfactor = 70);"

/* Who is shown a report in lists and counts: "ALL", "AGENCY" alone, or NULL: it is merged and in
 * none. A withdrawn one is shown to its agency. */
const char *clocks_shown_to(const struct ReportClocks *r);

struct counted_clock {
    const char *owner_agency, *category, *clock; /* borrowed from the report */
    bool is_public;
    struct clock_cell cell;
};
enum { COUNTED_CLOCKS = 2 };
struct counted_clocks { /* of one report; zeroed: none */
    struct counted_clock at[COUNTED_CLOCKS];
    int count;
};
/* Of the clocks that report_clocks_fold has given. */
void count_clocks(const struct ReportClocks *r, const struct sla_clock *clocks, int count,
                  struct counted_clocks *out);

struct clock_changes { /* of one batch */
    struct clock_change *at;
    int count, max;
    struct arena *arena;
};
/* Of up to `reports` reports. It lives in `a`. */
void clock_changes_begin(struct clock_changes *c, int reports, struct arena *a);
/* What one report counted as before the batch, and does now; both live as long as `c`. */
void clock_changes_add(struct clock_changes *c, const struct counted_clocks *before,
                       const struct counted_clocks *now);
/* Writes them to the table of search_path. As pg_call. A clock that a row lacks is not taken away,
 * which is logged. */
fallible clock_changes_store(struct clock_changes *c, struct pg *db);
