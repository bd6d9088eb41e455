/* dispatching.c -- see dispatching.h. */
#include "features/patrol/dispatching.h"

#include "base/shape_copy.h"
#include "base/banned.h"

/* ---- what has happened ---- */

static enum dispatch_status status_from(const char *word)
{
    return (enum dispatch_status)word_index(dispatch_status_words, word);
}

static void created(struct dispatch *d, const struct DispatchCreated *e, struct arena *a)
{
    *d = (struct dispatch){.id = arena_text(a, e->dispatch_id),
                           .report_id = arena_text(a, e->report_id),
                           .patrol_id = arena_text(a, e->patrol_id),
                           .agency = arena_text(a, e->agency),
                           .status = status_from(e->status),
                           .exclusive = e->exclusive,
                           .due_at = e->due_at,
                           .answer_by = e->answer_by,
                           .round = e->attempt,
                           .recommended = e->recommended != NULL,
                           .replaces = arena_text(a, e->replaces),
                           .skills = list_copy(&Skill_shape, e->skills, a),
                           .within = arena_text(a, e->within)};
}

static void moved(struct dispatch *d, const struct DispatchStatusUpdated *e)
{
    d->status = status_from(e->new_status);
    d->answer_by = e->answer_by;
}

void dispatch_evolve(void *state, const struct event *e, struct arena *a)
{
    struct dispatch *d = state;
    switch ((enum patrol_event)e->type) {
    case DispatchCreated: created(d, &e->DispatchCreated, a); break;
    case DispatchStatusUpdated: moved(d, &e->DispatchStatusUpdated); break;
    case DispatchReplaced: d->replaced_by = arena_text(a, e->DispatchReplaced.replaced_by); break;
    case DispatchUnfilled: d->unfilled = true; break;
    case PatrolRulesDefined:
    case PatrolRegistered:
    case PatrolCrewJoined:
    case PatrolCrewLeft:
    case PatrolStatusUpdated:
    case PatrolPositionLost:
    case PatrolPositionFound: break; /* on streams of patrols */
    }
}

bool is_active(enum dispatch_status s)
{
    return s == DISPATCH_OFFERED || s == DISPATCH_ACCEPTED || s == DISPATCH_ARRIVED;
}

bool has_ended(enum dispatch_status s)
{
    return s != DISPATCH_RESERVED && !is_active(s);
}

void stream_of_dispatch(const char *dispatch_id, char out[STREAM_TEXT])
{
    stream_name("dispatch", dispatch_id, out);
}

fallible read_dispatch(const char *dispatch_id, struct decision *out, const struct dispatch **d)
{
    char stream[STREAM_TEXT];
    const void *state;
    stream_of_dispatch(dispatch_id, stream);
    TRY(read_state(out, stream, &state));
    *d = state;
    return NULL;
}

/* ---- moves ---- */

enum {
    CREW_SIDE = 1 << BY_CREW,
    DISPATCHER_SIDE = 1 << BY_DISPATCHER,
    REPORT_SIDE = 1 << BY_REPORT,
    TIME_SIDE = 1 << BY_TIME
};

static const struct dispatch_row {
    enum dispatch_status from, to;
    int sides;
} rows[] = {
#define DISPATCH_MOVE(from, to, sides) {DISPATCH_##from, DISPATCH_##to, sides},
#include "features/patrol/dispatch_moves.def"
#undef DISPATCH_MOVE
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

fallible must_lead_to(const struct dispatch *d, const struct dispatch_move *m, struct decision *out)
{
    scoped_text list = {0};
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].from != d->status || !(rows[i].sides & 1 << m->by))
            continue;
        if (rows[i].to == m->to)
            return NULL;
        text_printf(&list, "%s\"%s\"", list.length ? "," : "", dispatch_status_words[rows[i].to]);
    }
    out->members = arena_printf(out->arena, "\"dispatch_status\":\"%s\",\"allowed\":[%s]",
                                dispatch_status_words[d->status], text_value(&list));
    return refuse(out, ILLEGAL_DISPATCH_MOVE, "status",
                  arena_printf(out->arena, "It is %s.", dispatch_status_words[d->status]));
}

/* What a dispatch of that status is to the patrol, on the patrol's own stream. */
static void emit_to_patrol_of(const struct patrol *p, const char *dispatch_id,
                              enum dispatch_status status, bool exclusive, int64_t now,
                              struct decision *out)
{
    char stream[STREAM_TEXT];
    stream_of_patrol(p->id, stream);
    emit(out, stream, "patrol",
         EVENT(PatrolStatusUpdated, .patrol_id = p->id, .agency = p->agency,
               .old_status = patrol_state_words[p->status],
               .new_status = patrol_state_words[state_after(p, dispatch_id, status)],
               .dispatch_id = dispatch_id, .dispatch_status = dispatch_status_words[status],
               .exclusive = exclusive, .changed_at = now));
}

void move_dispatch(const struct dispatch *d, const struct patrol *p, const struct dispatch_move *m,
                   struct decision *out)
{
    char stream[STREAM_TEXT];
    stream_of_dispatch(d->id, stream);
    emit(out, stream, "dispatch",
         EVENT(DispatchStatusUpdated, .dispatch_id = d->id, .report_id = d->report_id,
               .patrol_id = d->patrol_id, .agency = d->agency,
               .old_status = dispatch_status_words[d->status],
               .new_status = dispatch_status_words[m->to], .by = dispatch_side_words[m->by],
               .reason = m->reason, .answer_by = m->answer_by, .changed_at = m->now));
    if (is_active(d->status) || is_active(m->to)) /* a reservation is nothing to it */
        emit_to_patrol_of(p, d->id, m->to, d->exclusive, m->now, out);
}

void create_dispatch(const struct DispatchCreated *e, const struct patrol *p, struct decision *out)
{
    char stream[STREAM_TEXT];
    enum dispatch_status status = status_from(e->status);
    stream_of_dispatch(e->dispatch_id, stream);
    emit(out, stream, "dispatch", (struct event){.type = DispatchCreated, .DispatchCreated = *e});
    if (is_active(status))
        emit_to_patrol_of(p, e->dispatch_id, status, e->exclusive, e->created_at, out);
}
