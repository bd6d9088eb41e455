/* policy.c -- which clocks run for which reports, and what an admin may say of that. A policy is
 * never deleted: old reports follow one of its versions. */
#include "features/sla/policy.h"

#include "base/shape_copy.h"
#include "base/texts.h"
#include "features/agency/agency.h"
#include "features/calendar/definition.h"
#include "features/category/category.h"
#include "features/sla/policy_rules.h"
#include "base/banned.h"

void stream_of_policy(const char *id, char out[STREAM_TEXT])
{
    stream_name("policy", id, out);
}

void policy_defined(struct policy *p, const struct PolicyDefined *e, struct arena *a)
{
    p->version++;
    shape_copy(event_shape(PolicyDefined), e, a, &p->rules);
}

/* Nothing was applied by it to what was open. */
void policy_defined_2(struct arena *a, const void *old, void *next)
{
    const struct PolicyDefinedV1 *from = old;
    (void)a;
    *(struct PolicyDefined *)next = (struct PolicyDefined){.policy_id = from->policy_id,
                                                           .rank = from->rank,
                                                           .names = from->names,
                                                           .category = from->category,
                                                           .priority = from->priority,
                                                           .agency = from->agency,
                                                           .acknowledge = from->acknowledge,
                                                           .resolve = from->resolve,
                                                           .answer = from->answer,
                                                           .active = from->active,
                                                           .defined_at = from->defined_at};
}

static void policy_evolve(void *state, const struct event *e, struct arena *a)
{
    switch ((enum sla_event)e->type) {
    case PolicyDefined: policy_defined(state, &e->PolicyDefined, a); break;
    case SlaPlanned:
    case SlaRepoliced: break; /* of the streams of reports' clocks */
    }
}

/* The order of names means nothing. */
static void policy_complete(struct command *c)
{
    if (c->type == DefinePolicy && c->DefinePolicy.names)
        texts_sort(c->DefinePolicy.names);
}

/* ---- which one a report has ---- */

bool default_policy_of(const char *agency, char out[POLICY_ID_TEXT])
{
    static const char prefix[] = DEFAULT_POLICY "-";
    size_t at = sizeof(prefix) - 1;
    if (at + strlen(agency) >= POLICY_ID_TEXT)
        return false;
    memcpy(out, prefix, sizeof(prefix));
    for (; *agency; agency++)
        out[at++] = *agency >= 'A' && *agency <= 'Z' ? (char)(*agency - 'A' + 'a') : *agency;
    out[at] = '\0';
    return true;
}

/* 0: it stands before the defaults; 1: it is an agency's; 2: the city's. */
static int place_of_default(const struct policy *p)
{
    return text_equal(p->rules.policy_id, DEFAULT_POLICY)        ? 2
           : text_starts(p->rules.policy_id, DEFAULT_POLICY "-") ? 1
                                                                 : 0;
}

static bool stands_before(const struct policy *a, const struct policy *b)
{
    int place = place_of_default(a), other = place_of_default(b);
    if (place != other)
        return place < other;
    if (!place && a->rules.rank != b->rules.rank)
        return a->rules.rank < b->rules.rank;
    return strcmp(a->rules.policy_id, b->rules.policy_id) < 0;
}

static bool is_any_or(const char *wanted, const char *is)
{
    return !wanted || text_equal(wanted, is);
}

static bool is_for(const struct policy *p, const struct policy_subject *of)
{
    return p->rules.active && is_any_or(p->rules.category, of->category) &&
           is_any_or(p->rules.priority, of->priority) && is_any_or(p->rules.agency, of->agency);
}

const struct policy *policy_first_match(const struct policy *policies, int count,
                                        const struct policy_subject *of)
{
    const struct policy *first = NULL;
    for (int i = 0; i < count; i++)
        if (is_for(&policies[i], of) && (!first || stands_before(&policies[i], first)))
            first = &policies[i];
    return first;
}

/* ---- what is defined ---- */

/* It keeps a category and an agency that have become inactive. */
static fallible check_subject(const struct policy *now, const struct DefinePolicy *d,
                              struct decision *out)
{
    const struct category *category;
    if (d->category && !text_equal(d->category, now->rules.category))
        TRY(require_category(d->category, "category", out, &category));
    if (d->agency && !text_equal(d->agency, now->rules.agency))
        TRY(require_agency(d->agency, "agency", out));
    return NULL;
}

static fallible check_calendar(const struct PolicyClock *clock, const char *field,
                               struct decision *out)
{
    return clock ? require_calendar(clock->calendar, field, out) : NULL;
}

static fallible check_calendars(const struct DefinePolicy *d, struct decision *out)
{
    TRY(check_calendar(d->acknowledge, "acknowledge.calendar", out));
    TRY(check_calendar(d->resolve, "resolve.calendar", out));
    return check_calendar(d->answer, "answer.calendar", out);
}

static struct PolicyDefined defined_by(const struct command *c)
{
    const struct DefinePolicy *d = &c->DefinePolicy;
    return (struct PolicyDefined){.policy_id = c->target,
                                  .rank = d->rank,
                                  .names = d->names,
                                  .category = d->category,
                                  .priority = d->priority,
                                  .agency = d->agency,
                                  .acknowledge = d->acknowledge,
                                  .resolve = d->resolve,
                                  .answer = d->answer,
                                  .active = d->active,
                                  .defined_at = c->now,
                                  .apply = d->apply};
}

static bool is_already(const struct policy *now, struct PolicyDefined next)
{
    next.defined_at = now->rules.defined_at;
    if (!next.apply)
        next.apply = now->rules.apply; /* what was applied stays so */
    return now->version && shape_equal(event_shape(PolicyDefined), &now->rules, &next);
}

void emit_policy(const struct PolicyDefined *next, struct decision *out)
{
    char stream[STREAM_TEXT];
    stream_of_policy(next->policy_id, stream);
    emit(out, stream, "sla", (struct event){.type = PolicyDefined, .PolicyDefined = *next});
}

/* The system writes the first policy at every start: what an admin has changed since stays, and no
 * other stream is asked for it. */
static fallible define_policy(const struct policy *now, const struct command *c,
                              struct decision *out)
{
    const struct DefinePolicy *d = &c->DefinePolicy;
    struct PolicyDefined next = defined_by(c);
    if (d->names && !texts_are_by_language(d->names))
        return refuse(out, BAD_TEXT, "names", "A key is not a language tag.");
    TRY(check_version(c, out));
    TRY(check_default(&next, out));
    TRY(check_clocks(&next, out));
    if (c->actor.role != SYSTEM) {
        TRY(check_subject(now, d, out));
        TRY(check_calendars(d, out));
    }

    if (!is_already(now, next) && !(c->actor.role == SYSTEM && now->version))
        emit_policy(&next, out);
    answer(out, "policy_id", c->target);
    return NULL;
}

static fallible policy_decide(const void *state, const struct command *c, struct decision *out)
{
    switch ((enum sla_command)c->type) {
    case DefinePolicy: return define_policy(state, c, out);
    case SetSlaDuration: return set_duration(state, c, out);
    case FireLevel:
    case ChangePolicy:
    case PlanClock: break; /* of the streams of reports' clocks */
    }
    return INTERNAL;
}

COMPLETING_DECIDER(policy);
