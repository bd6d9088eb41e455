/* follow_test.c -- who follows a report, and "me too". */
#include "tests/support/sentences.h"

#define FOLLOW        "follow-" R1 "-" C2
#define VOTE          "vote-" R1 "-" C2
#define HIDDEN_FOLLOW "follow-" R1 "-pseudonym-of-c1"
#define REPORT_STREAM "report-" R1

static struct event followed(const char *user)
{
    return EVENT(ReportFollowed, .report_id = R1, .follower_user_id = user, .followed_at = NOON);
}

static struct event unfollowed(const char *user)
{
    return EVENT(ReportUnfollowed, .report_id = R1, .follower_user_id = user,
                 .unfollowed_at = NOON);
}

static struct event followed_anonymously(void)
{
    return EVENT(ReportFollowed, .report_id = R1, .follower_pseudonym = citizen1.pseudonym,
                 .followed_at = NOON);
}

static struct event upvoted(void)
{
    return EVENT(ReportUpvoted, .report_id = R1, .voter_user_id = C2, .created_at = NOON);
}

static void given_report(const char *visibility)
{
    given_nothing();
    given_in(REPORT_STREAM, created(visibility));
}

TEST(who_sees_a_report_may_follow_it)
{
    given_report("PUBLIC");
    when(&citizen2, COMMAND(FollowReport));
    then(FOLLOW, "vote", followed(C2));
    CHECK_TEXT(decided()->about, REPORT_STREAM);
    given_report("PRIVATE");
    when(&citizen1, COMMAND(FollowReport));
    then("follow-" R1 "-" C1, "vote", followed(C1));
    given_report("ANONYMOUS");
    when(&officer_infra, COMMAND(FollowReport));
    then("follow-" R1 "-019b7f00-0000-7000-8000-0000000000f1", "vote",
         followed(officer_infra.user_id));
    CHECK(!decided()->anonymous);
}

TEST(following_twice_is_success_without_an_event)
{
    given_report("PUBLIC");
    given(followed(C2));
    when(&citizen2, COMMAND(FollowReport));
    then_nothing();
    CHECK_TEXT(decided()->about, REPORT_STREAM);
}

TEST(a_follow_ends_and_can_begin_again)
{
    given_report("PUBLIC");
    given(followed(C2));
    when(&citizen2, COMMAND(UnfollowReport));
    then(FOLLOW, "vote", unfollowed(C2));
    given_report("PUBLIC");
    given(followed(C2));
    given(unfollowed(C2));
    when(&citizen2, COMMAND(FollowReport));
    then(FOLLOW, "vote", followed(C2));
}

TEST(ending_a_follow_that_never_began_is_success_without_an_event)
{
    given_report("PUBLIC");
    when(&citizen2, COMMAND(UnfollowReport));
    then_nothing();
}

TEST(what_one_may_not_see_one_cannot_follow)
{
    const struct command commands[] = {COMMAND(FollowReport), COMMAND(UnfollowReport),
                                       COMMAND(MeToo)};
    for (int i = 0; i < 3; i++) {
        given_report("PRIVATE");
        when(&citizen2, commands[i]);
        then_refused(NO_SUCH_REPORT);
        given_nothing();
        when(&citizen2, commands[i]);
        then_refused(NO_SUCH_REPORT);
    }
}

TEST(an_anonymous_author_follows_their_report_by_pseudonym)
{
    given_report("ANONYMOUS");
    when(&citizen1, COMMAND(FollowReport));
    then(HIDDEN_FOLLOW, "vote", followed_anonymously());
    CHECK(decided()->anonymous);
    given_report("ANONYMOUS");
    given_in(HIDDEN_FOLLOW, followed_anonymously());
    when(&citizen1, COMMAND(FollowReport));
    then_nothing();
    CHECK(decided()->anonymous);
    given_report("ANONYMOUS");
    given_in(HIDDEN_FOLLOW, followed_anonymously());
    when(&citizen1, COMMAND(UnfollowReport));
    then(HIDDEN_FOLLOW, "vote",
         EVENT(ReportUnfollowed, .report_id = R1, .follower_pseudonym = citizen1.pseudonym,
               .unfollowed_at = NOON));
    CHECK(decided()->anonymous);
}

static void then_vote_and_follow(void)
{
    CHECK_OK(decided_outcome());
    CHECK_INT(decided()->emitted_count, 2);
    CHECK_TEXT(decided()->emitted[0].stream, VOTE);
    CHECK_INT(decided()->emitted[0].event.type, ReportUpvoted);
    CHECK_TEXT(decided()->emitted[1].stream, FOLLOW);
    CHECK_INT(decided()->emitted[1].event.type, ReportFollowed);
}

TEST(me_too_is_a_vote_and_a_follow_in_one_decision)
{
    given_report("PUBLIC");
    when(&citizen2, COMMAND(MeToo));
    then_vote_and_follow();
    CHECK_TEXT(decided()->about, REPORT_STREAM);
}

TEST(me_too_adds_what_is_missing)
{
    given_report("PUBLIC");
    given_in(VOTE, upvoted());
    when(&citizen2, COMMAND(MeToo));
    then(FOLLOW, "vote", followed(C2));
    given_report("PUBLIC");
    given(followed(C2));
    when(&citizen2, COMMAND(MeToo));
    then(VOTE, "vote", upvoted());
    given_report("PUBLIC");
    given_in(VOTE, upvoted());
    given(followed(C2));
    when(&citizen2, COMMAND(MeToo));
    then_nothing();
}

TEST(me_too_of_a_report_that_takes_no_votes_is_neither)
{
    given_report("PRIVATE");
    when(&citizen1, COMMAND(MeToo));
    then_refused(NOT_PUBLIC);
    given_report("ANONYMOUS");
    when(&citizen1, COMMAND(MeToo));
    then_refused(NOT_PUBLIC);
    CHECK(decided()->anonymous);
}
