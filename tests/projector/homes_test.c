/* homes_test.c -- views of several homes: each home has an engine of its own, and none waits for
 * another. */
#include "tests/projector/rebuild_bench.h"

#define COUNTING                                                \
    "-- :tables\nCREATE TABLE t (n bigint, position bigint);\n" \
    "-- :on report.created\nINSERT INTO t SELECT count(*), max(position) FROM batch;\n"

static const struct embedded two_homes[] = {
    {"first.sql", COUNTING}, {"second.sql", "-- :lane side\n" COUNTING}, {NULL, NULL}};
static const struct embedded together[] = {
    {"first.sql", COUNTING}, {"second.sql", COUNTING}, {NULL, NULL}};

static bool stands_at(struct bench *b, const char *lane, int64_t position)
{
    scoped_arena a = {0};
    return ask_int(b->reader,
                   arena_printf(&a,
                                "SELECT coalesce((SELECT position FROM engine.lane WHERE name = "
                                "'%s'), -1)",
                                lane)) == position;
}

static bool moves_to(struct bench *b, struct projector *p, const char *lane, int64_t position)
{
    for (int i = 0; i < TURNS && !stands_at(b, lane, position); i++)
        if (engine_step(p->engine) == ENGINE_STOPPED)
            return false;
    return stands_at(b, lane, position);
}

static int64_t counted(struct bench *b, const char *view)
{
    scoped_arena a = {0};
    return ask_int(b->reader, arena_printf(&a, "SELECT sum(n) FROM %s.t", view));
}

TEST(homes_are_found_in_the_files)
{
    scoped_arena a = {0};
    const char *homes[ENGINE_HOMES_MAX];
    int count;
    CHECK_OK(engine_homes(two_homes, &event_language, &a, homes, &count));
    CHECK_INT(count, 2);
    CHECK_TEXT(homes[0], "main");
    CHECK_TEXT(homes[1], "side");
    CHECK_OK(engine_homes(together, &event_language, &a, homes, &count));
    CHECK_INT(count, 1);
}

TEST(a_view_named_like_a_lane_does_not_start)
{
    static const struct embedded files[] = {
        {"side.sql", COUNTING}, {"second.sql", "-- :lane side\n" COUNTING}, {NULL, NULL}};
    struct pg *nowhere = pg_new("", "test", NULL, 1000);
    struct engine *e = NULL;
    struct engine_parts parts = {
        .files = files, .language = &event_language, .views = nowhere, .home = "side"};
    CHECK_PROBLEM(engine_new(&parts, &e), NOT_STARTED);
    pg_free(nowhere);
}

TEST(the_engine_of_a_home_keeps_its_views_and_no_others)
{
    struct bench b = bench_open();
    struct projector main = projector_at(&b, two_homes, "main");
    struct projector side = projector_at(&b, two_homes, "side");
    int64_t head = append_day(&b, 1);
    CHECK(moves_to(&b, &main, "main", head));
    CHECK_INT(counted(&b, "first"), REPORTS_OF_A_DAY);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.view"), 1);
    CHECK(moves_to(&b, &side, "side", head));
    CHECK_INT(counted(&b, "second"), REPORTS_OF_A_DAY);
    CHECK_INT(counted(&b, "first"), REPORTS_OF_A_DAY);
    int64_t next = append_day(&b, 100); /* one goes on while the other one stands still */
    CHECK(moves_to(&b, &side, "side", next));
    CHECK(stands_at(&b, "main", head));
    CHECK(moves_to(&b, &main, "main", next));
    CHECK_INT(counted(&b, "first"), 2 * REPORTS_OF_A_DAY);
    CHECK_INT(counted(&b, "second"), 2 * REPORTS_OF_A_DAY);
    projector_close(&main);
    projector_close(&side);
    bench_close(&b);
}

/* The engine of the new home may start before that of the old one: it must not move the views of
 * the lane in which its own still stands. */
TEST(a_view_whose_file_names_another_home_moves_there_and_misses_nothing)
{
    struct bench b = bench_open();
    struct projector old = projector_at(&b, together, "main");
    CHECK(moves_to(&b, &old, "main", append_day(&b, 1)));
    projector_close(&old);
    int64_t stood = checkpoint(&b), head = append_day(&b, 100);
    struct projector side = projector_at(&b, two_homes, "side");
    for (int i = 0; i < 20; i++)
        CHECK(engine_step(side.engine) != ENGINE_STOPPED);
    CHECK_INT(checkpoint(&b), stood);
    CHECK_INT(counted(&b, "second"), REPORTS_OF_A_DAY);
    struct projector main = projector_at(&b, two_homes, "main");
    CHECK(moves_to(&b, &main, "main", head));
    CHECK(comes_true(
        &b, &side,
        "SELECT lane = 'side' AND home = 'side' FROM engine.view WHERE name = 'second'"));
    CHECK(moves_to(&b, &side, "side", head));
    CHECK_INT(counted(&b, "first"), 2 * REPORTS_OF_A_DAY);
    CHECK_INT(counted(&b, "second"), 2 * REPORTS_OF_A_DAY);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.lane"), 2);
    projector_close(&main);
    projector_close(&side);
    bench_close(&b);
}

TEST(a_view_is_rebuilt_in_its_home)
{
    struct bench b = bench_open();
    struct projector main = projector_at(&b, two_homes, "main");
    struct projector side = projector_at(&b, two_homes, "side");
    int64_t head = append_day(&b, 1);
    CHECK(moves_to(&b, &main, "main", head));
    CHECK(moves_to(&b, &side, "side", head));
    head = append_day(&b, 100); /* main stays behind: the rebuild does not wait for it */
    CHECK(moves_to(&b, &side, "side", head));
    struct builder w = builder_open(&b, two_homes);
    CHECK_OK(rebuild_once(&w, "second"));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.view WHERE file = 'second' AND lane = "
                                "'side' AND home = 'side'"),
              2);
    CHECK_INT(counted(&b, "second"), 2 * REPORTS_OF_A_DAY);
    head = append_day(&b, 200);
    CHECK(moves_to(&b, &side, "side", head));
    CHECK_INT(counted(&b, "second"), 3 * REPORTS_OF_A_DAY);
    CHECK_INT(counted(&b, "second_v1"), 3 * REPORTS_OF_A_DAY);
    CHECK_OK(rebuild_swap_back(&w.parts, "second"));
    CHECK_OK(rebuild_drop(&w.parts, "second"));
    CHECK(moves_to(&b, &main, "main", head));
    builder_close(&w);
    projector_close(&main);
    projector_close(&side);
    bench_close(&b);
}

TEST(after_a_new_epoch_both_homes_are_filled_anew)
{
    struct bench b = bench_open();
    struct projector main = projector_at(&b, two_homes, "main");
    struct projector side = projector_at(&b, two_homes, "side");
    int64_t head = append_day(&b, 1);
    CHECK(moves_to(&b, &main, "main", head));
    CHECK(moves_to(&b, &side, "side", head));
    run_sql(b.writer, "UPDATE es_store SET epoch = epoch + 1");
    append_report(&b, 999);
    CHECK(stops(&main));
    CHECK(stops(&side));
    projector_close(&main);
    projector_close(&side);
    side = projector_at(&b, two_homes, "side");
    CHECK(moves_to(&b, &side, "side", head + 1));
    main = projector_at(&b, two_homes, "main");
    CHECK(moves_to(&b, &main, "main", head + 1));
    CHECK_INT(counted(&b, "first"), REPORTS_OF_A_DAY + 1);
    CHECK_INT(counted(&b, "second"), REPORTS_OF_A_DAY + 1);
    projector_close(&main);
    projector_close(&side);
    bench_close(&b);
}
