/* ical.c -- iCalendar read by libical, which knows the form and the rules of recurrence. What
 * belongs to which day is said here: libical counts in instants. */
#include "ctl/ical.h"

#include <libical/ical.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/banned.h"

/* Recurrences of one event that are read: ten years have 3653 days, and rules begin long ago. */
enum { RECURRENCES_MAX = 100000 };

struct day_row {
    int64_t day;
    const char *name;
    int order;
};

struct reading {
    int64_t from, to;
    struct arena *arena;
    icalcomponent **events;
    int event_count, event_size;
    struct day_row *rows;
    int count, size;
    const char *why; /* NULL: nothing is wrong */
};

/* Room for one more element behind `count`. */
static void *grown(struct arena *a, void *at, int count, int *size, size_t element)
{
    if (count < *size)
        return at;
    *size = *size * 2 + 64;
    void *more = arena_array(a, (size_t)*size, element);
    if (count)
        memcpy(more, at, (size_t)count * element);
    return more;
}

static int64_t day_number(struct icaltimetype t)
{
    struct icaltimetype midnight = icaltime_null_date();
    midnight.year = t.year;
    midnight.month = t.month;
    midnight.day = t.day;
    return icaltime_as_timet(midnight) / 86400;
}

/* ---- one event ---- */

struct ical_event {
    icalcomponent *component;
    int64_t start, length; /* days; at least 1 long */
    const char *name;
    int64_t *excluded; /* days on which none begins though a rule says so */
    int excluded_count;
};

/* All of a kind at once: libical has one place per component, which every search moves. */
static icalproperty **properties_of(const struct reading *r, icalcomponent *c,
                                    icalproperty_kind kind, int *count)
{
    int size = icalcomponent_count_properties(c, kind);
    icalproperty **all = arena_array(r->arena, (size_t)size, sizeof(icalproperty *));
    *count = 0;
    for (icalproperty *p = icalcomponent_get_first_property(c, kind); p && *count < size;
         p = icalcomponent_get_next_property(c, kind))
        all[(*count)++] = p;
    return all;
}

/* As a calendar takes it: at most so many characters, none that controls. NULL: no UTF-8. */
static const char *shown_name(struct arena *a, const char *summary)
{
    char *name = arena_bytes(a, summary, strlen(summary));
    size_t end = 0;
    for (char *c = name; *c; c++)
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c;
    if (text_characters(name, strlen(name)) < 0)
        return NULL;
    for (int i = 0; name[end] && i < ICAL_NAME_MAX; i++) {
        uint32_t character;
        end += text_character(name + end, strlen(name + end), &character);
    }
    name[end] = '\0';
    return text_is_blank(name) ? "Holiday" : name;
}

/* An end is exclusive: an event until midnight does not last the day that begins then. */
static int64_t length_of(icalcomponent *component, struct icaltimetype start)
{
    struct icaltimetype end = icalcomponent_get_dtend(component);
    if (icaltime_is_null_time(end))
        return 1;
    bool midnight = end.is_date || (!end.hour && !end.minute && !end.second);
    int64_t length = day_number(end) - day_number(start) + !midnight;
    return length > 1 ? length : 1;
}

/* libical leaves out a line that it does not understand, and says so by a property. */
static bool has_bad_line(const struct reading *r, icalcomponent *component)
{
    static const char *const lines[] = {"DTSTART", "DTEND",  "DURATION",     "RRULE",
                                        "RDATE",   "EXDATE", "RECURRENCE-ID"};
    int count;
    icalproperty **errors = properties_of(r, component, ICAL_XLICERROR_PROPERTY, &count);
    for (int i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++) {
            const char *text = icalproperty_get_xlicerror(errors[i]);
            if (text && strstr(text, lines[k]))
                return true;
        }
    return false;
}

/* Single instances that are told by an event of their own stand in no rule. */
static void add_replaced(struct reading *r, struct ical_event *e, int *size)
{
    const char *uid = icalcomponent_get_uid(e->component);
    for (int i = 0; uid && i < r->event_count; i++) {
        struct icaltimetype replaced = icalcomponent_get_recurrenceid(r->events[i]);
        if (icaltime_is_null_time(replaced) ||
            !text_equal(icalcomponent_get_uid(r->events[i]), uid))
            continue;
        e->excluded = grown(r->arena, e->excluded, e->excluded_count, size, sizeof(int64_t));
        e->excluded[e->excluded_count++] = day_number(replaced);
    }
}

static void add_excluded(struct reading *r, struct ical_event *e)
{
    int count, size = 0;
    icalproperty **dates = properties_of(r, e->component, ICAL_EXDATE_PROPERTY, &count);
    if (!icaltime_is_null_time(icalcomponent_get_recurrenceid(e->component)))
        return;
    for (int i = 0; i < count; i++) {
        e->excluded = grown(r->arena, e->excluded, e->excluded_count, &size, sizeof(int64_t));
        e->excluded[e->excluded_count++] = day_number(icalproperty_get_exdate(dates[i]));
    }
    add_replaced(r, e, &size);
}

/* The days of the event if it begins on `start`, as far as they are asked for. */
static void add_days(struct reading *r, const struct ical_event *e, int64_t start)
{
    int64_t first = start > r->from ? start : r->from;
    int64_t end = start + e->length < r->to ? start + e->length : r->to;
    for (int i = 0; i < e->excluded_count; i++)
        if (e->excluded[i] == start)
            return;
    for (int64_t day = first; day < end; day++) {
        r->rows = grown(r->arena, r->rows, r->count, &r->size, sizeof(*r->rows));
        r->rows[r->count] = (struct day_row){day, e->name, r->count};
        r->count++;
    }
}

static void add_rule(struct reading *r, const struct ical_event *e, icalproperty *rule)
{
    struct icaltimetype start = icalcomponent_get_dtstart(e->component);
    icalrecur_iterator *i = icalrecur_iterator_new(icalproperty_get_rrule(rule), start);
    int steps = 0;
    if (!i) {
        r->why = "It has an event whose rule of recurrence is not understood.";
        return;
    }
    for (struct icaltimetype t; !icaltime_is_null_time(t = icalrecur_iterator_next(i)); steps++) {
        if (day_number(t) >= r->to || steps == RECURRENCES_MAX)
            break;
        add_days(r, e, day_number(t));
    }
    icalrecur_iterator_free(i);
    if (steps == RECURRENCES_MAX)
        r->why = "It has an event that recurs too often.";
}

static void add_recurrences(struct reading *r, const struct ical_event *e)
{
    int rules, dates;
    icalproperty **rule = properties_of(r, e->component, ICAL_RRULE_PROPERTY, &rules);
    icalproperty **date = properties_of(r, e->component, ICAL_RDATE_PROPERTY, &dates);
    add_days(r, e, e->start);
    for (int i = 0; i < dates; i++) {
        struct icaldatetimeperiodtype given = icalproperty_get_rdate(date[i]);
        bool period = icaltime_is_null_time(given.time);
        add_days(r, e, day_number(period ? given.period.start : given.time));
    }
    for (int i = 0; i < rules && !r->why; i++)
        add_rule(r, e, rule[i]);
}

static void add_event(struct reading *r, icalcomponent *component)
{
    const char *summary = icalcomponent_get_summary(component);
    struct icaltimetype start = icalcomponent_get_dtstart(component);
    if (icalcomponent_get_status(component) == ICAL_STATUS_CANCELLED)
        return;
    struct ical_event e = {.component = component,
                           .name = shown_name(r->arena, summary ? summary : "")};
    if (has_bad_line(r, component))
        r->why = "It has an event with a time or a rule that is not understood.";
    else if (icaltime_is_null_time(start))
        r->why = "It has an event without a start.";
    else if (!e.name)
        r->why = "It has an event whose name is not UTF-8.";
    if (r->why)
        return;
    e.start = day_number(start);
    e.length = length_of(component, start);
    add_excluded(r, &e);
    add_recurrences(r, &e);
}

/* ---- all of them ---- */

static void add_events_of(struct reading *r, icalcomponent *calendar)
{
    for (icalcomponent *c = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT); c;
         c = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT)) {
        r->events =
            grown(r->arena, r->events, r->event_count, &r->event_size, sizeof(icalcomponent *));
        r->events[r->event_count++] = c;
    }
}

/* One calendar, or several in a row. */
static void read_calendars(struct reading *r, icalcomponent *root)
{
    bool several = root && icalcomponent_isa(root) == ICAL_XROOT_COMPONENT;
    if (root && icalcomponent_isa(root) == ICAL_VCALENDAR_COMPONENT)
        add_events_of(r, root);
    else if (!several || !icalcomponent_count_components(root, ICAL_VCALENDAR_COMPONENT))
        r->why = "It is no iCalendar file.";
    for (icalcomponent *c =
             several ? icalcomponent_get_first_component(root, ICAL_VCALENDAR_COMPONENT) : NULL;
         c; c = icalcomponent_get_next_component(root, ICAL_VCALENDAR_COMPONENT))
        add_events_of(r, c);
    for (int i = 0; i < r->event_count && !r->why; i++)
        add_event(r, r->events[i]);
}

static int compare_day_rows(const void *one, const void *other)
{
    const struct day_row *a = one, *b = other;
    return a->day != b->day ? (a->day > b->day) - (a->day < b->day) : a->order - b->order;
}

/* A name that the day does not have is added as far as there is room. */
static const char *joined(struct arena *a, const char *names, const char *name)
{
    const char *both = arena_join(a, names, " / ", name);
    if (strstr(arena_join(a, " / ", names, " / "), arena_join(a, " / ", name, " / ")))
        return names;
    return text_characters(both, strlen(both)) <= ICAL_NAME_MAX ? both : names;
}

static struct ical_days merge(const struct reading *r)
{
    struct ical_days days = {0, arena_array(r->arena, (size_t)r->count, sizeof(*days.at))};
    if (r->count)
        qsort(r->rows, (size_t)r->count, sizeof(*r->rows), compare_day_rows);
    for (int i = 0; i < r->count; i++) {
        struct ical_day *last = days.count ? &days.at[days.count - 1] : NULL;
        if (last && last->day == r->rows[i].day)
            last->name = joined(r->arena, last->name, r->rows[i].name);
        else
            days.at[days.count++] = (struct ical_day){r->rows[i].day, r->rows[i].name};
    }
    return days;
}

bool ical_days(const char *text, int64_t from, int64_t to, struct arena *a, struct ical_days *out,
               const char **why)
{
    struct reading r = {.from = from, .to = to, .arena = a};
    icalerror_set_errors_are_fatal(false);
    icalcomponent *root = icalparser_parse_string(text);
    read_calendars(&r, root);
    if (root)
        icalcomponent_free(root);
    icalmemory_free_ring();
    if (r.why)
        *why = r.why;
    else
        *out = merge(&r);
    return !r.why;
}
