/* applied.c -- see applied.h. */
#include "features/sla/applied.h"

#include "base/shape_copy.h"
#include "base/text.h"

#include "base/banned.h"

/* ---- what the open clocks run by ---- */

static const struct ClockEntry *entry_at(const struct ReportClocks *r, int i)
{
    return list_item(r->entries, &ClockEntry_shape, i);
}

static bool is_step(const struct ClockEntry *e, enum clock_step step)
{
    return text_equal(e->step, clock_step_words[step]);
}

static bool is_open_after(const struct ClockEntry *e, bool before)
{
    if (is_step(e, STEP_STARTED) || is_step(e, STEP_REOPENED))
        return true;
    return before && !is_step(e, STEP_ENDED) && !is_step(e, STEP_DROPPED);
}

/* The entry that says what the clock which starts at the i-th runs by; NULL: it is not open. */
static const struct ClockEntry *terms_of(const struct ReportClocks *r, int i)
{
    const struct ClockEntry *terms = NULL;
    const char *clock = entry_at(r, i)->clock;
    bool open = false;
    for (; i < r->entries->count; i++) {
        const struct ClockEntry *e = entry_at(r, i);
        if (!text_equal(e->clock, clock))
            continue;
        terms = e->policy ? e : terms;
        open = is_open_after(e, open);
    }
    return open ? terms : NULL;
}

/* ---- what they go on by ---- */

/* But for when and to what it was applied, and how the calendar's years are cut. */
static bool is_same_calendar(const struct sla_calendar *was, const struct sla_calendar *next)
{
    if (was == next)
        return true;
    if (!was || !next || !was->definition || !next->definition)
        return false;
    struct CalendarDefined as_then = *next->definition;
    as_then.defined_at = was->definition->defined_at;
    as_then.apply = was->definition->apply;
    return shape_equal(&CalendarDefined_shape, was->definition, &as_then);
}

static int64_t calendar_version_for(const struct sla_catalog *catalog, const struct ClockEntry *now,
                                    const char *calendar)
{
    if (text_equal(calendar, now->calendar))
        return catalog_applied_calendar(catalog, calendar, now->calendar_version);
    const struct sla_calendar *newest = catalog_calendar(catalog, calendar, NEWEST);
    return newest ? newest->version : 0;
}

static bool plan_for(const struct sla_catalog *catalog, const struct ClockEntry *now,
                     struct applied_plan *out)
{
    int64_t version = catalog_applied_policy(catalog, now->policy, now->policy_version);
    const struct policy *was = catalog_policy(catalog, now->policy, now->policy_version);
    const struct policy *next = catalog_policy(catalog, now->policy, version);
    const struct PolicyClock *old = was ? catalog_clock_of(&was->rules, now->clock) : NULL;
    const struct PolicyClock *new = next ? catalog_clock_of(&next->rules, now->clock) : NULL;
    if (!old)
        return false;
    *out = (struct applied_plan){.clock = now->clock,
                                 .policy = now->policy,
                                 .policy_version = version,
                                 .reason = plan_reason_words[PLAN_POLICY]};
    if (!new)
        return true;
    out->calendar = new->calendar;
    out->calendar_version = calendar_version_for(catalog, now, new->calendar);
    if (!shape_equal(&PolicyClock_shape, old, new))
        return out->calendar_version != 0;
    out->reason = plan_reason_words[PLAN_CALENDAR];
    return !is_same_calendar(catalog_calendar(catalog, now->calendar, now->calendar_version),
                             catalog_calendar(catalog, out->calendar, out->calendar_version));
}

bool report_clocks_applied(const struct ReportClocks *r, const struct sla_catalog *catalog,
                           struct applied_plan *out)
{
    for (int i = 0; catalog->applied && r->entries && i < r->entries->count; i++) {
        const struct ClockEntry *now =
            is_step(entry_at(r, i), STEP_STARTED) ? terms_of(r, i) : NULL;
        if (now && plan_for(catalog, now, out))
            return true;
    }
    return false;
}

/* ---- all of a report's ---- */

/* Clocks of one kind and plan are told once: of ten questions no more than of one. */
void append_open_plans(const struct ReportClocks *r, struct text *out)
{
    for (int i = 0; r->entries && i < r->entries->count; i++) {
        scoped_text plan = {0};
        const struct ClockEntry *now =
            is_step(entry_at(r, i), STEP_STARTED) ? terms_of(r, i) : NULL;
        if (!now)
            continue;
        text_append_bytes(&plan, now->clock, strcspn(now->clock, ":"));
        text_printf(&plan, " %s %lld %s %lld;", now->policy, (long long)now->policy_version,
                    now->calendar, (long long)now->calendar_version);
        if (!out->length || !strstr(text_value(out), text_value(&plan)))
            text_append(out, text_value(&plan));
    }
}
