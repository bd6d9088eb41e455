/* patrol.c -- what has happened to one patrol, and who may do what with it: see patrol.h. */
#include "features/patrol/patrol_rules.h"

#include "base/shape_copy.h"
#include "base/banned.h"

/* ---- what has happened ---- */

static void registered(struct patrol *p, const struct PatrolRegistered *e, struct arena *a)
{
    if (!p->id)
        p->status = PATROL_OFF_DUTY;
    p->id = arena_text(a, e->patrol_id);
    p->call_sign = arena_text(a, e->call_sign);
    p->agency = arena_text(a, e->agency);
    p->skills = list_copy(&Skill_shape, e->skills, a);
}

static void joined(struct patrol *p, const char *user_id, struct arena *a)
{
    struct crew_member *m = arena_alloc(a, sizeof(*m));
    *m = (struct crew_member){arena_text(a, user_id), p->crew};
    p->crew = m;
    p->crew_count++;
}

static void left(struct patrol *p, const char *user_id)
{
    struct crew_member **at = &p->crew;
    while (*at && !text_equal((*at)->user_id, user_id))
        at = &(*at)->next;
    if (!*at)
        return;
    *at = (*at)->next;
    p->crew_count--;
}

/* Takes the dispatch from the list; NULL: the patrol is not on it. */
static struct patrol_dispatch *take_dispatch(struct patrol *p, const char *id)
{
    struct patrol_dispatch **at = &p->dispatches;
    while (*at && !text_equal((*at)->id, id))
        at = &(*at)->next;
    struct patrol_dispatch *taken = *at;
    if (taken)
        *at = taken->next;
    return taken;
}

static void dispatched(struct patrol *p, const struct PatrolStatusUpdated *e, struct arena *a)
{
    enum dispatch_status status =
        (enum dispatch_status)word_index(dispatch_status_words, e->dispatch_status);
    struct patrol_dispatch *d = take_dispatch(p, e->dispatch_id);
    if (!is_active(status))
        return;
    if (!d) {
        d = arena_alloc(a, sizeof(*d));
        d->id = arena_text(a, e->dispatch_id);
    }
    *d = (struct patrol_dispatch){d->id, status, e->exclusive, p->dispatches};
    p->dispatches = d;
}

static void updated(struct patrol *p, const struct PatrolStatusUpdated *e, struct arena *a)
{
    p->status = (enum patrol_state)word_index(patrol_state_words, e->new_status);
    if (e->dispatch_id)
        dispatched(p, e, a);
}

static void ruled(struct patrol *p, const struct PatrolRulesDefined *e)
{
    p->transitions = (enum transition_mode)word_index(transition_mode_words, e->transitions);
    p->offer_seconds = e->offer_seconds;
}

static void patrol_evolve(void *state, const struct event *e, struct arena *a)
{
    struct patrol *p = state;
    switch ((enum patrol_event)e->type) {
    case PatrolRulesDefined: ruled(p, &e->PatrolRulesDefined); break;
    case PatrolRegistered: registered(p, &e->PatrolRegistered, a); break;
    case PatrolCrewJoined: joined(p, e->PatrolCrewJoined.user_id, a); break;
    case PatrolCrewLeft: left(p, e->PatrolCrewLeft.user_id); break;
    case PatrolStatusUpdated: updated(p, &e->PatrolStatusUpdated, a); break;
    case PatrolPositionLost: p->lost = true; break;
    case PatrolPositionFound: p->lost = false; break;
    case DispatchCreated:
    case DispatchStatusUpdated:
    case DispatchReplaced:
    case DispatchUnfilled: break; /* on streams of their own */
    }
}

static void crew_evolve(void *state, const struct event *e, struct arena *a)
{
    struct crew *c = state;
    if (e->type == PatrolCrewJoined)
        c->patrol_id = arena_text(a, e->PatrolCrewJoined.patrol_id);
    else if (e->type == PatrolCrewLeft)
        c->patrol_id = NULL;
}

/* ---- who is who ---- */

bool is_crew_of(const struct patrol *p, const struct actor *a)
{
    const struct crew_member *m = a->role == PATROL && a->user_id ? p->crew : NULL;
    while (m && !text_equal(m->user_id, a->user_id))
        m = m->next;
    return m != NULL;
}

bool commands_patrol(const struct patrol *p, const struct actor *a)
{
    return a->role == ADMIN ||
           (a->role == DISPATCHER && (!*a->agency || text_equal(a->agency, p->agency)));
}

bool has_skills(const struct patrol *p, const struct shape_list *wanted)
{
    for (int i = 0; wanted && i < wanted->count; i++) {
        const struct Skill *want = list_item(wanted, &Skill_shape, i);
        bool has = false;
        for (int k = 0; p->skills && k < p->skills->count; k++) {
            const struct Skill *skill = list_item(p->skills, &Skill_shape, k);
            has = has || text_equal(skill->name, want->name);
        }
        if (!has)
            return false;
    }
    return true;
}

/* ---- reading ---- */

void stream_of_patrol(const char *patrol_id, char out[STREAM_TEXT])
{
    stream_name("patrol", patrol_id, out);
}

fallible read_patrol(const char *patrol_id, struct decision *out, const struct patrol **p)
{
    char stream[STREAM_TEXT];
    const void *state;
    stream_of_patrol(patrol_id, stream);
    TRY(read_state(out, stream, &state));
    *p = state;
    return NULL;
}

fallible read_commanded(const char *patrol_id, const struct actor *a, struct decision *out,
                        const struct patrol **p)
{
    TRY(read_patrol(patrol_id, out, p));
    if (!(*p)->id)
        return refuse(out, NO_SUCH_PATROL, "patrol_id", NULL);
    return commands_patrol(*p, a) ? NULL : refuse(out, NOT_YOUR_PATROL, "patrol_id", NULL);
}

fallible read_crew(const char *user_id, struct decision *out, const struct crew **crew)
{
    char stream[STREAM_TEXT];
    const void *state;
    stream_name("crew", user_id, stream);
    TRY(read_state(out, stream, &state));
    *crew = state;
    return NULL;
}

fallible read_own_patrol(const struct actor *a, struct decision *out, const struct patrol **p)
{
    const struct crew *crew;
    *p = NULL;
    if (a->role != PATROL || !a->user_id)
        return NULL;
    TRY(read_crew(a->user_id, out, &crew));
    return crew->patrol_id ? read_patrol(crew->patrol_id, out, p) : NULL;
}

fallible read_patrol_rules(struct decision *out, const struct patrol **rules)
{
    return read_patrol(DEFAULT_NAME, out, rules);
}

fallible read_offer_time(struct decision *out, int64_t *us)
{
    const struct patrol *rules;
    TRY(read_patrol_rules(out, &rules));
    *us = (rules->offer_seconds ? rules->offer_seconds : 90) * 1000000;
    return NULL;
}

/* ---- deciding ---- */

static fallible patrol_decide(const void *state, const struct command *c, struct decision *out)
{
    switch ((enum patrol_command)c->type) {
    case SetPatrolRules: return set_patrol_rules(state, c, out);
    case RegisterPatrol: return register_patrol(c, out);
    case EditPatrol: return edit_patrol(state, c, out);
    case JoinCrew: return join_crew(state, c, out);
    case LeaveCrew: return leave_crew(state, c, out);
    case SetPatrolStatus: return set_patrol_status(state, c, out);
    case LosePosition: return lose_position(state, c, out);
    case FindPosition: return find_position(state, c, out);
    }
    return INTERNAL;
}

static fallible crew_decide(const void *state, const struct command *c, struct decision *out)
{
    (void)state, (void)c, (void)out;
    return INTERNAL; /* there is no command */
}

DECIDER(patrol);
DECIDER(crew);
