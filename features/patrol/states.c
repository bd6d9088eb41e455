/* states.c -- from state to state of a patrol: by hand, the rows of patrol_moves.def as far as the
 * rules of the installation hold it to them; and with a dispatch. */
#include "features/patrol/patrol_rules.h"

#include "base/planted.h"
#include "base/banned.h"

static const struct patrol_move {
    enum patrol_state from, to;
} moves[] = {
#define PATROL_MOVE(from, to) {PATROL_##from, PATROL_##to},
#include "features/patrol/patrol_moves.def"
#undef PATROL_MOVE
};
enum { MOVES = sizeof(moves) / sizeof(moves[0]) };

static bool leads(enum patrol_state from, enum patrol_state to)
{
    for (int i = 0; i < MOVES; i++)
        if (moves[i].from == from && moves[i].to == to)
            return true;
    return false;
}

/* ---- with a dispatch ---- */

/* The state of a patrol that is on a dispatch of that status. */
static enum patrol_state state_on(enum dispatch_status s)
{
    if (s == DISPATCH_ARRIVED)
        return PATROL_ON_SCENE;
    return s == DISPATCH_ACCEPTED ? PATROL_EN_ROUTE : PATROL_ASSIGNED;
}

static bool comes_with_dispatch(enum patrol_state s)
{
    return s == PATROL_ASSIGNED || s == PATROL_EN_ROUTE || s == PATROL_ON_SCENE;
}

/* The one that has come furthest of those it is on counts. Who had set out comes back. */
enum patrol_state state_after(const struct patrol *p, const char *dispatch_id,
                              enum dispatch_status status)
{
    bool on = is_active(status), set_out = false;
    enum dispatch_status furthest = on ? status : DISPATCH_RESERVED;
    for (const struct patrol_dispatch *d = p->dispatches; d; d = d->next) {
        bool same = text_equal(d->id, dispatch_id);
        set_out = set_out || (same && d->status != DISPATCH_OFFERED);
        if (!same && d->status > furthest) /* in the order of their enum */
            furthest = d->status;
        on = on || !same;
    }
    if (on)
        return state_on(furthest);
    return status == DISPATCH_CLEARED && set_out ? PATROL_RETURNING : PATROL_AVAILABLE;
}

/* The dispatch that stands in the way of another one; NULL: none. */
static const struct patrol_dispatch *in_the_way(const struct patrol *p, bool exclusive)
{
    const struct patrol_dispatch *d = PLANTED(PATROL_SENT_TWICE) ? NULL : p->dispatches;
    while (d && !exclusive && !d->exclusive)
        d = d->next;
    return d;
}

static bool can_be_sent(const struct patrol *p)
{
    return p->dispatches || p->status == PATROL_AVAILABLE || p->status == PATROL_RETURNING;
}

bool is_free(const struct patrol *p, bool exclusive)
{
    return p->id && can_be_sent(p) && !in_the_way(p, exclusive);
}

static fallible refuse_with_dispatch(const struct problem *problem, const struct patrol_dispatch *d,
                                     const char *field, struct decision *out)
{
    out->members = arena_printf(out->arena, "\"dispatch_id\":\"%s\",\"dispatch_status\":\"%s\"",
                                d->id, dispatch_status_words[d->status]);
    return refuse(out, problem, field, NULL);
}

fallible must_be_free(const struct patrol *p, bool exclusive, struct decision *out)
{
    const struct patrol_dispatch *taken = in_the_way(p, exclusive);
    if (taken)
        return refuse_with_dispatch(PATROL_TAKEN, taken, "patrol_id", out);
    if (!can_be_sent(p))
        return refuse(out, PATROL_UNAVAILABLE, "patrol_id",
                      arena_join(out->arena, "It is ", patrol_state_words[p->status], "."));
    return NULL;
}

/* ---- by hand ---- */

static fallible unusual(const struct patrol *p, enum transition_mode mode, struct decision *out)
{
    scoped_text list = {0};
    for (int i = 0; i < MOVES; i++)
        if (moves[i].from == p->status)
            text_printf(&list, "%s\"%s\"", list.length ? "," : "", patrol_state_words[moves[i].to]);
    out->members = arena_printf(out->arena, "\"allowed\":[%s],\"confirmable\":%s",
                                text_value(&list), mode == TRANSITIONS_WARN ? "true" : "false");
    return refuse(out, UNUSUAL_TRANSITION, "status",
                  mode == TRANSITIONS_WARN ? "Repeat it with ?confirm=true if it is meant." : NULL);
}

static fallible may_become(const struct patrol *p, enum patrol_state to, const struct command *c,
                           struct decision *out)
{
    const struct patrol *rules;
    const bool *confirm = c->SetPatrolStatus.confirm;
    if (p->dispatches)
        return refuse_with_dispatch(PATROL_DISPATCHED, p->dispatches, "status", out);
    if (comes_with_dispatch(to))
        return refuse(out, COMES_WITH_DISPATCH, "status", NULL);
    if (leads(p->status, to))
        return NULL;
    TRY(read_patrol_rules(out, &rules));
    bool confirmed = rules->transitions == TRANSITIONS_WARN && confirm && *confirm;
    return rules->transitions == TRANSITIONS_OFF || confirmed ? NULL
                                                              : unusual(p, rules->transitions, out);
}

fallible set_patrol_status(const struct patrol *p, const struct command *c, struct decision *out)
{
    enum patrol_state to =
        (enum patrol_state)word_index(patrol_state_words, c->SetPatrolStatus.status);
    TRY(must_command(p, c, true, out));
    if (to != p->status) {
        TRY(may_become(p, to, c, out));
        emit_to_patrol(p,
                       EVENT(PatrolStatusUpdated, .patrol_id = p->id, .agency = p->agency,
                             .old_status = patrol_state_words[p->status],
                             .new_status = patrol_state_words[to], .changed_at = c->now),
                       out);
    }
    answer(out, "patrol_id", p->id);
    answer(out, "old_status", patrol_state_words[p->status]);
    answer(out, "new_status", patrol_state_words[to]);
    return NULL;
}

/* ---- its position ---- */

fallible lose_position(const struct patrol *p, const struct command *c, struct decision *out)
{
    if (!p->id || c->actor.role != SYSTEM)
        return NO_SUCH_PATROL;
    if (!p->lost)
        emit_to_patrol(p,
                       EVENT(PatrolPositionLost, .patrol_id = p->id, .agency = p->agency,
                             .last_fix_at = c->LosePosition.last_fix_at, .lost_at = c->now),
                       out);
    answer(out, "patrol_id", p->id);
    return NULL;
}

fallible find_position(const struct patrol *p, const struct command *c, struct decision *out)
{
    if (!p->id || c->actor.role != SYSTEM)
        return NO_SUCH_PATROL;
    if (p->lost)
        emit_to_patrol(p,
                       EVENT(PatrolPositionFound, .patrol_id = p->id, .agency = p->agency,
                             .found_at = c->FindPosition.last_fix_at),
                       out);
    answer(out, "patrol_id", p->id);
    return NULL;
}
