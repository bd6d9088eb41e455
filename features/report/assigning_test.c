/* assigning_test.c -- who works on a report, and who says so. */
#include "tests/support/sentences.h"

#include "features/account/account.h"

#define OWN        "report-" R1
#define OFFICER_F1 "019b7f00-0000-7000-8000-0000000000f1"
#define OFFICER_F3 "019b7f00-0000-7000-8000-0000000000f3"

static void given_report(const char *visibility)
{
    given_nothing();
    given(created(visibility));
}

static struct event registered(const char *user, const char *role, const char *agency)
{
    return EVENT(UserRegistered, .user_id = user, .role = role, .agency = agency,
                 .registered_at = NOON);
}

static struct event assigned(const char *from, const char *to)
{
    return EVENT(ReportAssigned, .report_id = R1, .old_assignee_user_id = from,
                 .assignee_user_id = to, .owner_agency = "AGENCY_INFRA", .visibility = "PUBLIC",
                 .assigned_at = NOON);
}

TEST(an_officer_takes_what_nobody_has_and_gives_back_what_is_theirs)
{
    given_report("PUBLIC");
    given_in("user-" OFFICER_F1, registered(OFFICER_F1, "OFFICER", "AGENCY_INFRA"));
    when(&officer_infra, COMMAND(AssignCase, .user_id = OFFICER_F1));
    then(OWN, "report", assigned(NULL, OFFICER_F1));
    given_report("PUBLIC");
    given(assigned(NULL, OFFICER_F1));
    when(&officer_infra, COMMAND(AssignCase));
    then(OWN, "report", assigned(OFFICER_F1, NULL));
}

TEST(an_officer_gives_nothing_to_others_and_takes_nothing_from_them)
{
    given_report("PUBLIC");
    when(&officer_infra, COMMAND(AssignCase, .user_id = OFFICER_F3));
    then_refused(NOT_YOURS_TO_ASSIGN);
    given_report("PUBLIC");
    given(assigned(NULL, OFFICER_F3));
    when(&officer_infra, COMMAND(AssignCase, .user_id = OFFICER_F1));
    then_refused(ASSIGNED_ALREADY);
    given_report("PUBLIC");
    given(assigned(NULL, OFFICER_F3));
    when(&officer_infra, COMMAND(AssignCase));
    then_refused(ASSIGNED_ALREADY);
}

TEST(a_supervisor_gives_it_to_anybody_of_the_agency)
{
    given_report("PUBLIC");
    given(assigned(NULL, OFFICER_F1));
    given_in("user-" OFFICER_F3, registered(OFFICER_F3, "OFFICER", "AGENCY_INFRA"));
    when(&supervisor_infra, COMMAND(AssignCase, .user_id = OFFICER_F3));
    then(OWN, "report", assigned(OFFICER_F1, OFFICER_F3));
}

static void then_not_assignable(struct event first, struct event second)
{
    given_report("PUBLIC");
    given_in("user-" OFFICER_F3, first);
    if (second.type != first.type)
        given_in("user-" OFFICER_F3, second);
    when(&supervisor_infra, COMMAND(AssignCase, .user_id = OFFICER_F3));
    then_refused(NOT_ASSIGNABLE);
}

TEST(who_is_not_of_the_agency_or_disabled_is_not_assigned)
{
    struct event officer = registered(OFFICER_F3, "OFFICER", "AGENCY_INFRA");
    struct event health = registered(OFFICER_F3, "OFFICER", "AGENCY_HEALTH");
    struct event citizen = registered(OFFICER_F3, "CITIZEN", NULL);
    struct event disabled =
        EVENT(UserDisabled, .user_id = OFFICER_F3, .role_version = 2, .disabled_at = NOON);
    struct event changed = EVENT(UserRoleChanged, .user_id = OFFICER_F3, .role = "PATROL",
                                 .agency = "AGENCY_INFRA", .role_version = 2, .changed_at = NOON);
    then_not_assignable(health, health);
    then_not_assignable(citizen, citizen);
    then_not_assignable(officer, disabled);
    then_not_assignable(officer, changed);
    given_report("PUBLIC");
    when(&supervisor_infra, COMMAND(AssignCase, .user_id = OFFICER_F3));
    then_refused(NOT_ASSIGNABLE);
}

TEST(whoever_has_it_already_is_assigned_without_an_event_whatever_they_have_become)
{
    given_report("PUBLIC");
    given(assigned(NULL, OFFICER_F3));
    when(&supervisor_infra, COMMAND(AssignCase, .user_id = OFFICER_F3));
    then_nothing();
}

/* No event says who did it: their name as the one who has the case would. */
TEST(an_anonymous_author_neither_takes_their_report_nor_gives_it_back)
{
    struct event e = created("ANONYMOUS");
    e.ReportCreated.reporter_pseudonym = officer_infra.pseudonym;
    given_nothing();
    given(e);
    given_in("user-" OFFICER_F1, registered(OFFICER_F1, "OFFICER", "AGENCY_INFRA"));
    when(&officer_infra, COMMAND(AssignCase, .user_id = OFFICER_F1));
    then_refused(OWN_ANONYMOUS_REPORT);
    CHECK(decided()->anonymous);
    given_nothing();
    given(e);
    given(assigned(NULL, OFFICER_F1));
    when(&officer_infra, COMMAND(AssignCase));
    then_refused(OWN_ANONYMOUS_REPORT);
}

TEST(a_hand_over_takes_the_assignee_away)
{
    given_report("PUBLIC");
    given(assigned(NULL, OFFICER_F3));
    given(EVENT(ReportForwarded, .report_id = R1, .old_owner_agency = "AGENCY_INFRA",
                .owner_agency = "AGENCY_HEALTH", .old_category = "infrastruktur",
                .category = "infrastruktur", .old_kind = "issue", .kind = "issue",
                .old_status = "RECEIVED", .new_status = "RECEIVED", .visibility = "PUBLIC",
                .note = "yours", .forwarded_at = NOON));
    when(&officer_health, COMMAND(AssignCase));
    then_nothing();
}
