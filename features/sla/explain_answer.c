/* explain_answer.c -- what explained.h tells as JSON. Amounts are seconds, as exact as the clock.
 */
#include "features/sla/explained.h"

#include "base/time.h"
#include "base/banned.h"

static const char *const why_words[] = {
    [COUNTED] = "counted",     [BEYOND_HOURS] = "out_of_hours", [BEYOND_BY_HOLIDAY] = "holiday",
    [WHILE_PAUSED] = "paused", [AFTER_THE_END] = "ended",       [LEFT_OUT] = "summed_up"};

static void write_text(struct text *out, const char *name, const char *value)
{
    text_printf(out, ",\"%s\":", name);
    text_append_json(out, value);
}

/* 0 and NEVER are null. */
static void write_time(struct text *out, const char *name, int64_t at)
{
    char time[TIME_TEXT];
    write_text(out, name, at && at != NEVER ? time_format(at, time) : NULL);
}

static void write_seconds(struct text *out, const char *name, int64_t us)
{
    int64_t size = us < 0 ? -us : us, rest = size % 1000000;
    text_printf(out, ",\"%s\":%s%lld", name, us < 0 ? "-" : "", (long long)(size / 1000000));
    if (rest)
        text_printf(out, ".%06lld", (long long)rest);
}

/* 0 is null. */
static void write_amount(struct text *out, const char *name, int64_t n)
{
    text_printf(out, ",\"%s\":", name);
    if (n)
        text_append_int(out, n);
    else
        text_append(out, "null");
}

static void write_reasons(struct text *out, const char *name, unsigned reasons)
{
    text_printf(out, ",\"%s\":[%s%s%s]", name, reasons & PAUSED_BY_QUESTION ? "\"question\"" : "",
                reasons == (PAUSED_BY_QUESTION | PAUSED_BY_HOLD) ? "," : "",
                reasons & PAUSED_BY_HOLD ? "\"hold\"" : "");
}

/* ---- parts of a clock ---- */

static void write_terms(struct text *out, const struct clock_event *e)
{
    char time[TIME_TEXT];
    text_printf(out, "{\"since\":\"%s\"", time_format(e->at, time));
    write_text(out, "policy", e->terms->policy);
    text_printf(out, ",\"policy_version\":%lld", (long long)e->terms->policy_version);
    write_text(out, "calendar", e->terms->calendar);
    text_printf(out, ",\"calendar_version\":%lld", (long long)e->terms->calendar_version);
    write_seconds(out, "allotted_seconds", e->terms->allotted_us);
    write_text(out, "reason", e->why);
    text_append_char(out, '}');
}

static void write_all_terms(struct text *out, const struct explained_clock *c)
{
    const char *comma = "";
    text_append(out, ",\"terms\":[");
    for (int i = 0; i < c->event_count; i++)
        if (c->events[i].terms) {
            text_append(out, comma);
            write_terms(out, &c->events[i]);
            comma = ",";
        }
    text_append_char(out, ']');
}

static void write_level(struct text *out, const struct explained_report *r,
                        const struct explained_clock *c, int i)
{
    const struct sla_level *level = &c->clock->terms->levels[i];
    text_append(out, i ? ",{\"name\":" : "{\"name\":");
    text_append_json(out, level->name);
    text_printf(out, ",\"number\":%lld", (long long)level->number);
    write_text(out, "target", level->target);
    write_amount(out, "share_percent", level->share_percent);
    write_amount(out, "after_due_seconds", level->after_due_s);
    text_printf(out, ",\"office_hours\":%s", level->office_hours ? "true" : "false");
    write_time(out, "comes_at", clock_level_at(c->clock, i, r->record.now));
    write_time(out, "fired_at", explained_fired_at(c, level->name));
    text_append_char(out, '}');
}

static bool is_level_of(const struct sla_terms *t, const char *name)
{
    int i = 0;
    while (i < t->level_count && !text_equal(t->levels[i].name, name))
        i++;
    return i < t->level_count;
}

/* What fired under earlier terms and is no level of these any more. */
static void write_former_levels(struct text *out, const struct explained_clock *c)
{
    char time[TIME_TEXT];
    const char *comma = "";
    text_append(out, ",\"former_levels\":[");
    for (int i = 0; i < c->event_count; i++) {
        const struct clock_event *e = &c->events[i];
        if (e->kind != CLOCK_FIRED || is_level_of(c->clock->terms, e->name))
            continue;
        text_printf(out, "%s{\"name\":", comma);
        text_append_json(out, e->name);
        text_printf(out, ",\"fired_at\":\"%s\"}", time_format(e->at, time));
        comma = ",";
    }
    text_append_char(out, ']');
}

static void write_levels(struct text *out, const struct explained_report *r,
                         const struct explained_clock *c)
{
    text_append(out, ",\"levels\":[");
    for (int i = 0; i < c->clock->terms->level_count; i++)
        write_level(out, r, c, i);
    text_append_char(out, ']');
    write_former_levels(out, c);
}

static void write_interval(struct text *out, const struct clock_interval *i,
                           enum text_language language)
{
    char from[TIME_TEXT], to[TIME_TEXT];
    scoped_arena a = {0};
    text_printf(out, "{\"from\":\"%s\",\"to\":\"%s\",\"counts\":%s", time_format(i->from, from),
                time_format(i->to, to), i->why == COUNTED ? "true" : "false");
    write_seconds(out, "counted_seconds", i->counted_us);
    write_text(out, "why", why_words[i->why]);
    write_reasons(out, "paused_by", i->reasons);
    write_text(out, "holiday", i->holiday);
    write_text(out, "text", interval_text(i, language, &a));
    text_append_char(out, '}');
}

/* `left`: how many the answer may still list. */
static void write_intervals(struct text *out, const struct explained_clock *c,
                            enum text_language language, int *left)
{
    int count = c->interval_count < *left ? c->interval_count : *left;
    int64_t left_out = 0;
    *left -= count;
    text_append(out, ",\"intervals\":[");
    for (int i = 0; i < c->interval_count; i++) {
        if (i < count) {
            text_append(out, i ? "," : "");
            write_interval(out, &c->intervals[i], language);
        }
        left_out += c->intervals[i].left_out + (i >= count);
    }
    text_printf(out, "],\"left_out\":%lld", (long long)left_out);
}

static void write_clock(struct text *out, const struct explained_report *r, int i, int *left)
{
    scoped_arena a = {0};
    struct explained_clock c;
    explained_clock_read(r, i, &a, &c);
    text_append(out, i ? ",{\"clock\":" : "{\"clock\":");
    text_append_json(out, c.clock->name);
    write_text(out, "state", clock_state_word(c.clock));
    write_text(out, "text", clock_text(&c, r->language, &a));
    write_time(out, "started_at", c.clock->started_at);
    write_time(out, "ended_at", c.clock->ended_at);
    write_time(out, "due_at", c.now.due_at);
    text_printf(out, ",\"overdue\":%s", c.now.overdue ? "true" : "false");
    write_reasons(out, "paused_by", c.clock->ended_at ? 0 : c.clock->paused);
    write_seconds(out, "allotted_seconds", c.clock->terms->allotted_us);
    write_seconds(out, "consumed_seconds", c.now.consumed_us);
    write_seconds(out, "remaining_seconds", c.now.remaining_us);
    write_all_terms(out, &c);
    write_levels(out, r, &c);
    write_intervals(out, &c, r->language, left);
    text_append_char(out, '}');
}

void explained_write(const struct explained_report *r, struct text *out)
{
    char now[TIME_TEXT];
    int left = EXPLAINED_INTERVALS_MAX;
    text_append(out, "{\"report_id\":");
    text_append_json(out, r->record.report->report_id);
    text_printf(out, ",\"version\":%lld", (long long)r->record.report->report_version);
    text_printf(out, ",\"now\":\"%s\"", time_format(r->record.now, now));
    write_text(out, "policy", r->record.report->policy);
    write_amount(out, "policy_version", r->record.report->policy_version);
    text_append(out, ",\"clocks\":[");
    for (int i = 0; i < r->count; i++)
        write_clock(out, r, i, &left);
    text_append(out, "]}");
}

/* The row of answers.def. */
const struct problem *answer_clocks_explained(const char *read, struct arena *a, struct text *out);
const struct problem *answer_clocks_explained(const char *read, struct arena *a, struct text *out)
{
    struct explained_report r;
    TRY(explained_read(read, a, &r));
    explained_write(&r, out);
    return NULL;
}
