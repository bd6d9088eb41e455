/* working.c -- working time, counted piece by piece: within a piece the offset, the local day and
 * what holds there stay the same. There are two to four pieces a day. */
#include "features/calendar/calendar.h"

#include <stdlib.h>

#include "base/banned.h"

static const int64_t MINUTE = 60 * INT64_C(1000000), DAY = 24 * 60 * 60 * INT64_C(1000000);
static const int64_t AHEAD = 11 * 366 * 24 * 60 * 60 * INT64_C(1000000); /* 11 years */
enum { THURSDAY = 3, DAYS_A_WEEK = 7 };                                  /* of 1970-01-01 */

static int64_t floor_div(int64_t n, int64_t by)
{
    return n / by - (n % by < 0);
}

/* The offset that holds at `at`, and in *until when it changes. */
static int64_t offset_at(const struct working_time *w, int64_t at, int64_t *until)
{
    int i = 0;
    while (i + 1 < w->change_count && w->changes[i + 1].at <= at)
        i++;
    *until = i + 1 < w->change_count ? w->changes[i + 1].at : INT64_MAX;
    return w->change_count ? w->changes[i].offset_s * 1000000 : 0;
}

static int compare_days(const void *key, const void *row)
{
    int64_t day = *(const int64_t *)key, other = ((const struct holiday *)row)->day;
    return (day > other) - (day < other);
}

static const struct holiday *holiday_on(const struct working_time *w, int64_t day)
{
    return w->holiday_count ? bsearch(&day, w->holidays, (size_t)w->holiday_count,
                                      sizeof(*w->holidays), compare_days)
                            : NULL;
}

/* What holds at a time of a local day, and until when on that day at least. */
struct piece {
    int64_t time, end; /* us since the day's midnight */
    bool counts;
    const struct holiday *holiday; /* why it does not; NULL: no holiday has to do with it */
};

/* Adds the hours that began `ago` days before the piece's day: 0, or 1 for those over midnight. */
static void add_hours(const struct working_time *w, int64_t day, int ago, struct piece *p)
{
    const struct holiday *holiday = holiday_on(w, day - ago);
    int weekday = (int)(day - ago + THURSDAY - floor_div(day - ago + THURSDAY, DAYS_A_WEEK) * 7);
    if (holiday && !ago)
        p->holiday = holiday;
    for (int i = 0; i < w->hours_count; i++) {
        int64_t from = w->hours[i].from * MINUTE - ago * DAY, to = w->hours[i].to * MINUTE;
        to -= ago * DAY;
        if (w->hours[i].day != weekday || to <= p->time)
            continue;
        if (from > p->time)
            p->end = from < p->end ? from : p->end;
        else {
            p->end = to < p->end ? to : p->end;
            p->counts = p->counts || !holiday;
            if (holiday && !p->holiday)
                p->holiday = holiday;
        }
    }
}

/* The piece that `at` lies in, from `at` on. */
static struct working_span piece_at(const struct working_time *w, int64_t at)
{
    int64_t changes;
    int64_t local = at + offset_at(w, at, &changes);
    int64_t day = floor_div(local, DAY);
    struct piece p = {.time = local - day * DAY, .end = DAY};
    add_hours(w, day, 0, &p);
    add_hours(w, day, 1, &p);
    int64_t end = at + (p.end - p.time);
    return (struct working_span){
        .from = at,
        .to = end < changes ? end : changes,
        .counts = p.counts,
        .why = p.counts    ? OFFICE_HOURS
               : p.holiday ? ON_HOLIDAY
                           : OUT_OF_HOURS,
        .holiday = !p.counts && p.holiday ? p.holiday->name : NULL,
    };
}

int64_t working_between(const struct working_time *w, int64_t from, int64_t to)
{
    int64_t sum = 0;
    if (to <= from)
        return 0;
    if (!w->hours_count)
        return to - from;
    for (int64_t at = from; at < to;) {
        struct working_span s = piece_at(w, at);
        if (s.counts)
            sum += (s.to < to ? s.to : to) - at;
        at = s.to;
    }
    return sum;
}

int64_t working_until(const struct working_time *w, int64_t from, int64_t amount)
{
    if (amount <= 0)
        return from;
    if (!w->hours_count)
        return amount <= AHEAD ? from + amount : NEVER;
    for (int64_t at = from; at - from <= AHEAD;) {
        struct working_span s = piece_at(w, at);
        if (s.counts && s.to - at >= amount)
            return at - from + amount <= AHEAD ? at + amount : NEVER;
        if (s.counts)
            amount -= s.to - at;
        at = s.to;
    }
    return NEVER;
}

bool working_span_at(const struct working_time *w, int64_t from, int64_t to,
                     struct working_span *out)
{
    if (to <= from)
        return false;
    if (!w->hours_count) {
        *out = (struct working_span){from, to, true, OFFICE_HOURS, NULL};
        return true;
    }
    struct working_span all = piece_at(w, from);
    while (all.to < to) {
        struct working_span next = piece_at(w, all.to);
        if (next.why != all.why || next.holiday != all.holiday)
            break;
        all.to = next.to;
    }
    if (all.to > to)
        all.to = to;
    *out = all;
    return true;
}
