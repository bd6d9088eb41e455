/* holidays.c -- citywatchctl sla import-holidays: what an iCalendar file names, as the holidays of
 * a calendar. It changes nothing: the body it prints is for PUT /sla/calendars/{id}. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/members.h"
#include "base/text.h"
#include "base/time.h"
#include "base/zone.h"
#include "ctl/ical.h"
#include "ctl/rules_file.h"
#include "ctl/sla.h"
#include "events/command.h"
#include "features/calendar/definition.h"
#include "base/banned.h"

enum { YEARS_MAX = 10 };
#define DAY_US (INT64_C(86400) * 1000000)

static int64_t day_of_year(int year)
{
    char text[TIME_TEXT];
    int64_t us = 0;
    snprintf(text, sizeof(text), "%04d-01-01T00:00:00Z", year % 10000);
    return time_read(text, &us) ? 0 : us / DAY_US;
}

static const char *date_text(struct arena *a, int64_t day)
{
    char text[TIME_TEXT];
    return arena_bytes(a, time_format(day * DAY_US, text), 10);
}

/* From this year on, and so many years further. False after a sentence. */
static bool read_ical(const char *path, int years, struct arena *a, struct ical_days *out)
{
    char now[TIME_TEXT];
    int year = (int)strtol(time_format(time_now(), now), NULL, 10);
    const char *text = read_whole_file(path, a), *why;
    if (!text)
        return false;
    bool ok = ical_days(text, day_of_year(year), day_of_year(year + years + 1), a, out, &why);
    if (!ok)
        failed("%s: %s", path, why);
    return ok;
}

/* ---- what an import brings, and takes back ---- */

struct merging {
    const char *source;
    int64_t tomorrow; /* the first day that has not begun, by the clocks of the calendar */
    struct CalendarHoliday *rows;
    int count;
};

static bool has_date(const struct merging *m, const char *date)
{
    for (int i = 0; i < m->count; i++)
        if (text_equal(m->rows[i].date, date))
            return true;
    return false;
}

/* What has begun may have been counted. */
static bool stays(const struct merging *m, const struct CalendarHoliday *h)
{
    int64_t day;
    return !m->source || !text_equal(h->source, m->source) || date_read(h->date, &day) ||
           day < m->tomorrow;
}

static void keep(struct merging *m, const struct shape_list *holidays)
{
    for (int i = 0; i < holidays->count; i++) {
        const struct CalendarHoliday *h = list_item(holidays, &CalendarHoliday_shape, i);
        if (stays(m, h))
            m->rows[m->count++] = *h;
    }
}

/* Of the zone that the calendar has; of another name it is refused by PUT. */
static int64_t tomorrow_in(const char *zone, struct arena *a)
{
    const struct zone_change *changes;
    int64_t now = time_now(), offset_s = 0;
    int count;
    if (!zone_changes(zone, now - DAY_US, now + DAY_US, a, &changes, &count))
        for (int i = 0; i < count && (!i || changes[i].at <= now); i++)
            offset_s = changes[i].offset_s;
    return (now + offset_s * 1000000) / DAY_US + 1;
}

/* A day that the calendar has otherwise keeps its name. */
static void merge_holidays(struct arena *a, const struct ical_days *days, const char *source,
                           struct DefineCalendar *c)
{
    struct shape_list *list = arena_alloc(a, sizeof(*list));
    struct merging m = {.source = source,
                        .tomorrow = tomorrow_in(c->zone, a),
                        .rows = arena_array(a, (size_t)(c->holidays->count + days->count),
                                            sizeof(struct CalendarHoliday))};
    keep(&m, c->holidays);
    for (int i = 0; i < days->count; i++) {
        const char *date = date_text(a, days->at[i].day);
        if (!has_date(&m, date))
            m.rows[m.count++] = (struct CalendarHoliday){date, days->at[i].name, source};
    }
    *list = (struct shape_list){m.count, m.rows};
    c->holidays = list;
}

/* The body, or its member `holidays` alone; FAILED if no calendar takes so many. */
static int print_body(const struct DefineCalendar *c, bool whole)
{
    scoped_arena a = {0};
    scoped_text json = {0};
    struct DefineCalendar again;
    struct members m;
    struct fault fault = {0};
    shape_write(command_shape(DefineCalendar), c, &json);
    const char *text = text_value(&json);
    if (shape_read(command_shape(DefineCalendar), text, json.length, &a, &again, &fault))
        return failed("%d holidays, of which no calendar takes that many: %s: %s Fewer --years?",
                      c->holidays->count, fault.field, fault.detail ? fault.detail : "");
    if (whole)
        return puts(text) < 0 ? FAILED : DONE;
    const struct member *found = members_read(text, &a, &m) ? members_find(&m, "holidays") : NULL;
    return !found || printf("{\"holidays\":%.*s}\n", (int)found->json.length, found->json.at) < 0
               ? FAILED
               : DONE;
}

static int import_years(const char *ical, const char *calendar, const char *source, int years)
{
    static const struct shape_list none = {0, NULL};
    scoped_arena a = {0};
    struct DefineCalendar c = {.zone = "UTC", .hours = &none, .holidays = &none};
    struct ical_days days;
    if (calendar && !read_definition(calendar, "calendar", command_shape(DefineCalendar), &a, &c))
        return FAILED;
    if (!read_ical(ical, years, &a, &days))
        return FAILED;
    merge_holidays(&a, &days, source, &c);
    return print_body(&c, calendar != NULL);
}

int import_holidays(const char *ical, const char *calendar, const char *source,
                    const char *years_text)
{
    int64_t years = YEARS_MAX;
    if (text_equal(ical, "-") && text_equal(calendar, "-"))
        return wrong_usage("only one of --ical and --calendar can be standard input.");
    if (years_text && (!text_to_int(years_text, &years) || years < 0 || years > YEARS_MAX))
        return wrong_usage("--years is a number from 0 to 10.");
    if (source && !is_word(source))
        return wrong_usage("--source is 1 to 64 of a-z, 0-9, - and _.");
    return import_years(ical, calendar, source, (int)years);
}
