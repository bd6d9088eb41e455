/* crews.c -- the unit itself and who is in its crew; and the rules of the installation. */
#include "features/patrol/patrol_rules.h"

#include "features/account/account.h"
#include "features/agency/agency.h"
#include "base/banned.h"

static const struct shape_list NO_SKILLS = {0, NULL};

void emit_to_patrol(const struct patrol *p, struct event e, struct decision *out)
{
    char stream[STREAM_TEXT];
    stream_of_patrol(p->id, stream);
    emit(out, stream, "patrol", e);
}

fallible must_command(const struct patrol *p, const struct command *c, bool crew,
                      struct decision *out)
{
    if (!p->id)
        return NO_SUCH_PATROL;
    if (!commands_patrol(p, &c->actor) && !(crew && is_crew_of(p, &c->actor)))
        return NOT_YOUR_PATROL;
    return check_version(c, out);
}

/* ---- the rules of the installation ---- */

/* The system writes them at every start of a city that has none. */
fallible set_patrol_rules(const struct patrol *rules, const struct command *c, struct decision *out)
{
    const struct SetPatrolRules *b = &c->SetPatrolRules;
    char stream[STREAM_TEXT];
    TRY(check_version(c, out));
    enum transition_mode mode =
        (enum transition_mode)word_index(transition_mode_words, b->transitions);
    bool same = rules->transitions == mode && rules->offer_seconds == b->offer_seconds;
    stream_of_patrol(DEFAULT_NAME, stream);
    if (!same && !(c->actor.role == SYSTEM && rules->offer_seconds))
        emit(out, stream, "patrol",
             EVENT(PatrolRulesDefined, .transitions = b->transitions,
                   .offer_seconds = b->offer_seconds, .defined_at = c->now));
    answer(out, "transitions", b->transitions);
    return NULL;
}

/* ---- the unit ---- */

/* A dispatcher of an agency registers its units, one of none and an admin those of any. */
static fallible agency_for(const struct command *c, struct decision *out, const char **agency)
{
    const char *own = c->actor.role == DISPATCHER && *c->actor.agency ? c->actor.agency : NULL;
    *agency = c->RegisterPatrol.agency ? c->RegisterPatrol.agency : own;
    if (!*agency)
        return refuse(out, MISSING_FIELD, "agency", "Which agency the unit belongs to.");
    if (own && !text_equal(own, *agency))
        return refuse(out, NOT_YOUR_PATROL, "agency", NULL);
    return require_agency(*agency, "agency", out);
}

fallible register_patrol(const struct command *c, struct decision *out)
{
    const struct RegisterPatrol *b = &c->RegisterPatrol;
    const char *agency;
    char stream[STREAM_TEXT];
    TRY(agency_for(c, out, &agency));
    stream_of_patrol(c->target, stream);
    emit(out, stream, "patrol",
         EVENT(PatrolRegistered, .patrol_id = c->target, .call_sign = b->call_sign,
               .agency = agency, .skills = b->skills ? b->skills : &NO_SKILLS,
               .registered_at = c->now));
    answer(out, "patrol_id", c->target);
    answer(out, "status", patrol_state_words[PATROL_OFF_DUTY]);
    return NULL;
}

static bool same_skills(const struct patrol *p, const struct shape_list *to)
{
    const struct patrol other = {.skills = to};
    return has_skills(p, to) && has_skills(&other, p->skills);
}

fallible edit_patrol(const struct patrol *p, const struct command *c, struct decision *out)
{
    const struct EditPatrol *b = &c->EditPatrol;
    TRY(must_command(p, c, false, out));
    const char *call_sign = b->call_sign ? b->call_sign : p->call_sign;
    const struct shape_list *skills = b->skills ? b->skills : p->skills;
    if (!text_equal(call_sign, p->call_sign) || !same_skills(p, skills))
        emit_to_patrol(p,
                       EVENT(PatrolRegistered, .patrol_id = p->id, .call_sign = call_sign,
                             .agency = p->agency, .skills = skills, .registered_at = c->now),
                       out);
    answer(out, "patrol_id", p->id);
    return NULL;
}

/* ---- its crew ---- */

static void emit_to_both(const struct patrol *p, const char *user_id, struct event e,
                         struct decision *out)
{
    char crew[STREAM_TEXT];
    stream_name("crew", user_id, crew);
    emit_to_patrol(p, e, out);
    emit(out, crew, "patrol", e);
}

static fallible must_be_crewable(const struct patrol *p, const char *user_id, struct decision *out)
{
    char stream[STREAM_TEXT];
    const void *state;
    stream_of_user(user_id, stream);
    TRY(read_state(out, stream, &state));
    const struct user *u = state;
    bool other = u->agency && *u->agency && !text_equal(u->agency, p->agency);
    if (!u->registered || u->disabled || u->role != PATROL || other)
        return refuse(out, NOT_CREWABLE, "user_id", NULL);
    return NULL;
}

static fallible may_join(const struct patrol *p, const struct crew *crew, const char *user_id,
                         struct decision *out)
{
    TRY(must_be_crewable(p, user_id, out));
    if (crew->patrol_id) {
        out->members = arena_printf(out->arena, "\"patrol_id\":\"%s\"", crew->patrol_id);
        return refuse(out, IN_OTHER_CREW, "user_id", NULL);
    }
    return p->crew_count < CREW_MAX ? NULL : refuse(out, CREW_FULL, NULL, NULL);
}

fallible join_crew(const struct patrol *p, const struct command *c, struct decision *out)
{
    const char *user_id = c->JoinCrew.user_id;
    const struct crew *crew;
    TRY(must_command(p, c, false, out));
    TRY(read_crew(user_id, out, &crew));
    if (!text_equal(crew->patrol_id, p->id)) {
        TRY(may_join(p, crew, user_id, out));
        emit_to_both(p, user_id,
                     EVENT(PatrolCrewJoined, .patrol_id = p->id, .agency = p->agency,
                           .user_id = user_id, .joined_at = c->now),
                     out);
    }
    answer(out, "patrol_id", p->id);
    answer(out, "user_id", user_id);
    return NULL;
}

fallible leave_crew(const struct patrol *p, const struct command *c, struct decision *out)
{
    const char *user_id = c->LeaveCrew.user_id;
    const struct crew *crew;
    TRY(must_command(p, c, false, out));
    TRY(read_crew(user_id, out, &crew));
    if (text_equal(crew->patrol_id, p->id))
        emit_to_both(p, user_id,
                     EVENT(PatrolCrewLeft, .patrol_id = p->id, .agency = p->agency,
                           .user_id = user_id, .left_at = c->now),
                     out);
    answer(out, "patrol_id", p->id);
    answer(out, "user_id", user_id);
    return NULL;
}
