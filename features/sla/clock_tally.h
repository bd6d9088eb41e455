/* clock_tally.h -- as what clocks count in the summary, GET /sla/summary, and how long the ended
 * ones took. Pure. Amounts are microseconds. */
#pragma once

#include "features/sla/clock.h"

struct clock_cell {
    bool ended;
    bool breached; /* ended late; not ended: overdue */
    bool warned;   /* not breached, and a level of number 0 has fired */
    int step;      /* ended: of what it consumed; else 0 */
};
/* `now`: when something last happened to its report. A level that comes when the clock is due is
 * such an event; without one it is not known to be overdue before something else happens. False: it
 * was dropped and counts as nothing. */
bool clock_cell_of(const struct sla_clock *c, int64_t now, struct clock_cell *out);

/* Step 0 is less than a second; from there on each doubling is 16 steps. The last one is all that
 * is longer than 34 years (2^30 s). */
enum { TIME_STEPS = 1 + 16 * 30 };
int time_step(int64_t us);
/* The middle of the step, at most 1/32 off what it has, or a second at step 0. */
int64_t time_of_step(int step);

/* Counts of clocks. Those of other clocks may be added to it, and in any order. Zeroed: of none. */
struct clock_tally {
    int64_t open, ended, warned, met, breached;
    int32_t times[TIME_STEPS]; /* ended ones, by step */
};
/* `by` is 1, or -1: it no longer counts. False, and nothing is changed: there was none to take
 * away.
 */
bool clock_tally_add(struct clock_tally *t, const struct clock_cell *cell, int by);
/* The least time, as time_of_step has it, in which so many tenths of the ended clocks ended; -1:
 * none has ended. */
int64_t clock_tally_time(const struct clock_tally *t, int tenths);
