/* silent_store_test.c -- a store that is there and says nothing: whoever waits hears within
 * COMMAND_WAIT_MS and the deadline of one call, however many wait. */
#include "tests/writer/writer_fixture.h"

#include <stdatomic.h>
#include <unistd.h>

enum { WAIT_MS = 1000, TIMEOUT_MS = 500, SLACK_MS = 400, MANY = 800 };

static int64_t began;

static void begin_impatient(void)
{
    start_writer();
    settings.command_wait_ms = WAIT_MS;
    settings.database_timeout_ms = TIMEOUT_MS;
    writer_free(writer);
    writer = writer_new(&settings, NULL, NULL);
    define_category();
}

/* All have heard that it was in vain; the last one after so many ms. */
static int64_t last_answer(int count)
{
    for (int i = 0; i < count; i++) {
        struct pending *p = get();
        if (p->problem != STORE_UNAVAILABLE && p->problem != QUEUE_FULL)
            test_fail(__FILE__, __LINE__, "the answer", p->problem ? p->problem->name : "none",
                      "STORE_UNAVAILABLE or QUEUE_FULL");
        if (p->command.type == CreateReport)
            free((char *)(uintptr_t)p->command.target);
        drop(p);
    }
    return (time_monotonic() - began) / 1000;
}

static void put_new(void)
{
    char id[UUID_TEXT];
    new_id(id);
    put(command(&citizen, create(strdup(id), "PUBLIC"), NULL));
}

static void check_in_time(int64_t ms)
{
    if (ms > WAIT_MS + TIMEOUT_MS + SLACK_MS)
        test_int(__FILE__, __LINE__, "ms until the last one heard", ms, WAIT_MS + TIMEOUT_MS);
}

TEST(with_a_silent_store_and_a_full_queue_everybody_hears_in_time)
{
    begin_impatient();
    test_postgres_freeze();
    began = time_monotonic();
    for (int i = 0; i < MANY; i++)
        put_new();
    check_in_time(last_answer(MANY));
    test_postgres_thaw();
    CHECK(count("SELECT count(*) FROM es_event WHERE type = 'report.created'") <= BATCH_MAX);
    stop_writer();
}

TEST(who_waits_behind_a_stream_hears_in_time_too)
{
    char id[UUID_TEXT];
    new_id(id);
    begin_impatient();
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
    test_postgres_freeze();
    began = time_monotonic();
    for (int i = 0; i < 120; i++) {
        put(command(&officer, move(id, i % 2 ? "IN_PROGRESS" : "RESOLVED"), NULL));
        put_new();
    }
    check_in_time(last_answer(240));
    test_postgres_thaw();
    stop_writer();
}

/* Each new batch is another call to the store, and the line behind the stream must not wait for
 * them all. */
TEST(a_line_behind_a_stream_hears_in_time_while_others_keep_coming)
{
    enum { LINE = 60, OTHERS = 50 };
    char id[UUID_TEXT];
    new_id(id);
    begin_impatient();
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
    test_postgres_freeze();
    atomic_store(&worst_lateness, 0);
    for (int i = 0; i < LINE; i++)
        put(command(&officer, move(id, i % 2 ? "IN_PROGRESS" : "RESOLVED"), NULL));
    for (int i = 0; i < OTHERS; i++) {
        usleep(70000);
        put_new();
    }
    last_answer(LINE + OTHERS);
    test_postgres_thaw();
    int64_t late = atomic_load(&worst_lateness) / 1000;
    if (late > TIMEOUT_MS + SLACK_MS)
        test_int(__FILE__, __LINE__, "ms beyond the wait", late, TIMEOUT_MS);
    stop_writer();
}

/* Loading takes most of the deadline and the append would take the rest and more. */
TEST(all_calls_of_a_batch_share_one_deadline)
{
    char id[UUID_TEXT];
    new_id(id);
    begin_impatient();
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
    writer_free(writer);
    writer = writer_new(&settings, NULL, NULL); /* has no state yet */
    usleep(200000);                             /* but a connection */
    struct pg *events = pg_new(settings.database_url, "events", NULL, 20000);
    struct pg *counter = pg_new(settings.database_url, "counter", NULL, 20000);
    CHECK_OK(pg_run(events, "BEGIN; LOCK TABLE es_event IN ACCESS EXCLUSIVE MODE"));
    CHECK_OK(pg_run(counter, "BEGIN; UPDATE es_counter SET position = position"));
    put(command(&officer, move(id, "IN_PROGRESS"), NULL));
    usleep(350000);
    pg_free(events);
    usleep(350000);
    pg_free(counter);
    struct pending *p = get();
    CHECK_PROBLEM(p->problem, STORE_UNAVAILABLE);
    drop(p);
    stop_writer();
}

/* Those that come one by one, each into the middle of a call. */
TEST(who_comes_while_the_store_is_silent_hears_in_time)
{
    begin_impatient();
    test_postgres_freeze();
    for (int i = 0; i < 4; i++) {
        usleep(130000);
        began = time_monotonic();
        put_new();
        check_in_time(last_answer(1));
    }
    test_postgres_thaw();
    stop_writer();
}

static void replace_library(const char *from, const char *to)
{
    scoped_arena a = {0};
    struct pg *c = pg_new(settings.database_url, "test", NULL, 3000);
    CHECK_OK(pg_run(
        c, arena_printf(&a, "UPDATE pg_proc SET probin = '%s' WHERE probin = '%s'", to, from)));
    pg_free(c);
}

/* A package was replaced under the running server: each new connection fails on a library. */
TEST(a_server_that_cannot_load_its_library_is_a_503_and_the_key_may_be_used_again)
{
    scoped_arena names = {0};
    char id[UUID_TEXT];
    new_id(id);
    start_writer();
    define_category();
    test_shell("echo 'no library' > %s/broken.so && chmod 755 %s/broken.so", test_folder(),
               test_folder());
    replace_library("$libdir/plpgsql", arena_printf(&names, "%s/broken", test_folder()));
    writer_free(writer);
    writer = writer_new(&settings, NULL, NULL);
    struct pending *p = run(&citizen, create(id, "PUBLIC"), "key-unwell-0000001");
    CHECK_PROBLEM(p->problem, STORE_UNAVAILABLE);
    drop(p);
    replace_library(arena_printf(&names, "%s/broken", test_folder()), "$libdir/plpgsql");
    p = run(&citizen, create(id, "PUBLIC"), "key-unwell-0000001");
    CHECK_PROBLEM(p->problem, NULL);
    CHECK_INT(p->outcome, COMMITTED);
    drop(p);
    stop_writer();
}
