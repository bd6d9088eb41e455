/* merging_test.c -- one report is merged into another, and taken out again. */
#include "tests/support/sentences.h"

#define R2  "019b7f00-0000-7000-8000-000000000003"
#define R3  "019b7f00-0000-7000-8000-000000000004"
#define OWN "report-" R1

static struct event filed(const char *id, const char *visibility)
{
    struct event e = created(visibility);
    e.ReportCreated.report_id = id;
    return e;
}

/* R1 and R2, of one agency, kind and visibility. */
static void given_two(const char *visibility)
{
    given_nothing();
    given_in(OWN, filed(R1, visibility));
    given_in("report-" R2, filed(R2, visibility));
}

static struct event merged(const char *on, const char *one, const char *into)
{
    return EVENT(ReportMerged, .report_id = on, .merged_report_id = one, .into_report_id = into,
                 .owner_agency = "AGENCY_INFRA", .category = "infrastruktur", .status = "RECEIVED",
                 .visibility = "PUBLIC", .merged_at = NOON);
}

static struct event unmerged(const char *on, const char *one, const char *into)
{
    return EVENT(ReportUnmerged, .report_id = on, .merged_report_id = one, .into_report_id = into,
                 .owner_agency = "AGENCY_INFRA", .category = "infrastruktur", .status = "RECEIVED",
                 .visibility = "PUBLIC", .unmerged_at = NOON);
}

static void given_merged(const char *one, const char *into)
{
    char stream[STREAM_TEXT];
    stream_of_report(one, stream);
    given_in(stream, merged(one, one, into));
    stream_of_report(into, stream);
    given_in(stream, merged(into, one, into));
}

static void then_both(struct event own, struct event other)
{
    CHECK_PROBLEM(decided_outcome(), NULL);
    CHECK_INT(decided()->emitted_count, 2);
    const struct emitted *e = decided()->emitted;
    const struct event expected[] = {own, other};
    for (int i = 0; i < 2 && i < decided()->emitted_count; i++) {
        scoped_arena a = {0};
        scoped_text is = {0}, must = {0};
        CHECK_OK(event_write(&e[i].event, &a, &is, NULL));
        CHECK_OK(event_write(&expected[i], &a, &must, NULL));
        CHECK_TEXT(text_value(&is), text_value(&must));
        CHECK_TEXT(e[i].stream, i ? "report-" R2 : OWN);
        CHECK_TEXT(e[i].category, "report");
    }
}

#define MERGE COMMAND(MergeCase, .into = R2)

TEST(a_report_is_merged_into_another_and_both_streams_tell_it)
{
    given_two("PUBLIC");
    when(&officer_infra, MERGE);
    then_both(merged(R1, R1, R2), merged(R2, R1, R2));
    given_two("PUBLIC");
    when(&admin, MERGE);
    then_both(merged(R1, R1, R2), merged(R2, R1, R2));
}

TEST(merging_again_into_the_same_is_success_without_an_event_and_into_another_is_refused)
{
    given_two("PUBLIC");
    given_merged(R1, R2);
    when(&officer_infra, MERGE);
    then_nothing();
    given_two("PUBLIC");
    given_in("report-" R3, filed(R3, "PUBLIC"));
    given_merged(R1, R2);
    when(&officer_infra, COMMAND(MergeCase, .into = R3));
    then_refused(MERGED);
    CHECK_TEXT(decided()->members, "\"merged_into\":\"" R2 "\"");
}

static void then_merged(const struct actor *author, const char *visibility, const char *members)
{
    given_two(visibility);
    given_merged(R1, R2);
    when(author, COMMAND(EditReport, .content = "two holes"));
    then_refused(MERGED);
    CHECK_TEXT(decided()->members, members);
    CHECK(decided()->fault.detail || !members);
}

TEST(an_author_is_not_told_which_hidden_report_theirs_was_merged_into)
{
    then_merged(&citizen1, "PUBLIC", "\"merged_into\":\"" R2 "\"");
    then_merged(&citizen1, "PRIVATE", NULL);
    then_merged(&citizen1, "ANONYMOUS", NULL);
    CHECK(decided()->anonymous);
}

TEST(a_merged_report_is_taken_out_again)
{
    given_two("PUBLIC");
    given_merged(R1, R2);
    when(&officer_infra, COMMAND(UnmergeCase));
    then_both(unmerged(R1, R1, R2), unmerged(R2, R1, R2));
    given_two("PUBLIC");
    when(&officer_infra, COMMAND(UnmergeCase));
    then_nothing();
    given_two("PUBLIC");
    given_merged(R1, R2);
    given_in(OWN, unmerged(R1, R1, R2));
    given_in("report-" R2, unmerged(R2, R1, R2));
    when(&officer_infra, MERGE);
    then_both(merged(R1, R1, R2), merged(R2, R1, R2));
}

TEST(an_agency_gets_its_report_back_also_after_the_other_one_was_forwarded)
{
    struct event away = EVENT(ReportForwarded, .report_id = R2, .old_owner_agency = "AGENCY_INFRA",
                              .owner_agency = "AGENCY_HEALTH", .old_category = "infrastruktur",
                              .category = "infrastruktur", .old_kind = "issue", .kind = "issue",
                              .old_status = "RECEIVED", .new_status = "RECEIVED",
                              .visibility = "PUBLIC", .note = "yours", .forwarded_at = NOON);
    struct event theirs = unmerged(R2, R1, R2);
    theirs.ReportUnmerged.owner_agency = "AGENCY_HEALTH";
    given_two("PUBLIC");
    given_merged(R1, R2);
    given_in("report-" R2, away);
    when(&officer_infra, COMMAND(UnmergeCase));
    then_both(unmerged(R1, R1, R2), theirs);
    given_two("PUBLIC");
    given_merged(R1, R2);
    given_in("report-" R2, away);
    when(&officer_health, COMMAND(UnmergeCase));
    then_refused(NO_SUCH_REPORT);
}

TEST(there_are_no_chains_of_merged_reports)
{
    given_two("PUBLIC");
    given_in("report-" R3, filed(R3, "PUBLIC"));
    given_merged(R2, R3);
    when(&officer_infra, MERGE); /* the target is merged */
    then_refused(NOT_MERGEABLE);
    given_two("PUBLIC");
    given_in("report-" R3, filed(R3, "PUBLIC"));
    given_merged(R3, R1);
    when(&officer_infra, MERGE); /* it is a target */
    then_refused(NOT_MERGEABLE);
    given_two("PUBLIC");
    when(&officer_infra, COMMAND(MergeCase, .into = R1));
    then_refused(NOT_MERGEABLE);
}

TEST(at_most_a_hundred_reports_are_merged_into_one)
{
    given_two("PUBLIC");
    for (int i = 0; i < 100; i++)
        given_in("report-" R2, merged(R2, R3, R2));
    when(&officer_infra, MERGE);
    then_refused(NOT_MERGEABLE);
}

static struct event moved_to(const char *id, const char *status)
{
    struct event e = moved("RECEIVED", status);
    e.ReportStatusUpdated.report_id = id;
    return e;
}

TEST(a_final_report_is_neither_merged_nor_a_target)
{
    static const struct {
        const char *id, *status, *detail;
    } finals[] = {{R1, "WITHDRAWN", "This report is WITHDRAWN."},
                  {R1, "CLOSED", "This report is CLOSED."},
                  {R2, "WITHDRAWN", "That report is WITHDRAWN."},
                  {R2, "CLOSED", "That report is CLOSED."}};
    char stream[STREAM_TEXT];
    for (int i = 0; i < 4; i++) {
        given_two("PUBLIC");
        stream_of_report(finals[i].id, stream);
        given_in(stream, moved_to(finals[i].id, finals[i].status));
        when(&admin, MERGE);
        then_refused(NOT_MERGEABLE);
        CHECK_TEXT(decided()->fault.detail, finals[i].detail);
    }
    given_two("PUBLIC");
    given_in("report-" R2, moved_to(R2, "RESOLVED"));
    when(&officer_infra, MERGE);
    CHECK_PROBLEM(decided_outcome(), NULL);
}

static void then_kept(const struct actor *who, struct command c, const char *visibility,
                      const char *members)
{
    given_two(visibility);
    given_in("report-" R3, filed(R3, visibility));
    given_merged(R3, R1);
    given_merged(R2, R1);
    when(who, c);
    then_refused(MERGE_TARGET);
    CHECK_TEXT(decided()->members, members);
}

TEST(what_others_are_merged_into_is_not_withdrawn_by_anybody_and_names_them_to_who_may_know)
{
    static const char both[] = "\"merged\":[\"" R2 "\",\"" R3 "\"]";
    struct command by_case = COMMAND(UpdateCaseStatus, .status = "WITHDRAWN", .note = "spam");
    then_kept(&admin, COMMAND(WithdrawReport, .reason = "spam"), "PUBLIC", both);
    then_kept(&admin, by_case, "ANONYMOUS", both);
    then_kept(&citizen1, COMMAND(WithdrawReport), "PUBLIC", both);
    then_kept(&citizen1, COMMAND(UpdateReportStatus, .status = "WITHDRAWN"), "PRIVATE", NULL);
    then_kept(&citizen1, COMMAND(WithdrawReport), "ANONYMOUS", NULL);
}

TEST(a_report_is_withdrawn_when_all_are_taken_out_of_it)
{
    given_two("PUBLIC");
    given_in("report-" R3, filed(R3, "PUBLIC"));
    given_merged(R2, R1);
    given_merged(R3, R1);
    given_in(OWN, unmerged(R1, R2, R1));
    when(&citizen1, COMMAND(WithdrawReport));
    then_refused(MERGE_TARGET);
    CHECK_TEXT(decided()->members, "\"merged\":[\"" R3 "\"]");
    given_two("PUBLIC");
    given_merged(R2, R1);
    given_in(OWN, unmerged(R1, R2, R1));
    when(&citizen1, COMMAND(WithdrawReport));
    CHECK_PROBLEM(decided_outcome(), NULL);
    CHECK_INT(decided()->emitted_count, 1);
}

/* R1 is a public issue of AGENCY_INFRA; the other one is like this. */
static void given_other(const char *visibility, const char *kind, const char *agency)
{
    struct event other = filed(R2, visibility);
    other.ReportCreated.kind = kind;
    other.ReportCreated.owner_agency = agency;
    given_nothing();
    given_in(OWN, filed(R1, "PUBLIC"));
    given_in("report-" R2, other);
}

TEST(only_reports_of_one_agency_visibility_and_kind_are_merged_also_by_an_admin)
{
    static const char *const others[][3] = {{"PRIVATE", "issue", "AGENCY_INFRA"},
                                            {"PUBLIC", "crime", "AGENCY_INFRA"},
                                            {"PUBLIC", "issue", "AGENCY_HEALTH"}};
    for (int i = 0; i < 3; i++) {
        given_other(others[i][0], others[i][1], others[i][2]);
        when(&admin, MERGE);
        then_refused(NOT_MERGEABLE);
        given_other(others[i][0], others[i][1], others[i][2]);
        when(&officer_infra, MERGE);
        then_refused(NOT_MERGEABLE);
    }
}

TEST(what_an_officer_may_not_see_is_no_target_and_the_case_of_others_is_missing)
{
    given_other("PRIVATE", "issue", "AGENCY_HEALTH");
    when(&officer_infra, MERGE);
    then_refused(NO_SUCH_REPORT);
    CHECK_TEXT(decided()->fault.field, "into");
    given_nothing();
    given_in(OWN, filed(R1, "PUBLIC"));
    when(&officer_infra, MERGE);
    then_refused(NO_SUCH_REPORT);
    given_two("PUBLIC");
    when(&officer_health, MERGE);
    then_refused(NO_SUCH_REPORT);
    given_two("PUBLIC");
    given_merged(R1, R2);
    when(&officer_health, COMMAND(UnmergeCase));
    then_refused(NO_SUCH_REPORT);
}

TEST(who_wrote_one_of_two_anonymous_reports_is_not_named_by_merging_them)
{
    given_two("ANONYMOUS");
    struct actor author = admin;
    author.pseudonym = created("ANONYMOUS").ReportCreated.reporter_pseudonym;
    when(&author, MERGE);
    CHECK_PROBLEM(decided_outcome(), NULL);
    CHECK(decided()->anonymous);
    CHECK_TEXT(decided()->emitted[1].category, "report-private");
}

/* ---- what passes while it is merged ---- */

static void given_merged_report(void)
{
    given_two("PUBLIC");
    given_in(OWN, EVENT(ReportQuestionAsked, .report_id = R1, .question_id = N1, .text = "Which?",
                        .owner_agency = "AGENCY_INFRA", .visibility = "PUBLIC", .asked_at = NOON));
    given_merged(R1, R2);
}

TEST(while_it_is_merged_people_talk_and_vote_and_nothing_else_is_done)
{
    const struct {
        const struct actor *who;
        struct command c;
        const struct problem *outcome;
    } tries[] = {
        {&citizen1, COMMAND(CommentReport, .text = "it grows"), NULL},
        {&officer_infra, COMMAND(CommentReport, .text = "thank you"), NULL},
        {&citizen1, COMMAND(AnswerQuestion, .question_id = N1, .text = "that one"), NULL},
        {&citizen2, COMMAND(UpvoteReport), NULL},
        {&citizen2, COMMAND(WithdrawUpvote), NULL},
        {&citizen2, COMMAND(FollowReport), NULL},
        {&citizen2, COMMAND(UnfollowReport), NULL},
        {&citizen1, COMMAND(EditReport, .content = "two holes"), MERGED},
        {&citizen1, COMMAND(WithdrawReport), MERGED},
        {&citizen1, COMMAND(UpdateReportStatus, .status = "WITHDRAWN"), MERGED},
        {&officer_infra, COMMAND(UpdateCaseStatus, .status = "IN_PROGRESS"), MERGED},
        {&officer_infra, COMMAND(UpdateCaseStatus, .status = "CLOSED"), MERGED},
        {&officer_infra, COMMAND(AcknowledgeCase), MERGED},
        {&officer_infra, COMMAND(ForwardCase, .agency = "AGENCY_HEALTH", .note = "yours"), MERGED},
        {&officer_infra, COMMAND(AssignCase), MERGED},
        {&officer_infra, COMMAND(SetCasePriority, .priority = "high"), MERGED},
        {&officer_infra, COMMAND(AskQuestion, .text = "And?"), MERGED},
        {&officer_infra, COMMAND(NoteCase, .text = "a note"), MERGED},
        {&officer_infra, COMMAND(HoldCase, .reason = "a part"), MERGED},
        {&officer_infra, COMMAND(ResumeCase), MERGED},
        {&system_actor, COMMAND(ResumeCase), NULL},
        {&system_actor, COMMAND(UpdateReportStatus, .status = "CLOSED"), MERGED},
        {&citizen2, COMMAND(EditReport, .content = "two holes"), NOT_YOURS},
        {&officer_health, COMMAND(AcknowledgeCase), NO_SUCH_REPORT},
    };
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        given_merged_report();
        when(tries[i].who, tries[i].c);
        if (decided_outcome() != tries[i].outcome)
            test_fail(__FILE__, __LINE__, command_name(tries[i].c.type),
                      decided_outcome() ? decided_outcome()->name : "done", NULL);
    }
}
