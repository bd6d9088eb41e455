/* calendar.h -- the time in which an office works, counted by the clocks on its walls. Pure: zone
 * and holidays are rows that the caller has. All times are us since 1970 UTC.
 *
 * An instant counts if a clock on the wall then shows a time within the hours of that day, or
 * within those of the day before that reach over midnight. Hours belong to the day on which they
 * begin, and those that begin on a holiday do not count. So both count of an hour that comes twice,
 * and one that the clocks leave out does not. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/zone.h"

struct work_hours {
    int day;      /* 0 is Monday */
    int from, to; /* minutes since midnight, from < to <= 2880; over 1440: until the next day */
};

struct holiday {
    int64_t day; /* since 1970-01-01, of the local calendar */
    const char *name;
};

/* Of one version of a calendar; everything is borrowed. */
struct working_time {
    const struct zone_change *changes; /* rising; the last offset holds on, the first one before */
    int change_count;                  /* 0: UTC */
    const struct work_hours *hours;    /* any order; what overlaps counts once */
    int hours_count;                   /* 0: round the clock, every instant counts, holidays too */
    const struct holiday *holidays;    /* rising by day */
    int holiday_count;
};

/* How much of the time from `from` until before `to` counts, in us; 0 if to <= from. A year takes
 * some 0.1 ms, round the clock nothing. */
int64_t working_between(const struct working_time *w, int64_t from, int64_t to);

#define NEVER INT64_MAX

/* The first instant at which `amount` us have counted since `from`: `from` itself for none. NEVER:
 * not within 11 years (of 366 days). */
int64_t working_until(const struct working_time *w, int64_t from, int64_t amount);

struct working_span {
    int64_t from, to;
    bool counts;
    enum {
        OFFICE_HOURS, /* and nothing else counts */
        OUT_OF_HOURS,
        ON_HOLIDAY, /* a day of it, and the hours of one that would reach into the next day */
    } why;
    const char *holiday; /* its name, borrowed; NULL: on none */
};

/* The longest span from `from` on that is of one kind, and of one holiday, cut at `to`. False:
 * there is none, to <= from. */
bool working_span_at(const struct working_time *w, int64_t from, int64_t to,
                     struct working_span *out);
