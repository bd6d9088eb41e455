/* view_life_test.c -- views that come, change and go between two starts of a projector. */
#include "tests/projector/bench.h"

static const struct embedded small_views[] = {
    {"first.sql",
     "-- :tables\nCREATE TABLE t (n bigint, position bigint);\n"
     "-- :on report.created\nINSERT INTO t SELECT count(*), max(position) FROM batch;\n"},
    {"second.sql",
     "-- :tables\nCREATE TABLE t (n bigint, position bigint);\n"
     "-- :on report.created\nINSERT INTO t SELECT count(*), max(position) FROM batch;\n"},
    {NULL, NULL}};
static const struct embedded only_first[] = {
    {"first.sql",
     "-- :tables\nCREATE TABLE t (n bigint, position bigint);\n"
     "-- :on report.created\nINSERT INTO t SELECT count(*), max(position) FROM batch;\n"},
    {NULL, NULL}};

TEST(a_view_added_later_catches_up_and_joins_main)
{
    struct bench b = bench_open();
    struct projector old = projector_with(&b, only_first, &event_language);
    CHECK(reaches(&b, &old, append_day(&b, 1)));
    struct projector new = projector_with(&b, small_views, &event_language);
    CHECK(engine_step(new.engine) != ENGINE_STOPPED); /* registers the view */
    CHECK(comes_true(&b, &new, "SELECT lane = 'main' FROM engine.view WHERE name = 'second'"));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.lane"), 1);
    CHECK_INT(ask_int(b.reader, "SELECT sum(n) FROM second.t"), REPORTS_OF_A_DAY);
    /* the old program stands where main stands, but does not know its new member: it is fenced */
    int64_t joined = checkpoint(&b), head = append_day(&b, 100);
    publish(&b, 0, head);
    CHECK(engine_step(old.engine) > 0);
    CHECK_INT(checkpoint(&b), joined);
    CHECK(reaches(&b, &new, head));
    CHECK_INT(ask_int(b.reader, "SELECT sum(n) FROM first.t"), 2 * REPORTS_OF_A_DAY);
    CHECK_INT(ask_int(b.reader, "SELECT sum(n) FROM second.t"), 2 * REPORTS_OF_A_DAY);
    append_day(&b, 200);
    CHECK(stops(&old));
    CHECK_TEXT(engine_reason(old.engine),
               "another program keeps views that this one does not know");
    projector_close(&old);
    projector_close(&new);
    bench_close(&b);
}

TEST(a_new_view_that_cannot_catch_up_does_not_hold_up_the_others)
{
    static const struct embedded files[] = {
        {"first.sql",
         "-- :tables\nCREATE TABLE t (n bigint, position bigint);\n"
         "-- :on report.created\nINSERT INTO t SELECT count(*), max(position) FROM batch;\n"},
        {"slow.sql",
         "-- :tables\nCREATE TABLE t (n bigint);\n"
         "-- :on report.created\nINSERT INTO t SELECT public.busy(position) FROM batch;\n"},
        {NULL, NULL}};
    struct bench b = bench_open();
    struct projector p = projector_with(&b, only_first, &event_language);
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    projector_close(&p);
    run_sql(b.reader, "CREATE FUNCTION public.busy(n bigint) RETURNS bigint LANGUAGE plpgsql AS $$ "
                      "BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '55P03'; END $$");
    p = projector_with(&b, files, &event_language);
    CHECK(reaches(&b, &p, append_day(&b, 100)));
    CHECK_INT(ask_int(b.reader, "SELECT position FROM engine.lane WHERE name = 'slow'"), 0);
    run_sql(b.reader, "CREATE OR REPLACE FUNCTION public.busy(n bigint) RETURNS bigint "
                      "LANGUAGE sql AS 'SELECT n'");
    CHECK(comes_true(&b, &p, "SELECT lane = 'main' FROM engine.view WHERE name = 'slow'"));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM slow.t"), 2 * REPORTS_OF_A_DAY);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked"), 0);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_view_whose_file_is_gone_stands_still_and_misses_nothing)
{
    struct bench b = bench_open();
    struct projector both = projector_with(&b, small_views, &event_language);
    CHECK(reaches(&b, &both, append_day(&b, 1)));
    projector_close(&both);
    struct projector one = projector_with(&b, only_first, &event_language);
    CHECK(reaches(&b, &one, append_day(&b, 100)));
    CHECK_INT(ask_int(b.reader, "SELECT sum(n) FROM second.t"), REPORTS_OF_A_DAY);
    projector_close(&one);
    both = projector_with(&b, small_views, &event_language);
    CHECK(comes_true(&b, &both, "SELECT lane = 'main' FROM engine.view WHERE name = 'second'"));
    CHECK_INT(ask_int(b.reader, "SELECT sum(n) FROM second.t"), 2 * REPORTS_OF_A_DAY);
    CHECK_INT(ask_int(b.reader, "SELECT sum(n) FROM first.t"), 2 * REPORTS_OF_A_DAY);
    projector_close(&both);
    bench_close(&b);
}

TEST(a_changed_view_file_waits_for_its_rebuild)
{
    static const struct embedded changed[] = {
        {"first.sql",
         "-- :tables\nCREATE TABLE t (n int);\n-- :on report.created\nSELECT 1 FROM batch;\n"},
        {NULL, NULL}};
    struct bench b = bench_open();
    struct projector p = projector_with(&b, only_first, &event_language);
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    projector_close(&p);
    p = projector_with(&b, changed, &event_language);
    CHECK(reaches(&b, &p, append_day(&b, 100))); /* by the text the tables were made with */
    CHECK_INT(ask_int(b.reader, "SELECT sum(n) FROM first.t"), 2 * REPORTS_OF_A_DAY);
    projector_close(&p);
    run_sql(b.reader, "UPDATE engine.view SET text = NULL");
    p = projector_with(&b, changed, &event_language);
    CHECK_INT(engine_step(p.engine), ENGINE_STOPPED);
    CHECK_TEXT(engine_reason(p.engine),
               "the file of a view has changed since its tables were made");
    projector_close(&p);
    bench_close(&b);
}
