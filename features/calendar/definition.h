/* definition.h -- a calendar as it was defined: the folded state, and what others ask of it. */
#pragma once

#include "events/decision.h"
#include "features/calendar/calendar.h"

struct calendar {
    bool defined;
    struct CalendarDefined now; /* the last definition */
};

void stream_of_calendar(const char *id, char out[STREAM_TEXT]);

/* NO_SUCH_CALENDAR, naming `field`, unless the calendar is defined. May ask for its stream
 * (read_state). */
fallible require_calendar(const char *id, const char *field, struct decision *out);

/* Its working time. Rows live in `a`, the names of holidays are those of `d`. */
void working_time_of(const struct CalendarDefined *d, struct arena *a, struct working_time *out);

/* The times of the row in minutes; BAD_TEXT, *wrong is the member that is no time of HH:MM. */
fallible hours_read(const struct CalendarHours *row, struct work_hours *out, const char **wrong);

/* YYYY-MM-DD as the day since 1970-01-01. BAD_TEXT: another form; OUT_OF_RANGE: no such day. */
fallible date_read(const char *date, int64_t *out);
