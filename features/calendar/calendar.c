/* calendar.c -- when an office works, as an admin says it. A calendar is never deleted: what was
 * planned by it names it. */
#include "features/calendar/definition.h"

#include <stdlib.h>

#include "base/shape_copy.h"
#include "base/time.h"
#include "base/banned.h"

enum { MINUTES_A_WEEK = 7 * 1440, YEARS_AHEAD = 10 };

static void calendar_evolve(void *state, const struct event *e, struct arena *a)
{
    struct calendar *calendar = state;
    switch ((enum calendar_event)e->type) {
    case CalendarDefined:
        calendar->defined = true;
        shape_copy(&CalendarDefined_shape, &e->CalendarDefined, a, &calendar->now);
        break;
    }
}

/* All of them were entered by hand. */
static const struct shape_list *holidays_2(struct arena *a, const struct shape_list *from)
{
    struct CalendarHoliday *rows = arena_array(a, (size_t)from->count, sizeof(*rows));
    struct shape_list *list = arena_alloc(a, sizeof(*list));
    for (int i = 0; i < from->count; i++) {
        const struct CalendarHolidayV1 *old = list_item(from, &CalendarHolidayV1_shape, i);
        rows[i] = (struct CalendarHoliday){.date = old->date, .name = old->name};
    }
    *list = (struct shape_list){from->count, rows};
    return list;
}

/* Nothing was applied by it to what was open. */
void calendar_defined_2(struct arena *a, const void *old, void *next)
{
    const struct CalendarDefinedV1 *from = old;
    *(struct CalendarDefined *)next =
        (struct CalendarDefined){.calendar_id = from->calendar_id,
                                 .zone = from->zone,
                                 .hours = from->hours,
                                 .holidays = holidays_2(a, from->holidays),
                                 .zone_changes = from->zone_changes,
                                 .defined_at = from->defined_at};
}

static int64_t year_begins(int year)
{
    char text[TIME_TEXT];
    int64_t us = 0;
    snprintf(text, sizeof(text), "%04d-01-01T00:00:00Z", year % 10000);
    return time_read(text, &us) ? 0 : us;
}

/* The offsets of the zone from the year before to the tenth year after: which rules a zone has is
 * known here and now, and no rule asks for it. None: there is no such zone. */
static const void *calendar_prepare(const struct command *c, struct arena *a)
{
    char now[TIME_TEXT];
    int year = (int)strtol(time_format(c->now, now), NULL, 10), count;
    const struct zone_change *changes;
    if (zone_changes(c->DefineCalendar.zone, year_begins(year - 1),
                     year_begins(year + YEARS_AHEAD + 1), a, &changes, &count))
        return NULL;
    struct CalendarChange *rows = arena_array(a, (size_t)count, sizeof(*rows));
    struct shape_list *list = arena_alloc(a, sizeof(*list));
    for (int i = 0; i < count; i++)
        rows[i] = (struct CalendarChange){changes[i].at, changes[i].offset_s};
    *list = (struct shape_list){count, rows};
    return list;
}

/* ---- what is refused ---- */

/* On the circle of a week: the one may begin in its last days and end in its first. */
static bool is_overlap(const struct work_hours *one, const struct work_hours *other)
{
    int gap = (other->day * 1440 + other->from) - (one->day * 1440 + one->from);
    gap = (gap + MINUTES_A_WEEK) % MINUTES_A_WEEK;
    return gap < one->to - one->from || MINUTES_A_WEEK - gap < other->to - other->from;
}

static fallible check_hours(const struct shape_list *list, struct decision *out)
{
    struct work_hours *hours = arena_array(out->arena, (size_t)list->count, sizeof(*hours));
    for (int i = 0; i < list->count; i++) {
        const char *wrong;
        if (hours_read(list_item(list, &CalendarHours_shape, i), &hours[i], &wrong))
            return refuse(out, BAD_TEXT, arena_printf(out->arena, "hours[%d].%s", i, wrong),
                          "Expected HH:MM, from 00:00 to 23:59.");
        for (int k = 0; k < i; k++)
            if (is_overlap(&hours[k], &hours[i]))
                return refuse(out, HOURS_OVERLAP, arena_printf(out->arena, "hours[%d]", i),
                              arena_printf(out->arena, "They overlap with hours[%d].", k));
    }
    return NULL;
}

static fallible check_holidays(const struct shape_list *list, struct decision *out)
{
    int64_t *days = arena_array(out->arena, (size_t)list->count, sizeof(*days));
    for (int i = 0; i < list->count; i++) {
        const struct CalendarHoliday *row = list_item(list, &CalendarHoliday_shape, i);
        const char *field = arena_printf(out->arena, "holidays[%d].date", i);
        const struct problem *p = date_read(row->date, &days[i]);
        if (p)
            return refuse(out, p, field, "Expected a day as YYYY-MM-DD.");
        for (int k = 0; k < i; k++)
            if (days[k] == days[i])
                return refuse(out, HOLIDAY_TWICE, field,
                              arena_printf(out->arena, "That day is holidays[%d] already.", k));
    }
    return NULL;
}

static fallible check_body(const struct command *c, struct decision *out)
{
    if (!is_word(c->target))
        return refuse(out, NO_SUCH_ITEM, "id", "An id is 1 to 64 of a-z, 0-9, - and _.");
    if (!c->prepared)
        return refuse(out, NO_SUCH_ZONE, "zone", "Expected a name such as Asia/Jakarta, or UTC.");
    TRY(check_hours(c->DefineCalendar.hours, out));
    return check_holidays(c->DefineCalendar.holidays, out);
}

/* ---- what is new ---- */

static int compare_hours(const void *one, const void *other)
{
    const struct CalendarHours *a = one, *b = other;
    int days = word_index(weekday_words, a->day) - word_index(weekday_words, b->day);
    return days ? days : strcmp(a->from, b->from);
}

static int compare_holidays(const void *one, const void *other)
{
    return strcmp(((const struct CalendarHoliday *)one)->date,
                  ((const struct CalendarHoliday *)other)->date);
}

/* The order of hours and holidays means nothing. */
static const struct shape_list *sorted(const struct shape *of, const struct shape_list *list,
                                       int (*compare)(const void *, const void *), struct arena *a)
{
    struct shape_list *copy = arena_alloc(a, sizeof(*copy));
    void *rows = arena_array(a, (size_t)list->count, of->size);
    if (list->count) {
        memcpy(rows, list->at, (size_t)list->count * of->size);
        qsort(rows, (size_t)list->count, of->size, compare);
    }
    *copy = (struct shape_list){list->count, rows};
    return copy;
}

/* Are the offsets the same from the first one of `now` on? What has passed by since means nothing.
 */
static bool are_same_changes(const struct shape_list *was, const struct shape_list *now)
{
    const struct CalendarChange *old = was->at, *new = now->at;
    int passed = 0;
    while (passed + 1 < was->count && old[passed + 1].at <= new[0].at)
        passed++;
    bool same = was->count - passed == now->count && old[passed].offset_s == new[0].offset_s;
    for (int i = 1; same && i < now->count; i++)
        same = old[passed + i].at == new[i].at &&old[passed + i].offset_s == new[i].offset_s;
    return same;
}

static bool is_already(const struct calendar *calendar, const struct CalendarDefined *next)
{
    struct CalendarDefined as_then = *next;
    if (!calendar->defined || !are_same_changes(calendar->now.zone_changes, next->zone_changes))
        return false;
    as_then.zone_changes = calendar->now.zone_changes;
    as_then.defined_at = calendar->now.defined_at;
    if (!next->apply)
        as_then.apply = calendar->now.apply; /* what was applied stays so */
    return shape_equal(&CalendarDefined_shape, &calendar->now, &as_then);
}

/* The system writes its first calendars at every start: what an admin has changed since stays, and
 * new rules of a zone wait until an admin asks for them. */
static fallible calendar_decide(const void *state, const struct command *c, struct decision *out)
{
    const struct calendar *calendar = state;
    const struct DefineCalendar *d = &c->DefineCalendar;
    char stream[STREAM_TEXT];
    TRY(check_body(c, out));
    TRY(check_version(c, out));
    struct event e =
        EVENT(CalendarDefined, .calendar_id = c->target, .zone = d->zone,
              .hours = sorted(&CalendarHours_shape, d->hours, compare_hours, out->arena),
              .holidays = sorted(&CalendarHoliday_shape, d->holidays, compare_holidays, out->arena),
              .zone_changes = c->prepared, .defined_at = c->now, .apply = d->apply);
    stream_of_calendar(c->target, stream);
    if (!is_already(calendar, &e.CalendarDefined) &&
        !(c->actor.role == SYSTEM && calendar->defined))
        emit(out, stream, "sla", e);
    answer(out, "calendar_id", c->target);
    return NULL;
}

PREPARING_DECIDER(calendar);
