/* casework_test.c -- what author and agency do with a report between filing and closing. */
#include "tests/support/sentences.h"

#define OWN "report-" R1

static void given_report(const char *visibility)
{
    given_nothing();
    given(created(visibility));
}

static struct event forwarded_to(const char *agency)
{
    return EVENT(ReportForwarded, .report_id = R1, .old_owner_agency = "AGENCY_INFRA",
                 .owner_agency = agency, .old_category = "infrastruktur",
                 .category = "infrastruktur", .old_kind = "issue", .kind = "issue",
                 .old_status = "RECEIVED", .new_status = "RECEIVED", .visibility = "PUBLIC",
                 .note = "yours", .forwarded_at = NOON);
}

static struct event asked(void)
{
    return EVENT(ReportQuestionAsked, .report_id = R1, .question_id = N1, .text = "Which lamp?",
                 .owner_agency = "AGENCY_INFRA", .visibility = "PUBLIC", .asked_at = NOON);
}

/* ---- editing ---- */

static struct event edited(const char *content, const char *category, const char *agency)
{
    return EVENT(ReportEdited, .report_id = R1, .content = content,
                 .old_owner_agency = "AGENCY_INFRA", .owner_agency = agency,
                 .old_category = "infrastruktur", .category = category, .old_kind = "issue",
                 .kind = "issue", .old_status = "RECEIVED", .new_status = "RECEIVED",
                 .visibility = "PUBLIC", .edited_at = NOON);
}

TEST(the_author_edits_a_report_that_nobody_has_begun)
{
    given_report("PUBLIC");
    when(&citizen1, COMMAND(EditReport, .content = "two holes"));
    then(OWN, "report", edited("two holes", "infrastruktur", "AGENCY_INFRA"));
}

TEST(an_edit_of_the_category_moves_the_agency_in_the_same_event)
{
    given_report("PUBLIC");
    given_in("category-kesehatan", category_defined("kesehatan", "AGENCY_HEALTH"));
    when(&citizen1, COMMAND(EditReport, .category = "kesehatan"));
    then(OWN, "report", edited("a hole", "kesehatan", "AGENCY_HEALTH"));
}

TEST(an_edit_that_changes_nothing_is_success_without_an_event)
{
    given_report("PUBLIC");
    when(&citizen1, COMMAND(EditReport, .content = "a hole", .category = "infrastruktur"));
    then_nothing();
}

TEST(an_edit_takes_away_what_is_null_and_leaves_what_is_left_out)
{
    static const struct Place place = {.latitude = -6.9, .longitude = 107.6};
    static const int64_t moment = NOON - DAY;
    for (int both = 0; both <= 1; both++) {
        struct event filed = created("PUBLIC"),
                     e = edited("a hole", "infrastruktur", "AGENCY_INFRA");
        filed.ReportCreated.location = &place;
        filed.ReportCreated.occurred_at = &moment;
        e.ReportEdited.occurred_at = both ? NULL : &moment;
        given_nothing();
        given(filed);
        when(&citizen1, COMMAND(EditReport, .location_cleared = true, .occurred_at_cleared = both));
        then(OWN, "report", e);
    }
    given_report("PUBLIC");
    when(&citizen1, COMMAND(EditReport, .location_cleared = true, .occurred_at_cleared = true));
    then_nothing();
}

TEST(an_edit_to_a_category_that_there_is_not_is_refused)
{
    given_report("PUBLIC");
    when(&citizen1, COMMAND(EditReport, .category = "nowhere"));
    then_refused(NO_SUCH_CATEGORY);
    given_report("PUBLIC");
    when(&citizen1, COMMAND(EditReport, .occurred_at = &(const int64_t){NOON + DAY}));
    then_refused(OUT_OF_RANGE);
}

TEST(only_the_author_edits_and_only_while_it_is_received)
{
    given_report("PUBLIC");
    when(&citizen2, COMMAND(EditReport, .content = "two holes"));
    then_refused(NOT_YOURS);
    given_report("PRIVATE");
    when(&citizen2, COMMAND(EditReport, .content = "two holes"));
    then_refused(NO_SUCH_REPORT);
    given_report("PUBLIC");
    given(moved("RECEIVED", "IN_PROGRESS"));
    when(&citizen1, COMMAND(EditReport, .content = "two holes"));
    then_refused(NOT_EDITABLE);
}

TEST(what_an_anonymous_author_does_names_nobody)
{
    given_report("ANONYMOUS");
    when(&citizen1, COMMAND(EditReport, .content = "two holes"));
    CHECK(decided()->anonymous);
    given_report("ANONYMOUS");
    when(&citizen1, COMMAND(CommentReport, .text = "it grows"));
    CHECK(decided()->anonymous);
    given_report("ANONYMOUS");
    given(asked());
    when(&citizen1, COMMAND(AnswerQuestion, .question_id = N1, .text = "the left one"));
    CHECK(decided()->anonymous);
    given_report("ANONYMOUS");
    when(&officer_infra, COMMAND(CommentReport, .text = "thank you"));
    CHECK(!decided()->anonymous);
}

/* ---- acknowledging and forwarding ---- */

static struct event acknowledged(const char *agency)
{
    return EVENT(ReportAcknowledged, .report_id = R1, .owner_agency = agency,
                 .visibility = "PUBLIC", .acknowledged_at = NOON);
}

TEST(an_agency_acknowledges_a_report_once)
{
    given_report("PUBLIC");
    when(&officer_infra, COMMAND(AcknowledgeCase));
    then(OWN, "report", acknowledged("AGENCY_INFRA"));
    given_report("PUBLIC");
    given(acknowledged("AGENCY_INFRA"));
    when(&officer_infra, COMMAND(AcknowledgeCase));
    then_nothing();
}

TEST(the_next_agency_acknowledges_for_itself)
{
    given_report("PUBLIC");
    given(acknowledged("AGENCY_INFRA"));
    given(forwarded_to("AGENCY_HEALTH"));
    when(&officer_health, COMMAND(AcknowledgeCase));
    then(OWN, "report", acknowledged("AGENCY_HEALTH"));
}

TEST(an_agency_that_gets_a_report_back_has_acknowledged_it_already)
{
    struct event back = forwarded_to("AGENCY_INFRA");
    back.ReportForwarded.old_owner_agency = "AGENCY_HEALTH";
    given_report("PUBLIC");
    given(acknowledged("AGENCY_INFRA"));
    given(forwarded_to("AGENCY_HEALTH"));
    given(back);
    when(&officer_infra, COMMAND(AcknowledgeCase));
    then_nothing();
}

static void forward_to(const char *agency)
{
    when(&officer_infra, COMMAND(ForwardCase, .agency = agency, .note = "yours"));
}

TEST(an_agency_forwards_a_report_and_says_why)
{
    given_report("PUBLIC");
    given_agency("AGENCY_HEALTH", true);
    forward_to("AGENCY_HEALTH");
    then(OWN, "report", forwarded_to("AGENCY_HEALTH"));
    CHECK_INT(asked_for(), 0);
}

TEST(a_report_is_not_forwarded_to_the_agency_that_owns_it)
{
    given_report("PUBLIC");
    given_agency("AGENCY_INFRA", true);
    forward_to("AGENCY_INFRA");
    then_refused(OWNED_ALREADY);
    CHECK_TEXT(decided()->fault.field, "agency");
}

TEST(a_report_is_forwarded_to_an_agency_that_exists_and_is_active)
{
    given_report("PUBLIC");
    forward_to("an agency");
    then_refused(NO_SUCH_AGENCY);
    given_report("PUBLIC");
    forward_to("AGENCY_HAELTH");
    then_refused(NO_SUCH_AGENCY);
    given_report("PUBLIC");
    given_agency("AGENCY_HEALTH", false);
    forward_to("AGENCY_HEALTH");
    then_refused(NO_SUCH_AGENCY);
    CHECK_TEXT(decided()->fault.field, "agency");
}

TEST(a_former_agency_reads_and_no_longer_changes)
{
    given_report("PRIVATE");
    given(forwarded_to("AGENCY_HEALTH"));
    when(&officer_infra, COMMAND(AcknowledgeCase));
    then_refused(NOT_OWNING);
    given_report("PRIVATE");
    given(forwarded_to("AGENCY_HEALTH"));
    when(&officer_infra, COMMAND(UpdateReportStatus, .status = "IN_PROGRESS"));
    then_refused(NOT_YOURS); /* they see it */
    given_report("PRIVATE");
    given(forwarded_to("AGENCY_HEALTH"));
    when(&officer_health, COMMAND(UpdateCaseStatus, .status = "IN_PROGRESS"));
    CHECK_PROBLEM(decided_outcome(), NULL);
}

TEST(a_final_report_is_not_handled_any_more)
{
    given_report("PUBLIC");
    given(moved("RESOLVED", "CLOSED"));
    when(&officer_infra, COMMAND(AcknowledgeCase));
    then_refused(REPORT_IS_FINAL);
}

/* ---- priority ---- */

static struct event priority(const char *from, const char *to)
{
    return EVENT(ReportPriorityChanged, .report_id = R1, .old_priority = from, .priority = to,
                 .owner_agency = "AGENCY_INFRA", .visibility = "PUBLIC", .changed_at = NOON);
}

TEST(an_officer_decides_how_soon)
{
    given_report("PUBLIC");
    when(&officer_infra, COMMAND(SetCasePriority, .priority = "urgent"));
    then(OWN, "report", priority("medium", "urgent"));
    given_report("PUBLIC");
    given(priority("medium", "urgent"));
    when(&officer_infra, COMMAND(SetCasePriority, .priority = "urgent"));
    then_nothing();
}

TEST(the_same_priority_with_a_note_keeps_the_note)
{
    struct event again = priority("urgent", "urgent");
    again.ReportPriorityChanged.note = "a school";
    given_report("PUBLIC");
    given(priority("medium", "urgent"));
    when(&officer_infra, COMMAND(SetCasePriority, .priority = "urgent", .note = "a school"));
    then(OWN, "report", again);
}

TEST(the_default_priority_becomes_an_officers_decision)
{
    given_report("PUBLIC");
    when(&officer_infra, COMMAND(SetCasePriority, .priority = "medium"));
    then(OWN, "report", priority("medium", "medium"));
}

/* ---- questions, answers, comments ---- */

TEST(an_agency_asks_and_the_author_answers_once)
{
    given_report("PUBLIC");
    when(&officer_infra, COMMAND(AskQuestion, .text = "Which lamp?"));
    then(OWN, "report", asked());
    struct event answer =
        EVENT(ReportQuestionAnswered, .report_id = R1, .question_id = N1, .text = "the left one",
              .owner_agency = "AGENCY_INFRA", .visibility = "PUBLIC", .answered_at = NOON);
    given_report("PUBLIC");
    given(asked());
    when(&citizen1, COMMAND(AnswerQuestion, .question_id = N1, .text = "the left one"));
    then(OWN, "report", answer);
    given_report("PUBLIC");
    given(asked());
    given(answer);
    when(&citizen1, COMMAND(AnswerQuestion, .question_id = N1, .text = "the right one"));
    then_refused(ANSWERED_ALREADY);
}

TEST(only_the_author_answers_and_only_what_was_asked)
{
    given_report("PUBLIC");
    given(asked());
    when(&citizen2, COMMAND(AnswerQuestion, .question_id = N1, .text = "the left one"));
    then_refused(NOT_YOURS);
    given_report("PUBLIC");
    given(asked());
    when(&officer_infra, COMMAND(AnswerQuestion, .question_id = N1, .text = "the left one"));
    then_refused(NOT_YOURS);
    given_report("PUBLIC");
    when(&citizen1, COMMAND(AnswerQuestion, .question_id = N1, .text = "the left one"));
    then_refused(NO_SUCH_QUESTION);
}

TEST(nobody_is_asked_where_a_report_has_no_author)
{
    struct event e = created("PUBLIC");
    e.ReportCreated.reporter_user_id = NULL;
    given_nothing();
    given(e);
    when(&officer_infra, COMMAND(AskQuestion, .text = "Which lamp?"));
    then_refused(NO_AUTHOR_TO_ASK);
}

TEST(a_report_has_a_hundred_questions_at_most)
{
    given_nothing();
    given_in(OWN, created("PUBLIC"));
    for (int i = 0; i < 100; i++)
        given_in(OWN, asked());
    when(&officer_infra, COMMAND(AskQuestion, .text = "And?"));
    then_refused(TOO_MANY_QUESTIONS);
}

static struct event commented(const char *by)
{
    return EVENT(ReportCommented, .report_id = R1, .comment_id = N1, .commented_by = by,
                 .text = "it grows", .owner_agency = "AGENCY_INFRA", .visibility = "PUBLIC",
                 .commented_at = NOON);
}

TEST(author_and_agency_comment_and_nobody_else)
{
    given_report("PUBLIC");
    when(&citizen1, COMMAND(CommentReport, .text = "it grows"));
    then(OWN, "report", commented("author"));
    given_report("PUBLIC");
    when(&officer_infra, COMMAND(CommentReport, .text = "it grows"));
    then(OWN, "report", commented("agency"));
    given_report("PUBLIC");
    when(&citizen2, COMMAND(CommentReport, .text = "it grows"));
    then_refused(NOT_YOURS);
}

TEST(what_a_citizen_adds_to_a_final_report_is_kept)
{
    given_report("PUBLIC");
    given(moved("RESOLVED", "CLOSED"));
    when(&citizen1, COMMAND(CommentReport, .text = "it grows"));
    then(OWN, "report", commented("author"));
    given_report("PUBLIC");
    given(asked());
    given(moved("RECEIVED", "WITHDRAWN"));
    when(&citizen1, COMMAND(AnswerQuestion, .question_id = N1, .text = "the left one"));
    CHECK_PROBLEM(decided_outcome(), NULL);
    CHECK_INT(decided()->emitted_count, 1);
    given_report("PUBLIC");
    given(moved("RESOLVED", "CLOSED"));
    when(&officer_infra, COMMAND(CommentReport, .text = "thank you"));
    then_refused(REPORT_IS_FINAL);
}

static int agencies_of(const struct report *r)
{
    int count = 0;
    for (const struct report_agency *of = r->agencies; of; of = of->former)
        count++;
    return count;
}

TEST(a_report_that_goes_to_and_fro_keeps_each_agency_once)
{
    given_report("PUBLIC");
    for (int i = 0; i < 6; i++) {
        struct event e = forwarded_to(i % 2 ? "AGENCY_INFRA" : "AGENCY_HEALTH");
        e.ReportForwarded.old_owner_agency = i % 2 ? "AGENCY_HEALTH" : "AGENCY_INFRA";
        given(e);
    }
    when(&officer_infra, COMMAND(SetCasePriority, .priority = "low"));
    CHECK_PROBLEM(decided_outcome(), NULL);
    CHECK_INT(agencies_of(decided_state()), 2);
    CHECK(may_see(decided_state(), &officer_health));
    CHECK(!is_officer_of(decided_state(), &officer_health));
}
