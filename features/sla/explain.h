/* explain.h -- why a clock shows what it shows: every interval that counted and every one that did
 * not, from its start until now. Pure. Times and amounts as in clock.h. */
#pragma once

#include "base/arena.h"
#include "features/sla/clock.h"

/* What happened to one clock, as rows: each is a function of clock.h. */
enum clock_event_kind {
    CLOCK_STARTED,
    CLOCK_PAUSED,
    CLOCK_RESUMED,
    CLOCK_ENDED,
    CLOCK_GIVEN_UP, /* clock_drop */
    CLOCK_REOPENED,
    CLOCK_REPOLICIED,
    CLOCK_FIRED
};
struct clock_event {
    enum clock_event_kind kind;
    int64_t at;
    unsigned reasons;              /* PAUSED, RESUMED */
    const struct sla_terms *terms; /* STARTED, REPOLICIED */
    const char *name;              /* STARTED: of the clock; FIRED: of the level */
    const char *why;               /* REPOLICIED: enum plan_reason's word; NULL: not known */
};
void clock_apply(struct sla_clock *c, const struct clock_event *e);

enum { CLOCK_INTERVALS_MAX = 1000 };

enum clock_why {
    COUNTED,           /* within office hours */
    BEYOND_HOURS,      /* out of office hours */
    BEYOND_BY_HOLIDAY, /* hours that a holiday takes away */
    WHILE_PAUSED,
    AFTER_THE_END,
    LEFT_OUT /* the last row, if there were more than CLOCK_INTERVALS_MAX */
};

struct clock_interval {
    int64_t from, to;   /* to is the from of the next; the last one ends now */
    int64_t counted_us; /* to - from if why is COUNTED; LEFT_OUT: the sum; else 0 */
    enum clock_why why;
    unsigned reasons;              /* WHILE_PAUSED: enum clock_pause */
    const char *holiday;           /* BEYOND_BY_HOLIDAY */
    const struct sla_terms *terms; /* in force; LEFT_OUT: at its end */
    int64_t left_out;              /* LEFT_OUT: how many intervals, of which this is the sum */
};

/* The events of one clock in the order of the log, beginning with its start; `now` before the last
 * counts as that one's time. Returns how many intervals *out has, in `a`: two that follow each
 * other differ in why, reasons, holiday or terms, none is empty, and counted_us adds up to what
 * clock_read says was consumed. */
int clock_explain(const struct clock_event *events, int count, int64_t now, struct arena *a,
                  const struct clock_interval **out);
