/* notification_test.c -- saying that one has read: where it is written, and which lines there can
 * be. */
#include "tests/support/sentences.h"

#define LINE       R1 "-2"
#define OWN        "inbox-" C1
#define HIDDEN     "inbox-pseudonym-of-c1"
#define OF_OFFICER "inbox-019b7f00-0000-7000-8000-0000000000f1"

static struct command reading(const char *id)
{
    struct command c = COMMAND(ReadNotification);
    c.target = id;
    return c;
}

static struct event read_by(const char *user, const char *pseudonym, const char *id)
{
    return EVENT(NotificationRead, .reader_user_id = user, .reader_pseudonym = pseudonym,
                 .notification_id = id, .read_at = NOON);
}

/* At its third event. */
static void given_report(const char *visibility)
{
    given_nothing();
    given_in("report-" R1, created(visibility));
    given_in("report-" R1, moved("RECEIVED", "IN_PROGRESS"));
    given_in("report-" R1, moved("IN_PROGRESS", "RESOLVED"));
}

TEST(a_line_of_a_report_that_one_sees_is_read_in_the_own_inbox)
{
    given_report("PRIVATE");
    when(&citizen1, reading(LINE));
    then(OWN, "user", read_by(C1, NULL, LINE));
    given_report("PUBLIC");
    when(&citizen2, reading(LINE));
    then("inbox-" C2, "user", read_by(C2, NULL, LINE));
    given_report("PRIVATE");
    when(&citizen2, reading(LINE));
    then_refused(NO_SUCH_NOTIFICATION);
    given_nothing();
    when(&citizen1, reading(LINE));
    then_refused(NO_SUCH_NOTIFICATION);
}

TEST(what_is_read_already_is_success_without_an_event)
{
    given_report("PUBLIC");
    given(read_by(C1, NULL, LINE));
    when(&citizen1, reading(LINE));
    then_nothing();
    CHECK_TEXT(decided()->about, OWN);
    when(&citizen1, reading(R1 "-3"));
    then(OWN, "user", read_by(C1, NULL, R1 "-3"));
}

TEST(the_author_of_an_anonymous_report_reads_by_pseudonym_alone)
{
    given_report("ANONYMOUS");
    when(&citizen1, reading(LINE));
    then(HIDDEN, "user", read_by(NULL, citizen1.pseudonym, LINE));
    CHECK(decided()->anonymous);
    given_report("ANONYMOUS");
    given_in(HIDDEN, read_by(NULL, citizen1.pseudonym, LINE));
    when(&citizen1, reading(LINE));
    then_nothing();
    CHECK(decided()->anonymous);
    CHECK_TEXT(decided()->about, HIDDEN);
    given_report("ANONYMOUS");
    when(&officer_infra, reading(LINE));
    then(OF_OFFICER, "user", read_by(officer_infra.user_id, NULL, LINE));
    CHECK(!decided()->anonymous);
}

TEST(lines_of_several_events_are_for_those_who_work_cases)
{
    given_nothing();
    when(&officer_infra, reading("e1048"));
    then(OF_OFFICER, "user", read_by(officer_infra.user_id, NULL, "e1048"));
    given_nothing();
    when(&citizen1, reading("e1048"));
    then_refused(NO_SUCH_NOTIFICATION);
}

TEST(an_id_of_another_form_or_of_what_has_not_happened_is_no_notification)
{
    static const char *const forms[] = {"1048",
                                        "e",
                                        "e0",
                                        "e01",
                                        "e-1",
                                        R1,
                                        R1 "-",
                                        R1 "-0",
                                        R1 "-x",
                                        R1 "_2",
                                        "x" R1 "-2",
                                        R1 "-99999999999999999999",
                                        R1 "-4", /* has not happened */
                                        "e99999999999999999999",
                                        "me"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        given_report("PUBLIC");
        when(&admin, reading(forms[i]));
        then_refused(NO_SUCH_NOTIFICATION);
    }
}

static struct event all_read(int64_t up_to)
{
    return EVENT(NotificationReadAll, .reader_user_id = C1, .up_to = up_to, .read_at = NOON);
}

TEST(all_is_read_up_to_a_position_or_to_now)
{
    given_nothing();
    when(&citizen1, COMMAND(ReadAllNotifications, .up_to = 7));
    then(OWN, "user", all_read(7));
    given_nothing();
    given(all_read(7));
    when(&citizen1, COMMAND(ReadAllNotifications, .up_to = 7));
    then_nothing();
    when(&citizen1, COMMAND(ReadAllNotifications, .up_to = 8));
    then(OWN, "user", all_read(8));
    given_nothing();
    given(all_read(7));
    when(&citizen1, COMMAND(ReadAllNotifications));
    then(OWN, "user", all_read(0));
}

/* How many events it takes to read a line of several events once more. */
static int events_of(const void *state, const char *id, struct arena *a)
{
    struct decision d = {.arena = a};
    struct command c = reading(id);
    c.actor = officer_infra;
    CHECK_OK(stream_decider(OF_OFFICER)->decide(state, &c, &d));
    int count = d.emitted_count;
    decision_release(&d);
    return count;
}

TEST(the_newest_of_many_that_were_read_are_kept)
{
    scoped_arena a = {0};
    const struct decider *inbox = stream_decider(OF_OFFICER);
    void *state = arena_alloc(&a, inbox->state_size);
    for (int i = 1; i <= 1000; i++) {
        const struct event e = read_by(officer_infra.user_id, NULL, arena_printf(&a, "e%d", i));
        inbox->evolve(state, &e, &a);
    }
    CHECK_INT(events_of(state, "e1000", &a), 0);
    CHECK_INT(events_of(state, "e990", &a), 0);
    CHECK_INT(events_of(state, "e1", &a), 1);
}
