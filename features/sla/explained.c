/* explained.c -- see explained.h: what is told, and the words for it. */
#include "features/sla/explained.h"

#include "features/calendar/definition.h"

#include "base/banned.h"

#define SECOND_US INT64_C(1000000)

/* ---- the record ---- */

static void read_policies(const struct shape_list *rows, struct arena *a, struct sla_catalog *out)
{
    struct policy *policies = arena_array(a, (size_t)rows->count + 1, sizeof(*policies));
    for (int i = 0; i < rows->count; i++) {
        const struct PolicyVersion *row = list_item(rows, &PolicyVersion_shape, i);
        policies[i] = (struct policy){row->version, *row->data};
    }
    out->policies = policies;
    out->policy_count = rows->count;
}

static void read_calendars(const struct shape_list *rows, struct arena *a, struct sla_catalog *out)
{
    struct sla_calendar *calendars = arena_array(a, (size_t)rows->count + 1, sizeof(*calendars));
    for (int i = 0; i < rows->count; i++) {
        const struct CalendarVersion *row = list_item(rows, &CalendarVersion_shape, i);
        calendars[i] = (struct sla_calendar){.id = row->data->calendar_id, .version = row->version};
        working_time_of(row->data, a, &calendars[i].time);
    }
    out->calendars = calendars;
    out->calendar_count = rows->count;
}

static enum text_language language_of(const char *tag)
{
    int i = 0;
    while (i < LANGUAGES && !text_equal(language_tags[i], tag))
        i++;
    return i < LANGUAGES ? (enum text_language)i : ENGLISH;
}

fallible explained_read(const char *record, struct arena *a, struct explained_report *out)
{
    struct explained_report r = {.count = 0};
    if (shape_read_stored(&ClockRecord_shape, record, a, &r.record, NULL))
        return INTERNAL;
    read_policies(r.record.policies, a, &r.catalog);
    read_calendars(r.record.calendars, a, &r.catalog);
    r.language = language_of(r.record.language);
    r.count = report_clocks_fold(r.record.report, &r.catalog, a, &r.clocks);
    *out = r;
    return NULL;
}

void explained_clock_read(const struct explained_report *r, int i, struct arena *a,
                          struct explained_clock *out)
{
    const struct sla_clock *c = &r->clocks[i];
    *out = (struct explained_clock){.clock = c, .now = clock_read(c, r->record.now)};
    out->event_count =
        report_clocks_events(r->record.report, &r->catalog, c->name, a, &out->events);
    out->interval_count =
        clock_explain(out->events, out->event_count, r->record.now, a, &out->intervals);
}

/* ---- facts ---- */

const char *clock_state_word(const struct sla_clock *c)
{
    static const char *const ended[] = {"running", "met", "late", "dropped"};
    return !c->ended_at && c->paused ? "paused" : ended[c->ended_as];
}

int64_t explained_fired_at(const struct explained_clock *c, const char *level)
{
    for (int i = 0; i < c->event_count; i++)
        if (c->events[i].kind == CLOCK_FIRED && text_equal(c->events[i].name, level))
            return c->events[i].at;
    return 0;
}

/* ---- words ---- */

#define CLOCK_TEXT(NAME, ...) NAME,
enum clock_text_name {
#include "features/sla/explain_texts.def"
    CLOCK_TEXTS
};
#undef CLOCK_TEXT

#define CLOCK_TEXT(NAME, ...) [NAME] = {__VA_ARGS__},
static const char *const texts[CLOCK_TEXTS][LANGUAGES] = {
#include "features/sla/explain_texts.def"
};
#undef CLOCK_TEXT

/* The sentence with `first` and `second` in place of its %s. */
static const char *filled(enum clock_text_name name, enum text_language language, const char *first,
                          const char *second, struct arena *a)
{
    scoped_text out = {0};
    const char *values[] = {first, second};
    const char *s = texts[name][language], *place;
    for (int i = 0; i < 2 && (place = strstr(s, "%s")); i++, s = place + 2) {
        text_append_bytes(&out, s, (size_t)(place - s));
        text_append(&out, values[i]);
    }
    text_append(&out, s);
    return arena_text(a, text_value(&out));
}

const char *amount_text(int64_t us, struct arena *a)
{
    int64_t seconds = us / SECOND_US, hours = seconds / 3600, minutes = seconds / 60 % 60;
    scoped_text out = {0};
    if (hours)
        text_printf(&out, "%lld h ", (long long)hours);
    if (minutes)
        text_printf(&out, "%lld min ", (long long)minutes);
    if (seconds % 60 || !out.length)
        text_printf(&out, "%lld s ", (long long)(seconds % 60));
    return arena_bytes(a, text_value(&out), out.length - 1);
}

static enum clock_text_name state_of(const struct explained_clock *c)
{
    switch (c->clock->ended_as) {
    case CLOCK_MET: return IT_WAS_MET;
    case CLOCK_LATE: return IT_WAS_LATE;
    case CLOCK_DROPPED: return IT_WAS_DROPPED;
    case CLOCK_RUNNING: break;
    }
    return c->clock->paused ? IT_IS_PAUSED : c->now.overdue ? IT_IS_OVERDUE : IT_RUNS;
}

const char *clock_text(const struct explained_clock *c, enum text_language language,
                       struct arena *a)
{
    return filled(state_of(c), language, amount_text(c->now.consumed_us, a),
                  amount_text(c->clock->terms->allotted_us, a), a);
}

static enum clock_text_name reason_of(const struct clock_interval *i)
{
    switch (i->why) {
    case COUNTED: return i->terms->time->hours_count ? WITHIN_HOURS : EVERY_HOUR;
    case BEYOND_HOURS: return BEYOND;
    case BEYOND_BY_HOLIDAY: return HOLIDAY_TEXT;
    case WHILE_PAUSED:
        if (i->reasons == (PAUSED_BY_QUESTION | PAUSED_BY_HOLD))
            return BOTH_PAUSES;
        return i->reasons & PAUSED_BY_HOLD ? CASE_ON_HOLD : QUESTION_OPEN;
    case AFTER_THE_END: return AFTER_END;
    case LEFT_OUT: break;
    }
    return SUMMED_UP;
}

const char *interval_text(const struct clock_interval *i, enum text_language language,
                          struct arena *a)
{
    char digits[INT_TEXT];
    const char *count = int_text(i->left_out, digits);
    return filled(reason_of(i), language,
                  i->why == LEFT_OUT ? count
                  : i->holiday       ? i->holiday
                                     : "",
                  "", a);
}
