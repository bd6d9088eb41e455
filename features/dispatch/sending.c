/* sending.c -- a new dispatch: of the patrol that was named, or of the best of the candidates that
 * is still free. Who found them does not decide: each is looked at as it is now. */
#include "features/dispatch/dispatch_rules.h"

#include "base/banned.h"

enum { REPLACED_MAX = 3 }; /* so many other patrols are asked */

struct request {
    const struct report *report;
    const struct shape_list *skills;
    const char *within; /* agency of the patrols; NULL: any */
    bool exclusive;
    const struct dispatch *replaced; /* NULL: it is the first one */
};

/* ---- which patrol ---- */

/* Has it been asked already, for this dispatch or one that this one replaces? */
static fallible was_asked(const struct patrol *p, const struct dispatch *replaced,
                          struct decision *out, bool *asked)
{
    *asked = false;
    while (replaced && !*asked) {
        *asked = text_equal(replaced->patrol_id, p->id);
        if (!replaced->replaces)
            break;
        TRY(read_dispatch(replaced->replaces, out, &replaced));
    }
    return NULL;
}

static fallible check_suits(const struct patrol *p, const struct request *w, struct decision *out,
                            bool *suits)
{
    bool asked;
    TRY(was_asked(p, w->replaced, out, &asked));
    bool within = !w->within || text_equal(w->within, p->agency);
    *suits = !asked && within && !p->lost && is_free(p, w->exclusive) && has_skills(p, w->skills) &&
             !is_sent_to(w->report, p->id);
    return NULL;
}

/* *p NULL: none of them can be sent. */
static fallible choose(const struct request *w, const struct command *c, struct decision *out,
                       const struct patrol **p, struct Recommended *why)
{
    const struct Candidates *found = c->prepared;
    for (int i = 0; found && i < found->candidates->count; i++) {
        const struct Candidate *one = list_item(found->candidates, &Candidate_shape, i);
        bool suits;
        TRY(read_patrol(one->patrol_id, out, p));
        TRY(check_suits(*p, w, out, &suits));
        *why = (struct Recommended){one->distance_m, one->fix_age_seconds, one->estimated_seconds};
        if (suits)
            return NULL;
    }
    *p = NULL;
    return NULL;
}

/* ---- a request of a dispatcher ---- */

static fallible find_report(const struct command *c, struct decision *out, const struct report **r)
{
    const struct CreateDispatch *b = &c->CreateDispatch;
    if (!b->report_id)
        return refuse(out, MISSING_FIELD, "report_id", "The report, or the crime, it is about.");
    if (b->crime_id && !text_equal(b->crime_id, b->report_id))
        return refuse(out, BAD_TEXT, "crime_id", "It is another one than report_id.");
    TRY(read_report_of(b->report_id, out, r));
    if (!may_see(*r, &c->actor))
        return refuse(out, NO_SUCH_REPORT, "report_id", NULL);
    return must_take_dispatches(*r, &c->actor, out);
}

static fallible check_time(const struct CreateDispatch *b, int64_t now, struct decision *out)
{
    if (!b->due_at)
        return NULL;
    if (*b->due_at <= now)
        return refuse(out, OUT_OF_RANGE, "due_at", "It must lie in the future.");
    if (!b->patrol_id)
        return refuse(out, MISSING_FIELD, "patrol_id", "A reservation names its patrol.");
    return NULL;
}

static fallible send(const struct report *r, const struct sending *s, struct decision *out)
{
    TRY(send_patrol(r, s, out));
    answer(out, "dispatch_id", s->dispatch_id);
    answer(out, "report_id", r->id);
    answer(out, "patrol_id", s->patrol->id);
    answer(out, "status", dispatch_status_words[s->due_at ? DISPATCH_RESERVED : DISPATCH_OFFERED]);
    return NULL;
}

fallible dispatch_patrol(const struct command *c, struct decision *out)
{
    const struct CreateDispatch *b = &c->CreateDispatch;
    const char *own = c->actor.role == DISPATCHER && *c->actor.agency ? c->actor.agency : NULL;
    struct request w = {
        .skills = b->skills, .within = own, .exclusive = !b->exclusive || *b->exclusive};
    struct Recommended *why = arena_alloc(out->arena, sizeof(*why));
    struct sending s = {.dispatch_id = c->target,
                        .exclusive = w.exclusive,
                        .due_at = b->due_at ? *b->due_at : 0,
                        .round = 1,
                        .skills = w.skills,
                        .within = w.within,
                        .now = c->now};
    TRY(find_report(c, out, &w.report));
    TRY(check_time(b, c->now, out));
    if (b->patrol_id)
        TRY(read_commanded(b->patrol_id, &c->actor, out, &s.patrol));
    else
        TRY(choose(&w, c, out, &s.patrol, why));
    if (!s.patrol)
        return NO_PATROL_FREE;
    s.recommended = b->patrol_id ? NULL : why;
    return send(w.report, &s, out);
}

/* ---- another one in its place ---- */

static bool waits_for_another(const struct dispatch *d)
{
    return (d->status == DISPATCH_DECLINED || d->status == DISPATCH_TIMED_OUT) && d->recommended &&
           !d->replaced_by && !d->unfilled;
}

static void leave_unfilled(const struct dispatch *d, const struct command *c, struct decision *out)
{
    char stream[STREAM_TEXT];
    stream_of_dispatch(d->id, stream);
    emit(out, stream, "dispatch",
         EVENT(DispatchUnfilled, .dispatch_id = d->id, .report_id = d->report_id,
               .attempts = d->round, .unfilled_at = c->now));
    answer(out, "dispatch_id", d->id);
}

static fallible replace(const struct dispatch *d, const struct report *r, const struct patrol *p,
                        const struct Recommended *why, const struct command *c,
                        struct decision *out)
{
    char stream[STREAM_TEXT];
    const struct sending s = {.dispatch_id = c->target,
                              .patrol = p,
                              .exclusive = d->exclusive,
                              .round = d->round + 1,
                              .replaces = d->id,
                              .recommended = why,
                              .skills = d->skills,
                              .within = d->within,
                              .now = c->now};
    TRY(send(r, &s, out));
    stream_of_dispatch(d->id, stream);
    emit(out, stream, "dispatch",
         EVENT(DispatchReplaced, .dispatch_id = d->id, .report_id = d->report_id,
               .replaced_by = c->target, .replaced_at = c->now));
    return NULL;
}

/* Of a report that takes no dispatches any more it is left alone for good, too. */
fallible replace_dispatch(const struct command *c, struct decision *out)
{
    const struct dispatch *d;
    const struct patrol *p = NULL;
    struct request w = {0};
    struct Recommended *why = arena_alloc(out->arena, sizeof(*why));
    TRY(read_dispatch(c->ReplaceDispatch.replaces, out, &d));
    if (!d->id)
        return NO_SUCH_DISPATCH;
    if (!waits_for_another(d)) {
        answer(out, "dispatch_id", d->id);
        return NULL;
    }
    TRY(read_report_of(d->report_id, out, &w.report));
    w = (struct request){w.report, d->skills, d->within, d->exclusive, d};
    if (takes_dispatches(w.report) && d->round <= REPLACED_MAX)
        TRY(choose(&w, c, out, &p, why));
    if (p)
        return replace(d, w.report, p, why, c, out);
    leave_unfilled(d, c, out);
    return NULL;
}
