/* append_early_test.c -- commands that are not to be stored before a moment, by the clock that
 * stamps the events. */
#include "tests/platform/store_bench.h"

#include <pthread.h>
#include <unistd.h>

enum { SECOND = 1000000, READING = 1000 }; /* the latter of a clock of the test's own */

#define NOW_US "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint"

static struct append *at(struct append *c, int64_t not_before)
{
    c->not_before = not_before;
    return c;
}

static int64_t in_an_hour(struct bench *b)
{
    return ask(b, NOW_US) + INT64_C(3600) * SECOND;
}

/* From now on append_batch reads this clock: it goes by `step` at every reading. */
static void set_clock(struct bench *b, int64_t us, int64_t step)
{
    scoped_arena a = {0};
    CHECK_OK(pg_run(
        b->pg, arena_printf(
                   &a,
                   "DROP SCHEMA IF EXISTS own CASCADE; CREATE SCHEMA own; "
                   "CREATE SEQUENCE own.clock MINVALUE 0 MAXVALUE 9999 START %lld INCREMENT %lld; "
                   "CREATE FUNCTION own.clock_timestamp() RETURNS timestamptz LANGUAGE "
                   "sql VOLATILE AS $$ SELECT timestamptz 'epoch' + nextval('own.clock') * "
                   "interval '1 microsecond' $$; "
                   "SET search_path = own, pg_catalog, public",
                   (long long)us, (long long)step)));
}

/* us; 0: there is no such event. */
static int64_t recorded(struct bench *b, int position)
{
    scoped_arena a = {0};
    return ask(b, arena_printf(&a,
                               "SELECT coalesce(max((extract(epoch FROM recorded) * "
                               "1000000)::bigint), 0) FROM es_event WHERE position = %d",
                               position));
}

TEST(before_its_moment_nothing_of_a_command_is_stored_and_then_it_commits_under_the_same_key)
{
    struct bench b = open_store(test_store_database());
    struct one one;
    command(&one, "k1", "x", "report-1", 0, 2);
    CHECK_OK(append_one(&b, at(&one.append, in_an_hour(&b))));
    CHECK_INT(one.append.outcome, EARLY);
    CHECK_INT(one.append.version, 2);
    CHECK_INT(one.append.position, 77);
    check_log(&b, 0);
    CHECK_INT(ask(&b, "SELECT count(*) FROM es_result"), 0);
    CHECK_OK(append_one(&b, at(&one.append, ask(&b, NOW_US))));
    CHECK_INT(one.append.outcome, COMMITTED);
    CHECK_INT(one.append.position, 2);
    check_log(&b, 2);
    close_store(&b);
}

TEST(the_moment_is_compared_to_the_microsecond_with_what_is_stored_as_recorded)
{
    struct bench b = open_store(test_store_database());
    struct one one;
    set_clock(&b, READING, -READING); /* set back to 1970 behind the first reading */
    command(&one, "k1", "x", "report-1", 0, 2);
    CHECK_OK(append_one(&b, at(&one.append, READING)));
    CHECK_INT(one.append.outcome, COMMITTED);
    CHECK_INT(recorded(&b, 1), READING);
    CHECK_INT(recorded(&b, 2), READING);
    set_clock(&b, READING, 1);
    command(&one, "k2", "x", "report-2", 0, 1);
    CHECK_OK(append_one(&b, at(&one.append, READING + 1)));
    CHECK_INT(one.append.outcome, EARLY);
    check_log(&b, 2);
    close_store(&b);
}

TEST(early_ones_leave_no_gap_between_the_others_of_their_batch)
{
    struct bench b = open_store(test_store_database());
    struct one ones[6];
    CHECK_OK(append_one(&b, command(&ones[0], "made", "x", "report-1", 0, 1)));
    int64_t later = in_an_hour(&b);
    struct append batch[] = {
        *command(&ones[0], "k1", "x", "report-10", 0, 1),
        *at(command(&ones[1], "k2", "x", "report-11", 0, 2), later),
        *at(command(&ones[2], "k3", "x", "report-12", 0, 2), 1),
        *at(command(&ones[3], "k4", "x", "report-1", 1, 1), later),
        *at(command(&ones[4], "k5", "x", "report-13", 0, 0), later), /* an answer alone */
        *command(&ones[5], "k6", "x", "report-14", 0, 1),
    };
    static const enum outcome outcomes[] = {COMMITTED, EARLY, COMMITTED, EARLY, EARLY, COMMITTED};
    CHECK_OK(store_append(b.store, batch, 6, &b.arena));
    for (int i = 0; i < 6; i++)
        CHECK_INT(batch[i].outcome, outcomes[i]);
    CHECK_INT(batch[0].position, 2);
    CHECK_INT(batch[2].position, 4);
    CHECK_INT(batch[5].position, 5);
    check_log(&b, 5);
    CHECK_INT(ask(&b, "SELECT count(*) FROM es_result"), 4);
    for (int i = 0; i < 6; i++)
        batch[i].not_before = later - INT64_C(7200) * SECOND;
    static const enum outcome then[] = {REPLAYED,  COMMITTED, REPLAYED,
                                        COMMITTED, CHECKED,   REPLAYED};
    static const int64_t positions[] = {2, 7, 4, 8, 77, 5};
    CHECK_OK(store_append(b.store, batch, 6, &b.arena));
    for (int i = 0; i < 6; i++) {
        CHECK_INT(batch[i].outcome, then[i]);
        CHECK_INT(batch[i].position, positions[i]);
    }
    check_log(&b, 8);
    CHECK_INT(ask(&b, "SELECT count(*) FROM es_result"), 7);
    close_store(&b);
}

/* Those that are known by their key or stale are told so, not to come back later. */
TEST(an_answered_key_and_a_stream_that_has_moved_are_told_before_the_moment_is)
{
    struct bench b = open_store(test_store_database());
    struct one ones[5];
    CHECK_OK(append_one(&b, command(&ones[0], "answered", "x", "report-1", 0, 1)));
    int64_t later = in_an_hour(&b);
    struct append batch[] = {
        *at(command(&ones[0], "answered", "x", "report-2", 0, 1), later),
        *at(command(&ones[1], "answered", "y", "report-3", 0, 1), later),
        *at(command(&ones[2], "late", "x", "report-1", 0, 1), later), /* it exists */
        *at(command(&ones[3], "old", "x", "report-1", 7, 1), later),
        *at(command(&ones[4], "new", "x", "report-4", 0, 1), later),
    };
    static const enum outcome outcomes[] = {REPLAYED, OUTCOME_KEY_REUSED, STALE, STALE, EARLY};
    for (int i = 0; i < 5; i++) {
        CHECK_OK(store_append(b.store, &batch[i], 1, &b.arena));
        CHECK_INT(batch[i].outcome, outcomes[i]);
    }
    CHECK_TEXT(batch[0].replayed_body, "x");
    CHECK_INT(batch[0].position, 1);
    check_log(&b, 1);
    close_store(&b);
}

TEST(one_with_a_moment_meets_what_a_key_and_a_stream_without_one_have_taken)
{
    struct bench b = open_store(test_store_database());
    struct one ones[3];
    CHECK_OK(append_one(&b, command(&ones[0], "answered", "x", "report-1", 0, 1)));
    struct append batch[] = {
        *at(command(&ones[0], "answered", "x", "report-2", 0, 1), 1),
        *at(command(&ones[1], "late", "x", "report-1", 0, 1), 1),
        *at(command(&ones[2], "new", "x", "report-3", 0, 1), 1),
    };
    CHECK_OK(store_append(b.store, batch, 3, &b.arena));
    CHECK_INT(batch[0].outcome, REPLAYED);
    CHECK_INT(batch[1].outcome, STALE);
    CHECK_INT(batch[2].outcome, COMMITTED);
    CHECK_INT(batch[2].position, 2);
    check_log(&b, 2);
    close_store(&b);
}

struct waiting_call {
    struct bench bench;
    struct one one;
    const struct problem *result;
};

static void *append_main(void *arg)
{
    struct waiting_call *c = arg;
    c->result = append_one(&c->bench, &c->one.append);
    return NULL;
}

/* Else it would be recorded before what has an earlier position. */
TEST(the_clock_is_read_when_nobody_else_can_append_any_more)
{
    const char *url = test_store_database();
    struct bench b = open_store(url), watcher = open_store(url);
    struct waiting_call late = {.bench = open_store(url)};
    struct one first;
    pthread_t thread;
    CHECK_OK(pg_run(b.pg, "BEGIN"));
    CHECK_OK(append_one(&b, command(&first, "k1", "x", "report-1", 0, 1)));
    int64_t moment = ask(&b, NOW_US) + SECOND;
    at(command(&late.one, "k2", "x", "report-2", 0, 1), moment);
    if (pthread_create(&thread, NULL, append_main, &late))
        abort();
    while (ask(&watcher, NOW_US) < moment)
        usleep(20000);
    CHECK_OK(pg_run(b.pg, "COMMIT"));
    pthread_join(thread, NULL);
    CHECK_OK(late.result);
    CHECK_INT(late.one.append.outcome, COMMITTED);
    CHECK(recorded(&b, 2) >= moment);
    check_log(&b, 2);
    close_store(&b);
    close_store(&watcher);
    close_store(&late.bench);
}
