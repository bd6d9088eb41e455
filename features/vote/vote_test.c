/* vote_test.c -- one vote per citizen and public report. */
#include "tests/support/sentences.h"

#define VOTE          "vote-" R1 "-" C2
#define REPORT_STREAM "report-" R1

static struct event upvoted(void)
{
    return EVENT(ReportUpvoted, .report_id = R1, .voter_user_id = C2, .created_at = NOON);
}

static struct event withdrawn(void)
{
    return EVENT(ReportUpvoteWithdrawn, .report_id = R1, .voter_user_id = C2, .withdrawn_at = NOON);
}

static void given_report(const char *visibility)
{
    given_nothing();
    given_in(REPORT_STREAM, created(visibility));
}

TEST(a_citizen_upvotes_a_public_report)
{
    given_report("PUBLIC");
    when(&citizen2, COMMAND(UpvoteReport));
    then(VOTE, "vote", upvoted());
    CHECK_TEXT(decided()->about, REPORT_STREAM);
}

TEST(a_second_vote_is_success_without_an_event)
{
    given_report("PUBLIC");
    given(upvoted());
    when(&citizen2, COMMAND(UpvoteReport));
    then_nothing();
    CHECK_TEXT(decided()->about, REPORT_STREAM);
}

TEST(a_vote_can_be_taken_back_and_given_again)
{
    given_report("PUBLIC");
    given(upvoted());
    when(&citizen2, COMMAND(WithdrawUpvote));
    then(VOTE, "vote", withdrawn());
    given_report("PUBLIC");
    given(upvoted());
    given(withdrawn());
    when(&citizen2, COMMAND(UpvoteReport));
    then(VOTE, "vote", upvoted());
}

TEST(taking_back_a_vote_never_given_is_success_without_an_event)
{
    given_report("PUBLIC");
    when(&citizen2, COMMAND(WithdrawUpvote));
    then_nothing();
}

TEST(a_hidden_report_is_not_found_by_a_stranger_and_not_public_for_its_author)
{
    given_report("PRIVATE");
    when(&citizen2, COMMAND(UpvoteReport));
    then_refused(NO_SUCH_REPORT);
    given_report("PRIVATE");
    when(&citizen1, COMMAND(UpvoteReport));
    then_refused(NOT_PUBLIC);
}

TEST(an_anonymous_author_voting_for_his_own_report_is_refused_without_naming_him)
{
    given_report("ANONYMOUS");
    when(&citizen1, COMMAND(UpvoteReport));
    then_refused(NOT_PUBLIC);
    CHECK(decided()->anonymous);
}

TEST(a_withdrawn_report_cannot_be_found_to_vote_for)
{
    given_report("PUBLIC");
    given_in(REPORT_STREAM, moved("RECEIVED", "WITHDRAWN"));
    when(&citizen2, COMMAND(UpvoteReport));
    then_refused(NO_SUCH_REPORT);
}

TEST(a_report_that_was_never_filed_cannot_be_voted_for)
{
    given_nothing();
    when(&citizen2, COMMAND(UpvoteReport));
    then_refused(NO_SUCH_REPORT);
}
