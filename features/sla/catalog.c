/* catalog.c -- see catalog.h. */
#include "features/sla/catalog.h"

#include "base/shape_copy.h"
#include "features/calendar/definition.h"

#include "base/banned.h"

#define US_PER_SECOND INT64_C(1000000)

/* ---- versions ---- */

/* Rows are few and versions rise: a new one stands behind those of its id. */
static int place_of(const char *id, const void *rows, int count, size_t size,
                    const char *(*id_of)(const void *row))
{
    int i = 0;
    while (i < count && strcmp(id_of((const char *)rows + (size_t)i * size), id) <= 0)
        i++;
    return i;
}

static const char *policy_id(const void *row)
{
    return ((const struct policy *)row)->rules.policy_id;
}

static const char *calendar_id(const void *row)
{
    return ((const struct sla_calendar *)row)->id;
}

/* The rows with a free one at `place`. */
static void *widen(struct arena *a, const void *rows, int count, size_t size, int place)
{
    char *out = arena_array(a, (size_t)count + 1, size);
    size_t before = (size_t)place * size;
    if (count) {
        memcpy(out, rows, before);
        memcpy(out + before + size, (const char *)rows + before, (size_t)count * size - before);
    }
    return out;
}

static void remember_policy(struct sla_catalog *now, const struct PolicyDefined *e, int64_t version,
                            struct arena *a)
{
    int place =
        place_of(e->policy_id, now->policies, now->policy_count, sizeof(struct policy), policy_id);
    struct policy *rows = widen(a, now->policies, now->policy_count, sizeof(*rows), place);
    rows[place] = (struct policy){.version = 0};
    policy_defined(&rows[place], e, a);
    rows[place].version = version;
    now->policies = rows;
    now->policy_count++;
}

static void remember_calendar(struct sla_catalog *now, const struct CalendarDefined *e,
                              int64_t version, struct arena *a)
{
    struct CalendarDefined *own = arena_alloc(a, sizeof(*own));
    shape_copy(event_shape(CalendarDefined), e, a, own);
    int place = place_of(own->calendar_id, now->calendars, now->calendar_count,
                         sizeof(struct sla_calendar), calendar_id);
    struct sla_calendar *rows = widen(a, now->calendars, now->calendar_count, sizeof(*rows), place);
    rows[place] =
        (struct sla_calendar){.id = own->calendar_id, .version = version, .definition = own};
    working_time_of(own, a, &rows[place].time);
    now->calendars = rows;
    now->calendar_count++;
}

void catalog_add(struct sla_catalog *c, const struct event *e, int64_t version, struct arena *a)
{
    if (e->type == PolicyDefined)
        remember_policy(c, &e->PolicyDefined, version, a);
    else
        remember_calendar(c, &e->CalendarDefined, version, a);
    c->applied +=
        (e->type == PolicyDefined ? e->PolicyDefined.apply : e->CalendarDefined.apply) != NULL;
}

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

int64_t catalog_applied_policy(const struct sla_catalog *c, const char *id, int64_t version)
{
    for (const struct policy *p = c->policies; p < c->policies + c->policy_count; p++)
        if (p->rules.apply && p->version > version && text_equal(p->rules.policy_id, id))
            version = p->version;
    return version;
}

int64_t catalog_applied_calendar(const struct sla_catalog *c, const char *id, int64_t version)
{
    for (const struct sla_calendar *k = c->calendars; k < c->calendars + c->calendar_count; k++)
        if (k->definition && k->definition->apply && k->version > version && text_equal(k->id, id))
            version = k->version;
    return version;
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

const struct PolicyClock *catalog_clock_of(const struct PolicyDefined *rules, const char *clock)
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
    const struct PolicyClock *rules = p ? catalog_clock_of(&p->rules, clock) : NULL;
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
