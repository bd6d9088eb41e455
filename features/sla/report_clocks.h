/* report_clocks.h -- the clocks of one report: which there are, what its events do to them, and
 * what comes next. Pure: the same events, in the order of the log, and the same versions of
 * policies and calendars give the same clocks, whoever asks and whenever.
 *
 * What is kept of a report is a struct ReportClocks (shapes.def), whose `entries` are the events of
 * its clocks: the clocks are folded from them whenever they are asked for, so that what fires and
 * what explains it never differ. Members and entries live in the arena they were applied with. */
#pragma once

#include "events/event.h"
#include "features/sla/catalog.h"

/* A RESOLVED report is closed by itself after that. */
#define CLOSES_AFTER_US (INT64_C(14) * 24 * 3600 * 1000000)

enum clock_source { FROM_REPORT, FROM_CASE, FROM_SLA }; /* kinds of a report's streams */

struct clock_fact {
    enum clock_source source;
    int64_t version, recorded; /* of the event; us */
    const struct event *event;
};

/* Applies one event of the report's streams; `catalog` as it was at its position. All types change
 * the versions. Zeroed before the first. */
void report_clocks_apply(struct ReportClocks *r, const struct sla_catalog *catalog,
                         const struct clock_fact *fact, struct arena *a);

/* The clocks, in the order in which they started; how many. One whose policy or calendar the
 * catalog lacks is left out. */
int report_clocks_fold(const struct ReportClocks *r, const struct sla_catalog *catalog,
                       struct arena *a, struct sla_clock **out);
/* How many of its clocks have not ended, by kind. */
enum clock_kind { CLOCK_ACKNOWLEDGE, CLOCK_RESOLVE, CLOCK_ANSWER, CLOCK_KINDS };
extern const char *const clock_kind_words[CLOCK_KINDS];
void report_clocks_open(const struct ReportClocks *r, int open[CLOCK_KINDS]);
/* The clock of that name among them; NULL: there is none. */
const struct sla_clock *clock_named(const struct sla_clock *clocks, int count, const char *name);

/* What happened to the clock of that name, from its start on, as clock_explain takes it
 * (explain.h); how many. 0: there is no such clock. */
struct clock_event;
int report_clocks_events(const struct ReportClocks *r, const struct sla_catalog *catalog,
                         const char *clock, struct arena *a, const struct clock_event **out);

/* What is to be done for the report next, and when at the earliest. */
struct clocks_next {
    enum { NEXT_NOTHING, NEXT_POLICY, NEXT_PLAN, NEXT_HOLD_ENDS, NEXT_LEVEL, NEXT_CLOSE } what;
    int64_t at;                    /* us; NEVER: nothing */
    const struct sla_clock *clock; /* of NEXT_LEVEL */
    const struct sla_level *level;
    bool passed; /* it lay behind the clock when it could first come */
};
struct clocks_next report_clocks_next(const struct ReportClocks *r, const struct sla_clock *clocks,
                                      int count);

/* The policy that such a report would have now, and whether that is another one than it has. */
const struct policy *report_clocks_match(const struct ReportClocks *r,
                                         const struct sla_catalog *catalog, struct arena *a);
