/* catalog.c -- see catalog.h. */
#include "features/sla/catalog.h"

#include "base/banned.h"

#define US_PER_SECOND INT64_C(1000000)

const struct policy *catalog_policy(const struct sla_catalog *c, const char *id, int64_t version)
{
    const struct policy *found = NULL;
    for (const struct policy *p = c->policies; p < c->policies + c->policy_count; p++)
        if (text_equal(p->rules.policy_id, id) && (version == NEWEST || p->version == version))
            found = p;
    return found;
}

const struct sla_calendar *catalog_calendar(const struct sla_catalog *c, const char *id,
                                            int64_t version)
{
    const struct sla_calendar *found = NULL;
    for (const struct sla_calendar *k = c->calendars; k < c->calendars + c->calendar_count; k++)
        if (text_equal(k->id, id) && (version == NEWEST || k->version == version))
            found = k;
    return found;
}

/* The last of each id. */
static int newest_of(const struct sla_catalog *c, struct policy *out)
{
    int count = 0;
    for (int i = 0; i < c->policy_count; i++) {
        const struct policy *p = &c->policies[i];
        bool is_last = i + 1 == c->policy_count ||
                       !text_equal(p->rules.policy_id, c->policies[i + 1].rules.policy_id);
        if (is_last)
            out[count++] = *p;
    }
    return count;
}

const struct policy *catalog_match(const struct sla_catalog *c, const struct policy_subject *of,
                                   struct arena *a)
{
    struct policy *newest = arena_array(a, (size_t)c->policy_count + 1, sizeof(*newest));
    return policy_first_match(newest, newest_of(c, newest), of);
}

/* ---- terms ---- */

static const struct PolicyClock *clock_of(const struct PolicyDefined *rules, const char *clock)
{
    if (text_equal(clock, "acknowledge"))
        return rules->acknowledge;
    return text_equal(clock, "resolve") ? rules->resolve : rules->answer;
}

static struct sla_level level_of(const struct PolicyLevel *l)
{
    return (struct sla_level){.name = l->name,
                              .number = l->number,
                              .share_percent = l->share_percent,
                              .after_due_s = l->after_due_seconds,
                              .office_hours = l->office_hours,
                              .target = l->target};
}

static const struct sla_level *levels_of(const struct shape_list *list, struct arena *a)
{
    struct sla_level *levels = arena_array(a, (size_t)list->count + 1, sizeof(*levels));
    for (int i = 0; i < list->count; i++)
        levels[i] = level_of(list_item(list, &PolicyLevel_shape, i));
    return levels;
}

const struct sla_terms *catalog_terms(const struct sla_catalog *c, const char *clock,
                                      const char *policy, int64_t policy_version,
                                      int64_t calendar_version, struct arena *a)
{
    const struct policy *p = catalog_policy(c, policy, policy_version);
    const struct PolicyClock *rules = p ? clock_of(&p->rules, clock) : NULL;
    const struct sla_calendar *calendar =
        rules ? catalog_calendar(c, rules->calendar, calendar_version) : NULL;
    if (!calendar)
        return NULL;
    struct sla_terms *t = arena_alloc(a, sizeof(*t));
    *t = (struct sla_terms){.policy = p->rules.policy_id,
                            .policy_version = p->version,
                            .calendar = calendar->id,
                            .calendar_version = calendar->version,
                            .allotted_us = rules->seconds * US_PER_SECOND,
                            .levels = levels_of(rules->levels, a),
                            .level_count = rules->levels->count,
                            .time = &calendar->time};
    return t;
}
