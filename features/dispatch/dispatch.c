/* dispatch.c -- patrols are sent to reports: who may, which patrol, and what follows. Report,
 * patrol and dispatch change in one decision. Pure: candidates arrive in the command (c->prepared).
 */
#include "features/dispatch/dispatch_rules.h"

#include "base/banned.h"

/* ---- the crew's and the dispatcher's answers ---- */

static const struct answer_row {
    int type;
    enum dispatch_status to;
} answers[] = {{AcceptDispatch, DISPATCH_ACCEPTED},
               {DeclineDispatch, DISPATCH_DECLINED},
               {ArriveDispatch, DISPATCH_ARRIVED},
               {ClearDispatch, DISPATCH_CLEARED},
               {CancelDispatch, DISPATCH_CANCELLED}};

static enum dispatch_status status_asked(const struct command *c)
{
    const struct answer_row *row = answers;
    while (row->type != c->type)
        row++;
    return row->to;
}

static const char *reason_given(const struct command *c)
{
    switch ((enum dispatch_command)c->type) {
    case DeclineDispatch: return c->DeclineDispatch.reason;
    case ClearDispatch: return c->ClearDispatch.reason;
    case CancelDispatch: return c->CancelDispatch.reason;
    case AcceptDispatch:
    case ArriveDispatch:
    case CreateDispatch:
    case TimeOutDispatch:
    case OfferReserved:
    case ReplaceDispatch: break;
    }
    return NULL;
}

static void answer_dispatch(const struct dispatch *d, enum dispatch_status to, struct decision *out)
{
    answer(out, "dispatch_id", d->id);
    answer(out, "report_id", d->report_id);
    answer(out, "patrol_id", d->patrol_id);
    answer(out, "status", dispatch_status_words[to]);
}

/* The crew answers for itself; a dispatcher answers for them, and cancels. */
static fallible side_of(const struct patrol *p, const struct command *c, enum dispatch_side *side)
{
    bool commands = commands_patrol(p, &c->actor);
    if (!commands && !is_crew_of(p, &c->actor))
        return NOT_YOUR_PATROL;
    *side = commands ? BY_DISPATCHER : BY_CREW;
    return NULL;
}

static fallible change(const struct dispatch *d, const struct command *c, struct decision *out)
{
    const struct patrol *p;
    const struct report *r;
    struct dispatch_move m = {.to = status_asked(c), .reason = reason_given(c), .now = c->now};
    if (!d->id)
        return NO_SUCH_DISPATCH;
    TRY(read_patrol(d->patrol_id, out, &p));
    TRY(side_of(p, c, &m.by));
    TRY(check_version(c, out));
    if (m.to != d->status) {
        TRY(must_lead_to(d, &m, out));
        TRY(read_report_of(d->report_id, out, &r));
        change_dispatch(r, d, p, &m, out);
    }
    answer_dispatch(d, m.to, out);
    return NULL;
}

/* ---- the clock ---- */

static fallible time_out(const struct dispatch *d, const struct command *c, struct decision *out)
{
    const struct patrol *p;
    const struct report *r;
    const struct dispatch_move m = {.to = DISPATCH_TIMED_OUT, .by = BY_TIME, .now = c->now};
    if (d->status == DISPATCH_OFFERED) {
        TRY(read_patrol(d->patrol_id, out, &p));
        TRY(read_report_of(d->report_id, out, &r));
        emit_not_before(out, d->answer_by);
        change_dispatch(r, d, p, &m, out);
    }
    answer_dispatch(d, DISPATCH_TIMED_OUT, out);
    return NULL;
}

/* A patrol that cannot be sent when its time has come is counted as one that declined. */
static fallible offer(const struct dispatch *d, const struct command *c, struct decision *out)
{
    const struct patrol *p;
    const struct report *r;
    int64_t offer_time;
    struct dispatch_move m = {.to = DISPATCH_OFFERED, .by = BY_TIME, .now = c->now};
    if (d->status == DISPATCH_RESERVED) {
        TRY(read_patrol(d->patrol_id, out, &p));
        TRY(read_report_of(d->report_id, out, &r));
        TRY(read_offer_time(out, &offer_time));
        emit_not_before(out, d->due_at);
        if (is_free(p, d->exclusive))
            m.answer_by = c->now + offer_time;
        else
            m = (struct dispatch_move){DISPATCH_DECLINED, BY_TIME, "The patrol was not free.", 0,
                                       c->now};
        change_dispatch(r, d, p, &m, out);
    }
    answer_dispatch(d, m.to, out);
    return NULL;
}

/* ---- who decides ---- */

static void dispatch_complete(struct command *c)
{
    struct CreateDispatch *b = &c->CreateDispatch;
    if (c->type != CreateDispatch || b->report_id)
        return;
    b->report_id = b->crime_id;
    b->crime_id = NULL;
}

static fallible dispatch_decide(const void *state, const struct command *c, struct decision *out)
{
    const struct dispatch *d = state;
    bool by_worker =
        c->type == TimeOutDispatch || c->type == OfferReserved || c->type == ReplaceDispatch;
    if (by_worker && (c->actor.role != SYSTEM || (c->type != ReplaceDispatch && !d->id)))
        return NO_SUCH_DISPATCH;
    switch ((enum dispatch_command)c->type) {
    case CreateDispatch: return dispatch_patrol(c, out);
    case AcceptDispatch:
    case DeclineDispatch:
    case ArriveDispatch:
    case ClearDispatch:
    case CancelDispatch: return change(d, c, out);
    case TimeOutDispatch: return time_out(d, c, out);
    case OfferReserved: return offer(d, c, out);
    case ReplaceDispatch: return replace_dispatch(c, out);
    }
    return INTERNAL;
}

COMPLETING_DECIDER(dispatch);
