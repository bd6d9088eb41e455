/* casefile_test.c -- notes and holds of a case. */
#include "tests/support/sentences.h"

#define CASE          "case-" R1
#define REPORT_STREAM "report-" R1
#define LATER         (NOON + DAY)

/* Of the same agency, and the author of the anonymous report. */
static const struct actor officer_who_wrote_it = {"019b7f00-0000-7000-8000-0000000000f3",
                                                  "pseudonym-of-c1", "AGENCY_INFRA", OFFICER};

static const int64_t LATER_AT = LATER, PAST = NOON;

static struct event noted(const char *by)
{
    return EVENT(CaseNoted, .report_id = R1, .note_id = N1, .text = "a note", .noted_by = by,
                 .noted_at = NOON);
}

static struct event held_since(int64_t since, const char *reason, const int64_t *until,
                               const char *by)
{
    return EVENT(CaseHeld, .report_id = R1, .owner_agency = "AGENCY_INFRA", .reason = reason,
                 .until = until, .since = since, .held_by = by, .held_at = NOON);
}

static struct event resumed(const char *by)
{
    return EVENT(CaseResumed, .report_id = R1, .resumed_by = by, .resumed_at = NOON);
}

static void given_report(const char *visibility)
{
    given_nothing();
    given_in(REPORT_STREAM, created(visibility));
}

static void given_held(void)
{
    given_report("PUBLIC");
    given(held_since(NOON - DAY, "a part", NULL, officer_infra.user_id));
}

TEST(officers_supervisors_and_admins_write_notes)
{
    const struct actor *who[] = {&officer_infra, &supervisor_infra, &admin};
    for (int i = 0; i < 3; i++) {
        given_report("PRIVATE");
        when(who[i], COMMAND(NoteCase, .text = "a note"));
        then(CASE, "case", noted(who[i]->user_id));
        CHECK_TEXT(decided()->about, REPORT_STREAM);
    }
}

TEST(a_final_case_takes_notes)
{
    given_report("PUBLIC");
    given_in(REPORT_STREAM, moved("RESOLVED", "CLOSED"));
    when(&officer_infra, COMMAND(NoteCase, .text = "a note"));
    then(CASE, "case", noted(officer_infra.user_id));
}

TEST(a_case_has_at_most_500_notes)
{
    given_report("PUBLIC");
    for (int i = 0; i < 499; i++)
        given_in(CASE, noted(NULL));
    when(&officer_infra, COMMAND(NoteCase, .text = "a note"));
    then(CASE, "case", noted(officer_infra.user_id));
    given_in(CASE, noted(NULL));
    when(&officer_infra, COMMAND(NoteCase, .text = "a note"));
    CHECK(decided_outcome() == TOO_MANY_NOTES);
}

/* Also for who sees the report, its author and the officers of another agency. */
TEST(a_case_that_is_not_of_the_own_agency_is_missing)
{
    const struct command commands[] = {COMMAND(NoteCase, .text = "a note"),
                                       COMMAND(HoldCase, .reason = "a part"), COMMAND(ResumeCase)};
    const struct actor *who[] = {&citizen1, &citizen2, &officer_health};
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 3; i++) {
            given_report("PUBLIC");
            when(who[i], commands[c]);
            then_refused(NO_SUCH_REPORT);
        }
        given_nothing();
        when(&officer_infra, commands[c]);
        then_refused(NO_SUCH_REPORT);
    }
}

TEST(an_officer_who_is_the_anonymous_author_is_not_named)
{
    given_report("ANONYMOUS");
    when(&officer_who_wrote_it, COMMAND(NoteCase, .text = "a note"));
    then(CASE, "case", noted(NULL));
    CHECK(decided()->anonymous);
    given_report("ANONYMOUS");
    when(&officer_who_wrote_it, COMMAND(HoldCase, .reason = "a part"));
    then(CASE, "case", held_since(NOON, "a part", NULL, NULL));
    CHECK(decided()->anonymous);
    given_report("ANONYMOUS");
    when(&officer_infra, COMMAND(NoteCase, .text = "a note"));
    CHECK(!decided()->anonymous);
}

TEST(a_case_is_held_until_a_time_or_until_it_is_resumed)
{
    given_report("PUBLIC");
    when(&officer_infra, COMMAND(HoldCase, .reason = "a part"));
    then(CASE, "case", held_since(NOON, "a part", NULL, officer_infra.user_id));
    given_report("PUBLIC");
    when(&officer_infra, COMMAND(HoldCase, .reason = "a part", .until = &LATER_AT));
    then(CASE, "case", held_since(NOON, "a part", &LATER_AT, officer_infra.user_id));
}

TEST(a_hold_that_is_over_when_it_begins_is_refused)
{
    given_report("PUBLIC");
    when(&officer_infra, COMMAND(HoldCase, .reason = "a part", .until = &PAST));
    then_refused(OUT_OF_RANGE);
    CHECK_TEXT(decided()->fault.field, "until");
}

TEST(holding_again_changes_the_hold_and_keeps_its_beginning)
{
    given_held();
    when(&officer_infra, COMMAND(HoldCase, .reason = "a part"));
    then_nothing();
    CHECK_TEXT(decided()->about, REPORT_STREAM);
    given_held();
    when(&supervisor_infra, COMMAND(HoldCase, .reason = "the weather"));
    then(CASE, "case", held_since(NOON - DAY, "the weather", NULL, supervisor_infra.user_id));
    given_held();
    when(&officer_infra, COMMAND(HoldCase, .reason = "a part", .until = &LATER_AT));
    then(CASE, "case", held_since(NOON - DAY, "a part", &LATER_AT, officer_infra.user_id));
}

TEST(a_hold_after_the_case_was_resumed_is_another_one)
{
    given_held();
    given(resumed(NULL));
    when(&officer_infra, COMMAND(HoldCase, .reason = "a part"));
    then(CASE, "case", held_since(NOON, "a part", NULL, officer_infra.user_id));
}

TEST(only_a_case_with_running_clocks_can_be_held)
{
    for (int s = 0; s < STATUS_COUNT; s++) {
        given_report("PUBLIC");
        if (s != RECEIVED)
            given_in(REPORT_STREAM, moved("RECEIVED", status_words[s]));
        when(&officer_infra, COMMAND(HoldCase, .reason = "a part"));
        if (s == RECEIVED || s == ASSIGNED || s == IN_PROGRESS)
            then(CASE, "case", held_since(NOON, "a part", NULL, officer_infra.user_id));
        else
            then_refused(NOT_HOLDABLE);
    }
}

TEST(a_held_case_is_resumed_by_an_officer_or_by_the_clock)
{
    given_held();
    when(&officer_infra, COMMAND(ResumeCase));
    then(CASE, "case", resumed(officer_infra.user_id));
    CHECK_INT(decided()->not_before, 0);
    given_report("PUBLIC");
    given(held_since(NOON - DAY, "a part", &LATER_AT, officer_infra.user_id));
    when(&system_actor, COMMAND(ResumeCase));
    then(CASE, "case", resumed(NULL));
    CHECK_INT(decided()->not_before, LATER_AT);
}

TEST(the_clock_ends_no_hold_that_has_no_end)
{
    given_held();
    when(&system_actor, COMMAND(ResumeCase));
    then_nothing();
}

TEST(the_clock_does_nothing_else)
{
    given_report("PUBLIC");
    when(&system_actor, COMMAND(NoteCase, .text = "a note"));
    then_refused(NO_SUCH_REPORT);
    given_report("PUBLIC");
    when(&system_actor, COMMAND(HoldCase, .reason = "a part"));
    then_refused(NO_SUCH_REPORT);
    given_nothing();
    when(&system_actor, COMMAND(ResumeCase));
    then_refused(NO_SUCH_REPORT);
}

TEST(resuming_what_is_not_held_is_success_without_an_event)
{
    given_report("PUBLIC");
    when(&officer_infra, COMMAND(ResumeCase));
    then_nothing();
    CHECK_TEXT(decided()->about, REPORT_STREAM);
}
