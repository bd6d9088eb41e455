/* patrol_test.c -- the unit, its crew, and its status by hand. */
#include "tests/support/sentences.h"

#include "features/patrol/patrol.h"

#define P2     "019b7f00-0000-7000-8000-0000000000d9"
#define OWN    "patrol-" R1
#define RULES  "patrol-default"
#define SAFETY "AGENCY_SAFETY"

static const struct Skill k9_rows[] = {{"k9"}};
static const struct shape_list k9 = {1, k9_rows}, none = {0, NULL};

static struct event registered(const char *call_sign, const struct shape_list *skills)
{
    return EVENT(PatrolRegistered, .patrol_id = R1, .call_sign = call_sign, .agency = SAFETY,
                 .skills = skills, .registered_at = NOON);
}

static struct event status(const char *from, const char *to)
{
    return EVENT(PatrolStatusUpdated, .patrol_id = R1, .agency = SAFETY, .old_status = from,
                 .new_status = to, .changed_at = NOON);
}

static struct event joined(const char *patrol, const char *user)
{
    return EVENT(PatrolCrewJoined, .patrol_id = patrol, .agency = SAFETY, .user_id = user,
                 .joined_at = NOON);
}

static struct event rules(const char *transitions)
{
    return EVENT(PatrolRulesDefined, .transitions = transitions, .offer_seconds = 90,
                 .defined_at = NOON);
}

static struct event account(const char *user, const char *role, const char *agency)
{
    return EVENT(UserRegistered, .user_id = user, .role = role, .agency = agency,
                 .registered_at = NOON);
}

/* R1, with patrol1 as its crew, in that status. */
static void given_patrol(const char *is)
{
    given_nothing();
    given_in(OWN, registered("Anggrek 1", &none));
    given_in(OWN, joined(R1, PATROLLER1));
    given_in("crew-" PATROLLER1, joined(R1, PATROLLER1));
    if (is)
        given_in(OWN, status("off_duty", is));
}

/* ---- the unit ---- */

TEST(a_dispatcher_registers_a_patrol_of_the_own_agency_and_one_of_none_names_it)
{
    given_nothing();
    given_agency(SAFETY, true);
    when(&dispatcher_safety, COMMAND(RegisterPatrol, .call_sign = "Anggrek 1", .skills = &k9));
    then(OWN, "patrol", registered("Anggrek 1", &k9));
    given_nothing();
    given_agency(SAFETY, true);
    when(&dispatcher, COMMAND(RegisterPatrol, .call_sign = "Anggrek 1", .agency = SAFETY));
    then(OWN, "patrol", registered("Anggrek 1", &none));
    given_nothing();
    when(&dispatcher, COMMAND(RegisterPatrol, .call_sign = "Anggrek 1"));
    then_refused(MISSING_FIELD);
    given_nothing();
    given_agency("AGENCY_INFRA", true);
    when(&dispatcher_safety,
         COMMAND(RegisterPatrol, .call_sign = "Anggrek 1", .agency = "AGENCY_INFRA"));
    then_refused(NOT_YOUR_PATROL);
    given_nothing();
    given_agency(SAFETY, false);
    when(&admin, COMMAND(RegisterPatrol, .call_sign = "Anggrek 1", .agency = SAFETY));
    then_refused(NO_SUCH_AGENCY);
}

TEST(what_is_left_out_of_an_edit_stays_and_the_same_again_is_no_event)
{
    given_patrol(NULL);
    when(&dispatcher, COMMAND(EditPatrol, .skills = &k9));
    then(OWN, "patrol", registered("Anggrek 1", &k9));
    given_patrol(NULL);
    when(&dispatcher, COMMAND(EditPatrol, .call_sign = "Anggrek 1", .skills = &none));
    then_nothing();
    given_patrol(NULL);
    when(&patrol1, COMMAND(EditPatrol, .call_sign = "Mine"));
    then_refused(NOT_YOUR_PATROL);
    given_nothing();
    when(&dispatcher, COMMAND(EditPatrol, .call_sign = "Anggrek 1"));
    then_refused(NO_SUCH_PATROL);
}

static void when_ruled(const struct actor *a, const char *transitions)
{
    struct command c = COMMAND(SetPatrolRules, .transitions = transitions, .offer_seconds = 90);
    c.target = DEFAULT_NAME;
    when(a, c);
}

TEST(an_admin_sets_the_rules_and_the_system_writes_them_once)
{
    given_nothing();
    when_ruled(&system_actor, "warn");
    then(RULES, "patrol", rules("warn"));
    given_nothing();
    given_in(RULES, rules("off"));
    when_ruled(&system_actor, "warn");
    then_nothing();
    given_nothing();
    given_in(RULES, rules("off"));
    when_ruled(&admin, "enforce");
    then(RULES, "patrol", rules("enforce"));
}

/* ---- its crew ---- */

static void when_joins(const struct actor *a, struct event user)
{
    given_patrol(NULL);
    given_in("user-" PATROLLER2, user);
    when(a, COMMAND(JoinCrew, .user_id = PATROLLER2));
}

TEST(a_user_of_role_patrol_joins_and_both_streams_tell_it)
{
    when_joins(&dispatcher, account(PATROLLER2, "PATROL", NULL));
    then_count(2);
    then_at(0, OWN, "patrol", joined(R1, PATROLLER2));
    then_at(1, "crew-" PATROLLER2, "patrol", joined(R1, PATROLLER2));
    when_joins(&dispatcher, account(PATROLLER2, "PATROL", SAFETY));
    then_count(2);
    when_joins(&dispatcher, account(PATROLLER2, "PATROL", "AGENCY_INFRA"));
    then_refused(NOT_CREWABLE);
    when_joins(&dispatcher, account(PATROLLER2, "CITIZEN", NULL));
    then_refused(NOT_CREWABLE);
    when_joins(&patrol1, account(PATROLLER2, "PATROL", NULL));
    then_refused(NOT_YOUR_PATROL);
}

TEST(nobody_is_in_two_crews)
{
    given_patrol(NULL);
    given_in("user-" PATROLLER2, account(PATROLLER2, "PATROL", NULL));
    given_in("crew-" PATROLLER2, joined(P2, PATROLLER2));
    when(&dispatcher, COMMAND(JoinCrew, .user_id = PATROLLER2));
    then_refused(IN_OTHER_CREW);
    CHECK_TEXT(decided()->members, "\"patrol_id\":\"" P2 "\"");
    given_patrol(NULL);
    when(&dispatcher, COMMAND(JoinCrew, .user_id = PATROLLER1));
    then_nothing();
}

TEST(who_leaves_is_in_no_crew_and_who_is_not_in_it_leaves_without_an_event)
{
    struct event left = EVENT(PatrolCrewLeft, .patrol_id = R1, .agency = SAFETY,
                              .user_id = PATROLLER1, .left_at = NOON);
    given_patrol(NULL);
    when(&admin, COMMAND(LeaveCrew, .user_id = PATROLLER1));
    then_count(2);
    then_at(0, OWN, "patrol", left);
    then_at(1, "crew-" PATROLLER1, "patrol", left);
    given_patrol(NULL);
    given_in(OWN, left);
    given_in("crew-" PATROLLER1, left);
    when(&admin, COMMAND(LeaveCrew, .user_id = PATROLLER1));
    then_nothing();
    CHECK(!is_crew_of(decided_state(), &patrol1));
}

/* ---- its status by hand ---- */

TEST(its_crew_its_dispatchers_and_admins_change_its_status)
{
    static const struct actor *const may[] = {&patrol1, &dispatcher, &dispatcher_safety, &admin};
    for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++) {
        given_patrol(NULL);
        when(may[i], COMMAND(SetPatrolStatus, .status = "available"));
        then(OWN, "patrol", status("off_duty", "available"));
    }
    const struct actor other = {dispatcher.user_id, "p", "AGENCY_INFRA", DISPATCHER};
    given_patrol(NULL);
    when(&other, COMMAND(SetPatrolStatus, .status = "available"));
    then_refused(NOT_YOUR_PATROL);
    given_patrol(NULL);
    when(&patrol2, COMMAND(SetPatrolStatus, .status = "available"));
    then_refused(NOT_YOUR_PATROL);
    given_patrol("available");
    when(&patrol1, COMMAND(SetPatrolStatus, .status = "available"));
    then_nothing();
}

static void when_unusual(const char *transitions, const bool *confirm)
{
    given_patrol("busy");
    given_in(RULES, rules(transitions));
    when(&patrol1, COMMAND(SetPatrolStatus, .status = "off_duty", .confirm = confirm));
}

TEST(the_rules_of_the_installation_say_what_becomes_of_an_unusual_transition)
{
    static const bool yes = true, no = false;
    when_unusual("off", NULL);
    then(OWN, "patrol", status("busy", "off_duty"));
    when_unusual("warn", NULL);
    then_refused(UNUSUAL_TRANSITION);
    CHECK_TEXT(decided()->members,
               "\"allowed\":[\"available\",\"returning\",\"out_of_service\"],\"confirmable\":true");
    when_unusual("warn", &no);
    then_refused(UNUSUAL_TRANSITION);
    when_unusual("warn", &yes);
    then(OWN, "patrol", status("busy", "off_duty"));
    when_unusual("enforce", &yes);
    then_refused(UNUSUAL_TRANSITION);
}

TEST(what_comes_with_a_dispatch_does_not_come_by_hand_and_a_dispatched_patrol_follows_it)
{
    struct event sent = status("available", "assigned");
    sent.PatrolStatusUpdated.dispatch_id = P2;
    sent.PatrolStatusUpdated.dispatch_status = "OFFERED";
    sent.PatrolStatusUpdated.exclusive = true;
    given_patrol("available");
    given_in(RULES, rules("off"));
    when(&patrol1, COMMAND(SetPatrolStatus, .status = "on_scene"));
    then_refused(COMES_WITH_DISPATCH);
    given_patrol("available");
    given_in(OWN, sent);
    given_in(RULES, rules("off"));
    when(&patrol1, COMMAND(SetPatrolStatus, .status = "off_duty"));
    then_refused(PATROL_DISPATCHED);
    CHECK_TEXT(decided()->members, "\"dispatch_id\":\"" P2 "\",\"dispatch_status\":\"OFFERED\"");
}

/* ---- its position ---- */

TEST(a_position_is_lost_once_and_found_once_and_only_the_system_says_so)
{
    struct event lost = EVENT(PatrolPositionLost, .patrol_id = R1, .agency = SAFETY,
                              .last_fix_at = NOON - DAY, .lost_at = NOON);
    given_patrol(NULL);
    when(&system_actor, COMMAND(LosePosition, .last_fix_at = NOON - DAY));
    then(OWN, "patrol", lost);
    given_patrol(NULL);
    given_in(OWN, lost);
    when(&system_actor, COMMAND(LosePosition, .last_fix_at = NOON - DAY));
    then_nothing();
    given_patrol(NULL);
    given_in(OWN, lost);
    when(&system_actor, COMMAND(FindPosition, .last_fix_at = NOON));
    then(OWN, "patrol",
         EVENT(PatrolPositionFound, .patrol_id = R1, .agency = SAFETY, .found_at = NOON));
    given_patrol(NULL);
    when(&admin, COMMAND(LosePosition, .last_fix_at = NOON));
    then_refused(NO_SUCH_PATROL);
}
