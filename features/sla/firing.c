/* firing.c -- what clocks ask for, decided on sla-<report>: a level fires, another plan begins.
 * When and by what stands in the command, made by report_clocks.h from what the worker has seen;
 * here it is only settled that nothing has happened since, and that a level fires once. */
#include "features/sla/firing.h"

#include "base/planted.h"

#include "base/banned.h"

struct seen {
    int64_t report, casefile, sla;
};

/* The version of a stream that is not there is compared, too: a first hold cannot slip under. */
static fallible must_be_as_seen(const struct command *c, const struct seen *seen,
                                struct decision *out)
{
    char report[STREAM_TEXT], casefile[STREAM_TEXT];
    int64_t report_version, case_version;
    stream_name("report", c->target, report);
    stream_name("case", c->target, casefile);
    TRY(read_stream_version(out, report, &report_version));
    TRY(read_stream_version(out, casefile, &case_version));
    if (report_version != seen->report || case_version != seen->casefile ||
        out->version != seen->sla)
        return CLOCK_MOVED;
    return NULL;
}

#define SEEN_BY(body) \
    (&(struct seen){(body)->report_version, (body)->case_version, (body)->sla_version})

static void escalate(const struct report *r, const struct command *c, struct decision *out)
{
    const struct FireLevel *f = &c->FireLevel;
    char stream[STREAM_TEXT];
    stream_of_report(r->id, stream);
    emit(out, stream, report_category(r->visibility),
         EVENT(ReportEscalated, .report_id = r->id, .reason = f->reason,
               .escalation_level = f->escalation_level, .level = f->level, .clock = f->clock,
               .due_at = f->due_at, .fired_at = c->now, .late = f->late, .policy = f->policy,
               .policy_version = f->policy_version, .target = f->target,
               .owner_agency = r->owner_agency, .visibility = visibility_words[r->visibility],
               .superseded = f->superseded));
}

/* Once, whatever was forgotten: the folded report alone decides. */
static fallible fire_level(const struct report *r, const struct command *c, struct decision *out)
{
    const struct FireLevel *f = &c->FireLevel;
    if (!PLANTED(FIRES_WITHOUT_ASKING_THE_REPORT)) {
        if (!may_fire(r, f->clock, f->level))
            return NULL;
        TRY(must_be_as_seen(c, SEEN_BY(f), out));
    }
    if (!PLANTED(DUE_BY_THE_MACHINES_CLOCK))
        emit_not_before(out, f->came_at);
    escalate(r, c, out);
    return NULL;
}

#define NEXT_PLAN_MEMBERS(report, body)                                      \
    .report_id = (report), .clock = (body)->clock, .reason = (body)->reason, \
    .consumed_us = (body)->consumed_us, .policy = (body)->policy,            \
    .policy_version = (body)->policy_version, .calendar = (body)->calendar,  \
    .calendar_version = (body)->calendar_version, .due_at = (body)->due_at

static fallible change_policy(const struct report *r, const struct command *c, struct decision *out)
{
    const struct ChangePolicy *p = &c->ChangePolicy;
    char stream[STREAM_TEXT];
    TRY(must_be_as_seen(c, SEEN_BY(p), out));
    stream_of_sla(r->id, stream);
    emit(out, stream, "sla",
         EVENT(SlaRepoliced, NEXT_PLAN_MEMBERS(r->id, p), .repoliced_at = c->now));
    return NULL;
}

static bool is_planned(const struct sla_plan *now, const struct PlanClock *p)
{
    return now && text_equal(now->policy, p->policy) && now->policy_version == p->policy_version &&
           text_equal(now->calendar, p->calendar) && now->calendar_version == p->calendar_version;
}

/* Once, whatever was forgotten: the folded plans alone decide. */
static fallible plan_clock(const struct sla *plans, const struct report *r, const struct command *c,
                           struct decision *out)
{
    const struct PlanClock *p = &c->PlanClock;
    char stream[STREAM_TEXT];
    if (is_planned(plan_of(plans, p->clock), p))
        return NULL;
    TRY(must_be_as_seen(c, SEEN_BY(p), out));
    stream_of_sla(r->id, stream);
    emit(out, stream, "sla", EVENT(SlaPlanned, NEXT_PLAN_MEMBERS(r->id, p), .planned_at = c->now));
    return NULL;
}

fallible decide_for_clocks(const struct sla *plans, const struct command *c, struct decision *out)
{
    const struct report *r;
    if (c->actor.role != SYSTEM)
        return NO_SUCH_ITEM;
    TRY(read_report(c, out, &r));
    if (!r->id)
        return NO_SUCH_REPORT;
    answer(out, "report_id", r->id);
    switch ((enum sla_command)c->type) {
    case FireLevel: return fire_level(r, c, out);
    case ChangePolicy: return change_policy(r, c, out);
    case PlanClock: return plan_clock(plans, r, c, out);
    case DefinePolicy:
    case SetSlaDuration: break; /* of the streams of policies */
    }
    return INTERNAL;
}
