/* plan.c -- see plan.h. */
#include "features/sla/plan.h"

#include "features/sla/firing.h"

#include "base/banned.h"

static struct sla_plan *find_plan(const struct sla *s, const char *clock)
{
    struct sla_plan *p = s->plans;
    while (p && !text_equal(p->clock, clock))
        p = p->other;
    return p;
}

const struct sla_plan *plan_of(const struct sla *s, const char *clock)
{
    return find_plan(s, clock);
}

void stream_of_sla(const char *report_id, char out[STREAM_TEXT])
{
    stream_name("sla", report_id, out);
}

/* In the place of the clock's plan so far; `next` borrows its texts from the event. */
static void plan(struct sla *s, const struct sla_plan *next, struct arena *a)
{
    struct sla_plan *p = find_plan(s, next->clock);
    if (!p) {
        p = arena_alloc(a, sizeof(*p));
        p->clock = arena_text(a, next->clock);
        p->other = s->plans;
        s->plans = p;
    }
    *p = (struct sla_plan){.clock = p->clock,
                           .policy = arena_text(a, next->policy),
                           .calendar = arena_text(a, next->calendar),
                           .policy_version = next->policy_version,
                           .calendar_version = next->calendar_version,
                           .consumed_us = next->consumed_us,
                           .due_at = next->due_at,
                           .at = next->at,
                           .other = p->other};
}

/* Both events have these members. */
#define PLAN_IN(e, time)                                          \
    ((struct sla_plan){.clock = (e)->clock,                       \
                       .policy = (e)->policy,                     \
                       .calendar = (e)->calendar,                 \
                       .policy_version = (e)->policy_version,     \
                       .calendar_version = (e)->calendar_version, \
                       .consumed_us = (e)->consumed_us,           \
                       .due_at = (e)->due_at,                     \
                       .at = (time)})

static void sla_evolve(void *state, const struct event *e, struct arena *a)
{
    const struct SlaPlanned *planned = &e->SlaPlanned;
    const struct SlaRepoliced *repoliced = &e->SlaRepoliced;
    switch ((enum sla_event)e->type) {
    case SlaPlanned: plan(state, &PLAN_IN(planned, planned->planned_at), a); break;
    case SlaRepoliced: plan(state, &PLAN_IN(repoliced, repoliced->repoliced_at), a); break;
    case PolicyDefined: break; /* of the streams of policies */
    }
}

static fallible sla_decide(const void *state, const struct command *c, struct decision *out)
{
    return decide_for_clocks(state, c, out);
}

DECIDER(sla);
