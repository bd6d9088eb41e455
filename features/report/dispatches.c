/* dispatches.c -- see dispatches.h. Its status follows its dispatches: ASSIGNED with the first that
 * is active, IN_PROGRESS once a patrol has arrived, what it was before when the last one ends in
 * vain. */
#include "features/report/dispatches.h"

#include "features/report/rules.h"
#include "base/planted.h"
#include "base/banned.h"

/* ---- what has happened ---- */

static bool has_active(const struct report *r, const char *but)
{
    for (const struct report_dispatch *d = r->dispatches; d; d = d->earlier)
        if (is_active(d->status) && !text_equal(d->id, but))
            return true;
    return false;
}

static struct report_dispatch *take(struct report *r, const char *id)
{
    struct report_dispatch **at = &r->dispatches;
    while (*at && !text_equal((*at)->id, id))
        at = &(*at)->earlier;
    struct report_dispatch *taken = *at;
    if (taken) {
        *at = taken->earlier;
        r->dispatch_count--;
    }
    return taken;
}

void dispatch_told(struct report *r, const struct ReportDispatchUpdated *e, struct arena *a)
{
    enum dispatch_status status =
        (enum dispatch_status)word_index(dispatch_status_words, e->dispatch_status);
    if (is_active(status) && !has_active(r, NULL))
        r->before_dispatch = r->status; /* it is told before the report moves */
    struct report_dispatch *d = take(r, e->dispatch_id);
    if (has_ended(status))
        return;
    if (!d) {
        d = arena_alloc(a, sizeof(*d));
        *d = (struct report_dispatch){.id = arena_text(a, e->dispatch_id),
                                      .patrol_id = arena_text(a, e->patrol_id)};
    }
    d->status = status;
    d->earlier = r->dispatches;
    r->dispatches = d;
    r->dispatch_count++;
}

bool ends_dispatches(enum status s)
{
    return s == RESOLVED || s == REJECTED || s == WITHDRAWN || s == CLOSED;
}

void dispatches_ended(struct report *r)
{
    r->dispatches = NULL;
    r->dispatch_count = 0;
}

/* ---- deciding ---- */

bool is_sent_to(const struct report *r, const char *patrol_id)
{
    for (const struct report_dispatch *d = r->dispatches; d; d = d->earlier)
        if (is_active(d->status) && text_equal(d->patrol_id, patrol_id))
            return true;
    return false;
}

static bool is_handled(const struct report *r)
{
    return r->status == RECEIVED || r->status == ASSIGNED || r->status == IN_PROGRESS;
}

bool takes_dispatches(const struct report *r)
{
    return r->id && is_handled(r) && !r->merged_into && r->dispatch_count < REPORT_DISPATCHES_MAX;
}

fallible must_take_dispatches(const struct report *r, const struct actor *a, struct decision *out)
{
    TRY(must_not_be_merged(r, a, out));
    if (!is_handled(r))
        return refuse_saying(out, NOT_DISPATCHABLE, "report_id", HAS_STATUS,
                             status_words[r->status]);
    return NULL;
}

static bool has_arrived(const struct report *r)
{
    const struct report_dispatch *d = r->dispatches;
    while (d && d->status != DISPATCH_ARRIVED)
        d = d->earlier;
    return d != NULL;
}

/* Its status once that dispatch has this one. */
static enum status status_with(const struct report *r, const char *id, enum dispatch_status to)
{
    bool others = has_active(r, id);
    if (to == DISPATCH_ARRIVED)
        return IN_PROGRESS;
    if (to == DISPATCH_OFFERED && !others)
        return ASSIGNED;
    if (has_ended(to) && !others && r->status == ASSIGNED && !has_arrived(r))
        return r->before_dispatch;
    return r->status;
}

/* On the report's stream: where the dispatch stands, and the status that follows from it. */
static void tell_report(const struct report *r, const char *dispatch_id, const char *patrol_id,
                        enum dispatch_status to, int64_t now, struct decision *out)
{
    enum status status = status_with(r, dispatch_id, to);
    emit_to_report(r,
                   EVENT(ReportDispatchUpdated, .report_id = r->id, .dispatch_id = dispatch_id,
                         .patrol_id = patrol_id, .dispatch_status = dispatch_status_words[to],
                         .owner_agency = r->owner_agency, .category = r->category,
                         .visibility = visibility_words[r->visibility], .changed_at = now),
                   out);
    if (status != r->status)
        emit_moved(r, status, NULL, now, out);
}

/* One patrol goes once, whether it is sent now or later. */
static fallible must_have_room(const struct report *r, const struct patrol *p, struct decision *out)
{
    for (const struct report_dispatch *d = r->dispatches; d; d = d->earlier)
        if (text_equal(d->patrol_id, p->id)) {
            out->members = arena_printf(out->arena, "\"dispatch_id\":\"%s\"", d->id);
            return refuse(out, SENT_ALREADY, "patrol_id", NULL);
        }
    return r->dispatch_count < REPORT_DISPATCHES_MAX ? NULL : TOO_MANY_DISPATCHES;
}

fallible send_patrol(const struct report *r, const struct sending *s, struct decision *out)
{
    enum dispatch_status status = s->due_at ? DISPATCH_RESERVED : DISPATCH_OFFERED;
    int64_t offer_time = 0;
    TRY(must_have_room(r, s->patrol, out));
    if (status == DISPATCH_OFFERED) {
        TRY(must_be_free(s->patrol, s->exclusive, out));
        TRY(read_offer_time(out, &offer_time));
    }
    const struct DispatchCreated e = {.dispatch_id = s->dispatch_id,
                                      .report_id = r->id,
                                      .patrol_id = s->patrol->id,
                                      .agency = s->patrol->agency,
                                      .status = dispatch_status_words[status],
                                      .exclusive = s->exclusive,
                                      .due_at = s->due_at,
                                      .answer_by = offer_time ? s->now + offer_time : 0,
                                      .attempt = s->round,
                                      .replaces = s->replaces,
                                      .skills = s->skills,
                                      .within = s->within,
                                      .recommended = s->recommended,
                                      .created_at = s->now};
    create_dispatch(&e, s->patrol, out);
    tell_report(r, s->dispatch_id, s->patrol->id, status, s->now, out);
    return NULL;
}

void change_dispatch(const struct report *r, const struct dispatch *d, const struct patrol *p,
                     const struct dispatch_move *m, struct decision *out)
{
    move_dispatch(d, p, m, out);
    tell_report(r, d->id, d->patrol_id, m->to, m->now, out);
}

fallible end_dispatches(const struct report *r, int64_t now, struct decision *out)
{
    const struct dispatch *dispatches[REPORT_DISPATCHES_MAX];
    const struct patrol *patrols[REPORT_DISPATCHES_MAX];
    int count = 0;
    const struct report_dispatch *first = PLANTED(REPORT_KEEPS_ITS_PATROLS) ? NULL : r->dispatches;
    for (const struct report_dispatch *d = first; d; d = d->earlier, count++) {
        TRY(read_dispatch(d->id, out, &dispatches[count]));
        TRY(read_patrol(d->patrol_id, out, &patrols[count]));
    }
    for (int i = 0; i < count; i++) {
        bool active = is_active(dispatches[i]->status);
        const struct dispatch_move m = {
            .to = active ? DISPATCH_CLEARED : DISPATCH_CANCELLED, .by = BY_REPORT, .now = now};
        move_dispatch(dispatches[i], patrols[i], &m, out);
    }
    return NULL;
}
