/* report_test.c -- what may happen to one report, told in sentences. */
#include "tests/support/sentences.h"

#define OWN "report-" R1

static struct command update(const char *status, const char *note)
{
    return COMMAND(UpdateReportStatus, .status = status, .note = note);
}

static void given_report(const char *visibility)
{
    given_nothing();
    given(created(visibility));
}

TEST(a_citizen_files_a_public_report)
{
    given_nothing();
    given_in("category-infrastruktur", category_defined("infrastruktur", "AGENCY_INFRA"));
    when(&citizen1, COMMAND(CreateReport, .content = "a hole", .category = "infrastruktur"));
    then(OWN, "report", created("PUBLIC"));
    CHECK(!decided()->anonymous);
    CHECK_TEXT(text_value(&decided()->answer), "\"report_id\":\"" R1 "\",\"status\":\"RECEIVED\","
                                               "\"similar\":\"/reports/" R1 "/similar\"");
}

TEST(an_anonymous_report_carries_the_pseudonym_and_no_user)
{
    given_nothing();
    given_in("category-infrastruktur", category_defined("infrastruktur", "AGENCY_INFRA"));
    when(&citizen1, COMMAND(CreateReport, .content = "a hole", .category = "infrastruktur",
                            .visibility = "ANONYMOUS"));
    then(OWN, "report-private", created("ANONYMOUS"));
    CHECK(decided()->anonymous);
}

TEST(a_report_of_an_unknown_category_is_refused)
{
    given_nothing();
    when(&citizen1, COMMAND(CreateReport, .content = "a hole", .category = "nowhere"));
    then_refused(NO_SUCH_CATEGORY);
    CHECK_TEXT(decided()->fault.field, "category");
    given_nothing();
    when(&citizen1, COMMAND(CreateReport, .content = "a hole", .category = "No Code!"));
    then_refused(NO_SUCH_CATEGORY);
}

TEST(a_report_of_a_category_that_is_no_longer_active_is_refused)
{
    given_nothing();
    struct event e = category_defined("infrastruktur", "AGENCY_INFRA");
    e.CategoryDefined.active = false;
    given_in("category-infrastruktur", e);
    when(&citizen1, COMMAND(CreateReport, .content = "a hole", .category = "infrastruktur"));
    then_refused(NO_SUCH_CATEGORY);
}

TEST(a_report_from_the_future_is_refused)
{
    given_nothing();
    given_in("category-infrastruktur", category_defined("infrastruktur", "AGENCY_INFRA"));
    when(&citizen1, COMMAND(CreateReport, .content = "a hole", .category = "infrastruktur",
                            .occurred_at = &(const int64_t){NOON + DAY}));
    then_refused(OUT_OF_RANGE);
    CHECK_TEXT(decided()->fault.field, "occurred_at");
}

TEST(an_officer_of_the_agency_takes_it_up)
{
    given_report("PUBLIC");
    when(&officer_infra, update("IN_PROGRESS", NULL));
    then(OWN, "report", moved("RECEIVED", "IN_PROGRESS"));
}

TEST(an_officer_of_another_agency_does_not_find_the_case)
{
    given_report("PUBLIC");
    when(&officer_health, COMMAND(UpdateCaseStatus, .status = "IN_PROGRESS"));
    then_refused(NO_SUCH_REPORT);
    given_report("PUBLIC");
    when(&officer_health, update("IN_PROGRESS", NULL));
    then_refused(NOT_YOURS); /* but they see the report */
}

TEST(a_report_that_was_never_filed_is_not_found)
{
    given_nothing();
    when(&officer_infra, update("IN_PROGRESS", NULL));
    then_refused(NO_SUCH_REPORT);
}

TEST(the_same_status_again_is_success_without_an_event)
{
    given_report("PUBLIC");
    given(moved("RECEIVED", "IN_PROGRESS"));
    when(&officer_infra, update("IN_PROGRESS", NULL));
    then_nothing();
}

TEST(with_if_match_the_version_decides_even_about_the_same_status)
{
    given_report("PUBLIC");
    given(moved("RECEIVED", "IN_PROGRESS"));
    struct command c = update("IN_PROGRESS", NULL);
    c.if_match = (struct precondition){.given = true, .count = 1, .versions = {1}};
    when(&officer_infra, c);
    then_refused(VERSION_MISMATCH);
    given_report("PUBLIC");
    given(moved("RECEIVED", "IN_PROGRESS"));
    c.if_match = (struct precondition){.given = true, .count = 1, .versions = {2}};
    when(&officer_infra, c);
    then_nothing();
}

TEST(a_move_that_is_not_in_the_table_lists_what_is)
{
    given_report("PUBLIC");
    when(&officer_infra, update("CLOSED", NULL));
    then_refused(ILLEGAL_MOVE);
    CHECK_TEXT(decided()->members, "\"allowed\":[\"IN_PROGRESS\",\"RESOLVED\",\"REJECTED\"]");
}

TEST(resolving_at_once_needs_a_note_and_resolving_work_in_progress_does_not)
{
    given_report("PUBLIC");
    when(&officer_infra, update("RESOLVED", NULL));
    then_refused(NOTE_REQUIRED);
    CHECK_TEXT(decided()->fault.field, "note");
    given_report("PUBLIC");
    given(moved("RECEIVED", "IN_PROGRESS"));
    when(&officer_infra, update("RESOLVED", NULL));
    then(OWN, "report", moved("IN_PROGRESS", "RESOLVED"));
}

TEST(only_a_supervisor_reopens_a_rejected_report)
{
    given_report("PUBLIC");
    given(moved("RECEIVED", "REJECTED"));
    when(&officer_infra, update("IN_PROGRESS", "look again"));
    then_refused(ILLEGAL_MOVE);
    CHECK_TEXT(decided()->members, "\"allowed\":[]");
    given_report("PUBLIC");
    given(moved("RECEIVED", "REJECTED"));
    when(&supervisor_infra, update("IN_PROGRESS", "look again"));
    CHECK_INT(decided()->emitted_count, 1);
}

TEST(closed_and_withdrawn_are_final)
{
    given_report("PUBLIC");
    given(moved("RESOLVED", "CLOSED"));
    when(&admin, update("IN_PROGRESS", "again"));
    then_refused(ILLEGAL_MOVE);
    given_report("PUBLIC");
    given(moved("RECEIVED", "WITHDRAWN"));
    when(&admin, update("RECEIVED", "again"));
    then_refused(ILLEGAL_MOVE);
}

TEST(the_clock_closes_what_is_resolved)
{
    given_report("PUBLIC");
    given(moved("IN_PROGRESS", "RESOLVED"));
    when(&system_actor, update("CLOSED", NULL));
    then(OWN, "report", moved("RESOLVED", "CLOSED"));
}

TEST(an_author_withdraws_while_nobody_works_on_it)
{
    given_report("PUBLIC");
    when(&citizen1, COMMAND(WithdrawReport));
    then(OWN, "report", moved("RECEIVED", "WITHDRAWN"));
    given_report("PUBLIC");
    given(moved("RECEIVED", "IN_PROGRESS"));
    when(&citizen1, COMMAND(WithdrawReport));
    then_refused(ILLEGAL_MOVE);
}

TEST(an_anonymous_author_withdraws_and_stays_anonymous)
{
    given_report("ANONYMOUS");
    when(&citizen1, COMMAND(WithdrawReport));
    CHECK_INT(decided()->emitted_count, 1);
    CHECK(decided()->anonymous);
}

TEST(an_admin_withdraws_with_a_reason)
{
    given_report("PUBLIC");
    when(&admin, COMMAND(WithdrawReport));
    then_refused(NOTE_REQUIRED);
    CHECK_TEXT(decided()->fault.field, "reason");
    given_report("PUBLIC");
    given(moved("RECEIVED", "IN_PROGRESS"));
    when(&admin, COMMAND(WithdrawReport, .reason = "names a person"));
    CHECK_INT(decided()->emitted_count, 1);
}

TEST(a_stranger_neither_withdraws_a_report_nor_learns_of_a_hidden_one)
{
    given_report("PUBLIC");
    when(&citizen2, COMMAND(WithdrawReport));
    then_refused(NOT_YOURS);
    given_report("PRIVATE");
    when(&citizen2, COMMAND(WithdrawReport));
    then_refused(NO_SUCH_REPORT);
}

TEST(an_author_reopens_a_resolved_report_within_fourteen_days)
{
    struct command c = update("IN_PROGRESS", "it is broken again");
    given_report("PUBLIC");
    given(moved("IN_PROGRESS", "RESOLVED"));
    c.now = NOON + 14 * DAY;
    when(&citizen1, c);
    CHECK_INT(decided()->emitted_count, 1);
    given_report("PUBLIC");
    given(moved("IN_PROGRESS", "RESOLVED"));
    c.now = NOON + 14 * DAY + 1;
    when(&citizen1, c);
    then_refused(ILLEGAL_MOVE);
    given_report("PUBLIC");
    given(moved("IN_PROGRESS", "RESOLVED"));
    when(&citizen2, update("IN_PROGRESS", "it is broken again"));
    then_refused(NOT_YOURS);
}

TEST(a_hidden_report_is_seen_by_its_author_and_its_agency)
{
    given_report("PRIVATE");
    struct report_agency former = {.code = "AGENCY_SAFETY"};
    struct report_agency owner = {.code = "AGENCY_INFRA", .former = &former};
    const struct report r = {.id = R1,
                             .visibility = PRIVATE,
                             .reporter = C1,
                             .owner_agency = owner.code,
                             .agencies = &owner};
    struct actor officer_safety = officer_health;
    officer_safety.agency = former.code;
    CHECK(may_see(&r, &officer_safety));
    CHECK(!is_officer_of(&r, &officer_safety));
    CHECK(may_see(&r, &citizen1));
    CHECK(!may_see(&r, &citizen2));
    CHECK(may_see(&r, &officer_infra));
    CHECK(!may_see(&r, &officer_health));
    CHECK(may_see(&r, &admin));
}
