/* projector_engine_test.c -- the engine counts every event once, whoever else is at work and
 * whatever is killed, stops in another life of the log, and takes in views that come later. */
#include "tests/projector/bench.h"

#include "view_engine/engine_parts.h"

TEST(the_log_is_read_from_the_store_first_and_then_from_the_stream)
{
    struct bench b = bench_open();
    int64_t before = append_day(&b, 1);
    publish(&b, 0, before);
    struct projector p = projector_open(&b);
    CHECK(reaches(&b, &p, before));
    int64_t after = append_day(&b, 100);
    publish(&b, before, after);
    CHECK(reaches(&b, &p, after));
    CHECK(engine_health(p.engine).store && engine_health(p.engine).views &&
          engine_health(p.engine).redis);
    CHECK(engine_health(p.engine).lag_seconds == 0);
    CHECK_INT(ask_int(b.reader, "SELECT max(votes) FROM report_rank.report_rank"), 2);
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

/* More than the engine reads at once has come through the stream: what it has not yet seen counts.
 */
TEST(the_lag_is_the_age_of_the_oldest_event_that_is_not_applied)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    CHECK(engine_health(p.engine).lag_seconds == 0);
    int64_t before = checkpoint(&b), head = before;
    for (int i = 100; head < before + READ_ENTRIES + 20; i += REPORTS_OF_A_DAY)
        head = append_day(&b, i);
    run_sql(b.writer, "UPDATE es_event SET recorded = recorded - interval '1 hour'");
    publish(&b, before, head);
    p.engine->lag_again = 0; /* a second has passed */
    CHECK(engine_step(p.engine) >= 0);
    CHECK_INT(p.engine->lanes[0].position, before + READ_ENTRIES);
    double lag = engine_health(p.engine).lag_seconds;
    CHECK(lag >= 3600 && lag < 3700);
    CHECK(reaches(&b, &p, head));
    CHECK(engine_health(p.engine).lag_seconds == 0);
    projector_close(&p);
    bench_close(&b);
}

TEST(the_checkpoint_moves_with_events_that_no_view_wants)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t head = append_sample(&b, "user-1", UserRegistered, "{}");
    publish(&b, 0, head);
    CHECK(reaches(&b, &p, head));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked"), 0);
    projector_close(&p);
    bench_close(&b);
}

TEST(the_version_follows_every_event_of_the_stream)
{
    static const struct embedded files[] = {
        {"small.sql",
         "-- :tables\nCREATE TABLE t (report_id uuid PRIMARY KEY, version bigint, n int);\n"
         "-- :version t report_id report\n"
         "-- :on report.upvoted\nSELECT 1 FROM batch;\n"},
        {NULL, NULL}};
    struct bench b = bench_open();
    struct projector p = projector_with(&b, files, &event_language);
    append_report(&b, 1);
    append_status(&b, 1, "RECEIVED", "IN_PROGRESS");
    CHECK(reaches(&b, &p, append_vote(&b, 1, 1)));
    CHECK_INT(ask_int(b.reader, "SELECT version FROM small.t"), 2);
    CHECK(reaches(&b, &p, append_status(&b, 1, "IN_PROGRESS", "RESOLVED")));
    CHECK_INT(ask_int(b.reader, "SELECT version FROM small.t"), 3);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_row_of_a_report_with_a_version_has_that_of_its_stream)
{
    static const char *const tables[] = {"report_detail.report_detail", "case_inbox.case_inbox"};
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    scoped_arena a = {0};
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    append_status(&b, 2, "RECEIVED", "IN_PROGRESS");
    CHECK(reaches(&b, &p, append_status(&b, 2, "IN_PROGRESS", "RESOLVED")));
    for (int i = 0; i < 2; i++)
        for (int n = 1; n <= REPORTS_OF_A_DAY; n++)
            CHECK_INT(
                ask_int(b.reader, arena_printf(&a, "SELECT version FROM %s WHERE report_id = '%s'",
                                               tables[i], report_id(&a, n))),
                n == 2       ? 3
                : n % 3 == 0 ? 2
                             : 1);
    projector_close(&p);
    bench_close(&b);
}

TEST(entries_that_come_again_count_once)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t head = append_day(&b, 1);
    publish(&b, 0, head);
    CHECK(reaches(&b, &p, head));
    redis_do(&b, "FLUSHALL", NULL); /* the relay seeds the stream anew, from its beginning */
    publish(&b, 0, head);
    int64_t more = append_day(&b, 100);
    publish(&b, head, more);
    CHECK(reaches(&b, &p, more));
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(an_engine_killed_between_batches_is_continued_where_it_was)
{
    struct bench b = bench_open();
    int64_t published = 0;
    for (int life = 0; life < 6; life++) {
        struct projector p = projector_open(&b);
        int64_t head = append_day(&b, 1 + life * 20);
        if (life % 2) /* else it finds them in the store */
            publish(&b, published, head);
        for (int turn = 0; turn <= life; turn++)
            CHECK(engine_step(p.engine) != ENGINE_STOPPED);
        if (life % 2 == 0)
            publish(&b, published, head);
        published = head;
        projector_close(&p);
    }
    struct projector last = projector_open(&b);
    CHECK(reaches(&b, &last, published));
    check_views_are_the_fold(&b);
    projector_close(&last);
    bench_close(&b);
}

TEST(a_transaction_that_is_cut_leaves_nothing)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    /* the last view's statement waits for this lock; its connection is ended while it does */
    run_sql(b.reader, "BEGIN; LOCK TABLE report_list.report_list IN ACCESS EXCLUSIVE MODE");
    int64_t head = append_day(&b, 100);
    test_shell(
        "(sleep 0.3; psql -qX '%s' -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'test views'\" >/dev/null) &",
        b.views_url);
    for (int i = 0; i < 3; i++)
        CHECK(engine_step(p.engine) != ENGINE_STOPPED);
    run_sql(b.reader, "ROLLBACK");
    CHECK(reaches(&b, &p, head));
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_connection_replaced_within_a_transaction_commits_nothing)
{
    struct bench b = bench_open();
    int64_t generation;
    CHECK_OK(pg_begin(b.reader, &generation));
    run_sql(b.reader, "INSERT INTO engine.lane (name, epoch) VALUES ('lost', 1)");
    pg_close(b.reader);
    CHECK_PROBLEM(pg_run(b.reader, "INSERT INTO engine.lane (name, epoch) VALUES ('by itself', 1)"),
                  DATABASE_UNAVAILABLE);
    CHECK_PROBLEM(pg_commit(b.reader, generation), DATABASE_UNAVAILABLE);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.lane"), 0);
    bench_close(&b);
}

TEST(two_engines_on_one_database_count_every_event_once)
{
    struct bench b = bench_open();
    struct projector one = projector_open(&b), two = projector_open(&b);
    CHECK(reaches(&b, &one, append_day(&b, 1)));
    CHECK(engine_step(two.engine) != ENGINE_STOPPED);
    int64_t published = checkpoint(&b), head = published;
    publish(&b, 0, published);
    for (int i = 1; i < 12; i++) {
        head = append_day(&b, 100 * i);
        publish(&b, published, head);
        published = head;
        struct projector *turn =
            i % 3 ? &one : &two; /* the other one believes in an old checkpoint */
        CHECK(engine_step(turn->engine) != ENGINE_STOPPED);
    }
    CHECK(reaches(&b, &two, head));
    CHECK(reaches(&b, &one, head));
    check_views_are_the_fold(&b);
    projector_close(&one);
    projector_close(&two);
    bench_close(&b);
}

TEST(a_paused_engine_cannot_write_what_another_one_has_written)
{
    struct bench b = bench_open();
    struct projector zombie = projector_open(&b), other = projector_open(&b);
    CHECK(reaches(&b, &zombie, append_day(&b, 1)));
    int64_t cursor = checkpoint(&b), head = append_day(&b, 100);
    CHECK(reaches(&b, &other, head));
    publish(&b, 0, cursor);
    publish(&b, cursor, head);             /* the zombie is given what the other one has applied */
    CHECK(engine_step(zombie.engine) > 0); /* fenced: it waits and loads anew */
    CHECK_INT(checkpoint(&b), head);
    CHECK(reaches(&b, &zombie, append_day(&b, 200)));
    check_views_are_the_fold(&b);
    projector_close(&zombie);
    projector_close(&other);
    bench_close(&b);
}

/* ---- another life of the log ---- */

/* Takes turns until the engine has met the same unusable entry twice, and between the two has read
 * the store to its end; false if it stops, or after TURNS of them. */
static bool finds_no_substitute(struct projector *p)
{
    for (int i = 0; i < TURNS && !p->engine->redis_again; i++)
        if (engine_step(p->engine) == ENGINE_STOPPED)
            return false;
    return p->engine->trouble_at >= 0 && p->engine->redis_again;
}

/* Takes turns until the engine has read the end of the store five times more and refused it each
 * time; false if it stops, or after TURNS of them. */
static bool refuses_the_store(struct projector *p)
{
    int refusals = 0;
    for (int i = 0; i < TURNS && refusals < 5; i++) {
        p->engine->health.store = true;
        if (engine_step(p->engine) == ENGINE_STOPPED)
            return false;
        struct engine_health h = engine_health(p->engine);
        refusals += h.set_back && !h.store;
    }
    return refusals == 5;
}

TEST(an_entry_of_another_epoch_is_not_applied)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t cursor = append_report(&b, 1);
    CHECK(reaches(&b, &p, cursor));
    append_report(&b, 2);
    publish(&b, 0, cursor);
    publish_forged(&b, cursor, cursor + 1, (struct forgery){.epoch = 2});
    run_sql(b.writer, "DELETE FROM es_event WHERE position = (SELECT position FROM es_counter); "
                      "UPDATE es_counter SET position = position - 1");
    CHECK(finds_no_substitute(&p));
    CHECK(!engine_reason(p.engine)); /* the store knows of no other life: Redis has yet to hear */
    CHECK_INT(checkpoint(&b), cursor);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_new_epoch_stops_an_engine_and_the_next_one_fills_the_views_of_the_new_life)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t cursor = append_report(&b, 1);
    CHECK(reaches(&b, &p, cursor));
    run_sql(b.writer, "UPDATE es_store SET epoch = 2");
    append_report(&b, 2); /* of the new life: must not reach the views */
    CHECK(stops(&p));
    CHECK_TEXT(engine_reason(p.engine), "the event store has begun another epoch");
    CHECK_INT(checkpoint(&b), cursor);
    run_sql(b.reader, "INSERT INTO engine.discarded (view, stream, position, version, type, error, "
                      "attempts, since, reason) VALUES ('report_list', 'report-1', 1, 1, 'x', 'e', "
                      "1, now(), 'r')");
    struct projector next = projector_open(&b);
    CHECK(reaches(&b, &next, cursor + 1));
    CHECK_INT(ask_int(b.reader, "SELECT epoch FROM engine.lane"), 2);
    CHECK_INT(ask_int(b.reader, "SELECT serves_from FROM engine.lane"), cursor + 1);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM report_list.report_list"), 2);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.discarded WHERE view = 'report_list'"),
              0);
    projector_close(&p);
    projector_close(&next);
    bench_close(&b);
}

TEST(a_page_of_another_epoch_is_not_applied)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t cursor = append_report(&b, 1);
    CHECK(reaches(&b, &p, cursor));
    test_redis_stop(); /* so that the next turn begins with a page of the store */
    CHECK(engine_step(p.engine) != ENGINE_STOPPED);
    run_sql(b.writer, "UPDATE es_store SET epoch = 2");
    append_report(&b, 2);
    CHECK(stops(&p));
    CHECK_TEXT(engine_reason(p.engine), "the event store has begun another epoch");
    CHECK_INT(checkpoint(&b), cursor);
    test_redis_start();
    projector_close(&p);
    bench_close(&b);
}

TEST(a_store_restored_without_a_new_epoch_is_waited_for_and_never_followed)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    append_report(&b, 1);
    CHECK(reaches(&b, &p, append_report(&b, 2)));
    run_sql(b.writer,
            "DELETE FROM es_event WHERE position = 2; UPDATE es_counter SET position = 1");
    CHECK(refuses_the_store(&p));
    CHECK(!engine_reason(p.engine));
    append_report(&b, 3);
    append_report(&b, 4); /* the log has grown past the views */
    CHECK(refuses_the_store(&p));
    CHECK_INT(checkpoint(&b), 2);
    run_sql(b.writer, "UPDATE es_store SET epoch = 2");
    CHECK(stops(&p));
    CHECK_TEXT(engine_reason(p.engine), "the event store has begun another epoch");
    struct projector next = projector_open(&b);
    CHECK(reaches(&b, &next, 3));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM report_list.report_list"), 3);
    projector_close(&p);
    projector_close(&next);
    bench_close(&b);
}

TEST(views_of_a_later_life_than_the_store_s_are_not_touched)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t cursor = append_report(&b, 1);
    CHECK(reaches(&b, &p, cursor));
    projector_close(&p);
    run_sql(b.reader, "UPDATE engine.lane SET epoch = 5");
    p = projector_open(&b);
    append_report(&b, 2);
    CHECK(refuses_the_store(&p));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM report_list.report_list"), 1);
    projector_close(&p);
    bench_close(&b);
}

/* ---- databases that go away, files that do not fit ---- */

TEST(databases_that_go_away_are_waited_for)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    test_postgres_stop();
    int wait_ms = 0;
    for (int i = 0; i < 12; i++) {
        wait_ms = engine_step(p.engine);
        CHECK(wait_ms >= 0);
    }
    CHECK(wait_ms > 10 && wait_ms <= 1000); /* backs off */
    CHECK(!engine_health(p.engine).store);
    test_postgres_start();
    pg_close(b.writer);
    pg_close(b.reader);
    CHECK(reaches(&b, &p, append_day(&b, 100)));
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_statement_the_database_refuses_stops_the_engine_at_start)
{
    static const struct embedded wrong[] = {
        {"wrong.sql", "-- :tables\nCREATE TABLE t (n int);\n-- :on report.created\nINSERT INTO u "
                      "SELECT 1 FROM batch;\n"},
        {NULL, NULL}};
    struct bench b = bench_open();
    struct projector p = projector_with(&b, wrong, &event_language);
    CHECK_INT(engine_step(p.engine), ENGINE_STOPPED);
    CHECK_TEXT(engine_reason(p.engine), "a statement of a view is refused by the database");
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.view"), 0); /* nothing is left of it */
    projector_close(&p);
    bench_close(&b);
}
