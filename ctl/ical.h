/* ical.h -- which days an iCalendar file (RFC 5545) names, as those of holidays: by libical 3. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum { ICAL_NAME_MAX = 100 }; /* characters */

struct ical_day {
    int64_t day;      /* since 1970-01-01 */
    const char *name; /* of what falls on it: "Christmas / A company holiday" */
};

struct ical_days {
    int count;
    struct ical_day *at; /* rising, each day once */
};

/* The days of all events from `from` on and before `to`: those an event lasts, again for each
 * recurrence (RRULE, RDATE) that is not excluded (EXDATE) or replaced (RECURRENCE-ID); none of what
 * is cancelled. A time counts as its day, as it is written: no zone is applied. False, *why says it
 * in a sentence: no iCalendar, an event without a start, one that recurs without an end. What is
 * made lives in `a`. */
bool ical_days(const char *text, int64_t from, int64_t to, struct arena *a, struct ical_days *out,
               const char **why);
