/* rebuild_test.c -- a version of a view is filled beside the one that serves: the new one equals
 * the old one, and whatever goes wrong leaves the old one. */
#include "tests/projector/rebuild_bench.h"

/* The sample of each type, so that no view is empty, in one stream a feature; from the last to the
 * first, for what takes a row away stands behind what makes it. Returns the head. */
static int64_t append_every_type(struct bench *b)
{
    for (int type = EVENT_TYPES - 1; type >= 0; type--) {
        scoped_arena a = {0};
        const char *name = event_name(type), *id = report_id(&a, 999999);
        const char *stream = arena_printf(&a, "%.*s-%s", (int)strcspn(name, "."), name, id);
        append_sample(b, stream, type, "{}");
    }
    /* one that nothing has ended: else no row is left of those that something is due for */
    return append_sample(b, "dispatch-019b7f00-0000-7000-8000-0000000000d9", DispatchCreated,
                         "{\"dispatch_id\":\"019b7f00-0000-7000-8000-0000000000d9\"}");
}

TEST(a_rebuilt_view_is_the_live_one)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    struct builder w = builder_open(&b, one_home());
    scoped_arena a = {0};
    append_day(&b, 1);
    append_many(&b, LONG_LOG);
    int64_t head = append_every_type(&b);
    CHECK(reaches(&b, &p, head));
    for (const struct embedded *f = one_home(); f->name; f++) {
        const char *view = arena_bytes(&a, f->name, strcspn(f->name, "."));
        CHECK_OK(rebuild_once(&w, view));
        check_equal(&b, view, arena_printf(&a, "%s_v1", view));
    }
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.lane"), 1);
    head = append_day(&b, 100);
    CHECK(reaches(&b, &p, head)); /* the engine has been fenced and goes on with both */
    for (const struct embedded *f = one_home(); f->name; f++) {
        const char *view = arena_bytes(&a, f->name, strcspn(f->name, "."));
        check_equal(&b, view, arena_printf(&a, "%s_v1", view));
    }
    check_views_are_the_fold(&b);
    CHECK_INT(ask_int(b.reader, "SELECT (SELECT count(*) FROM pg_indexes WHERE schemaname = "
                                "'report_list') - (SELECT count(*) FROM pg_indexes WHERE "
                                "schemaname = 'report_list_v1')"),
              0);
    builder_close(&w);
    projector_close(&p);
    bench_close(&b);
}

TEST(swapping_back_does_not_go_backwards)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    struct builder w = builder_open(&b, one_home());
    struct versions v;
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    CHECK_PROBLEM(rebuild_swap_back(&w.parts, "report_list"), NO_SUCH_ITEM);
    CHECK_OK(rebuild_once(&w, "report_list"));
    CHECK(reaches(&b, &p, append_day(&b, 100)));
    CHECK_OK(rebuild_swap_back(&w.parts, "report_list"));
    CHECK_OK(versions_read(&w.parts, "report_list", &v));
    CHECK(v.serving == 1 && v.other == 2 && v.other_is_whole);
    check_equal(&b, "report_list", "report_list_v2");
    CHECK(reaches(&b, &p, append_day(&b, 200)));
    check_views_are_the_fold(&b);
    check_equal(&b, "report_list", "report_list_v2");
    CHECK_OK(rebuild_drop(&w.parts, "report_list"));
    CHECK_PROBLEM(rebuild_swap_back(&w.parts, "report_list"), NO_SUCH_ITEM);
    CHECK(reaches(&b, &p, append_day(&b, 300)));
    check_views_are_the_fold(&b);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM pg_namespace WHERE nspname ~ '_v[0-9]+$'"),
              0);
    builder_close(&w);
    projector_close(&p);
    bench_close(&b);
}

/* ---- what goes wrong ---- */

TEST(a_poison_event_fails_a_rebuild_and_the_old_version_serves_on)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    struct builder w = builder_open(&b, one_home());
    scoped_arena a = {0};
    append_many(&b, LONG_LOG);
    int64_t poison = append_sample(&b, "report-00000000-0000-7000-8000-000000000777", ReportCreated,
                                   "{\"report_id\":\"no uuid\"}");
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    CHECK_PROBLEM(rebuild_once(&w, "report_list"), UNREADABLE_EVENT);
    CHECK(text_starts(
        rebuild_why(w.rebuild),
        arena_printf(&a, "event %lld, report.created of report-00000000", (long long)poison)));
    CHECK_OK(rebuild_drop(&w.parts, "report_list"));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.view WHERE file = 'report_list'"), 1);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked WHERE view = 'report_list'"),
              1);
    CHECK(reaches(&b, &p, append_day(&b, 100)));
    CHECK_OK(rebuild_once(&w, "category_list")); /* which does not look at reports */
    CHECK_OK(pg_run(w.parts.views,
                    "INSERT INTO engine.discarded (view, stream, position, version, type, error, "
                    "attempts, since, reason) SELECT view, stream, position, version, type, error, "
                    "attempts, since, 'a test' FROM engine.parked"));
    CHECK_OK(rebuild_once(&w, "report_list")); /* what was given up on stays left out */
    builder_close(&w);
    projector_close(&p);
    bench_close(&b);
}

TEST(an_engine_killed_while_a_view_is_rebuilt_takes_up_both)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    struct builder w = builder_open(&b, one_home());
    bool done;
    CHECK(reaches(&b, &p, append_many(&b, LONG_LOG)));
    CHECK_OK(begin_rebuild(&w, "case_inbox"));
    CHECK_OK(rebuild_step(w.rebuild, &done));
    CHECK(!done && rebuild_position(w.rebuild) > 0);
    projector_close(&p);
    CHECK_OK(finish(&w)); /* up to where main stands still */
    p = projector_open(&b);
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    check_equal(&b, "case_inbox", "case_inbox_v1");
    check_views_are_the_fold(&b);
    builder_close(&w);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_second_rebuild_takes_over)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    struct builder one = builder_open(&b, one_home()), two = builder_open(&b, one_home());
    bool done;
    CHECK(reaches(&b, &p, append_many(&b, LONG_LOG)));
    CHECK_OK(begin_rebuild(&one, "report_list"));
    CHECK_OK(rebuild_step(one.rebuild, &done));
    CHECK_OK(begin_rebuild(&two, "report_list"));
    CHECK_INT(rebuild_began(two.rebuild), rebuild_position(one.rebuild)); /* with what is there */
    CHECK_PROBLEM(finish(&one), VERSION_CONFLICT);
    CHECK_OK(finish(&two));
    CHECK_PROBLEM(rebuild_once(&two, "nothing"), NO_SUCH_ITEM);
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    check_views_are_the_fold(&b);
    builder_close(&one);
    builder_close(&two);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_swap_that_is_refused_says_why)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    struct builder w = builder_open(&b, one_home());
    bool done;
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    CHECK_OK(begin_rebuild(&w, "report_list"));
    CHECK_OK(rebuild_step(w.rebuild, &done)); /* the indexes */
    run_sql(b.reader, "CREATE SCHEMA report_list_v1");
    CHECK_PROBLEM(rebuild_step(w.rebuild, &done), STATEMENT_REFUSED);
    CHECK(strstr(rebuild_why(w.rebuild), "\"report_list_v1\" already exists") != NULL);
    CHECK(reaches(&b, &p, append_day(&b, 100)));
    CHECK_OK(rebuild_once(&w, "report_list")); /* who begins one drops what is in its way */
    check_views_are_the_fold(&b);
    builder_close(&w);
    projector_close(&p);
    bench_close(&b);
}

/* ---- a changed file ---- */

static const struct embedded before_change[] = {
    {"small.sql", "-- :tables\nCREATE TABLE t (n bigint);\n"
                  "-- :on report.created\nINSERT INTO t SELECT count(*) FROM batch;\n"},
    {NULL, NULL}};
static const struct embedded after_change[] = {
    {"small.sql",
     "-- :tables\nCREATE TABLE t (n bigint, twice bigint);\n"
     "-- :on report.created\nINSERT INTO t SELECT count(*), 2 * count(*) FROM batch;\n"},
    {NULL, NULL}};

TEST(a_changed_file_is_brought_in_by_a_rebuild)
{
    struct bench b = bench_open();
    struct projector old = projector_with(&b, before_change, &event_language);
    struct builder w = builder_open(&b, after_change);
    struct versions v;
    CHECK(reaches(&b, &old, append_day(&b, 1)));
    CHECK_OK(versions_read(&w.parts, "small", &v));
    CHECK(v.changed);
    CHECK_OK(rebuild_once(&w, "small"));
    CHECK(reaches(&b, &old, append_day(&b, 100))); /* an older program keeps both by their texts */
    struct projector new = projector_with(&b, after_change, &event_language);
    CHECK(reaches(&b, &new, append_day(&b, 200)));
    CHECK_INT(ask_int(b.reader, "SELECT sum(twice) FROM small.t"), 6 * REPORTS_OF_A_DAY);
    CHECK_INT(ask_int(b.reader, "SELECT sum(n) FROM small_v1.t"), 3 * REPORTS_OF_A_DAY);
    CHECK_OK(rebuild_swap_back(&w.parts, "small"));
    CHECK(reaches(&b, &new, append_day(&b, 300)));
    CHECK_INT(ask_int(b.reader, "SELECT sum(n) FROM small.t"), 4 * REPORTS_OF_A_DAY);
    CHECK_INT(ask_int(b.reader, "SELECT sum(twice) FROM small_v2.t"), 8 * REPORTS_OF_A_DAY);
    builder_close(&w);
    projector_close(&old);
    projector_close(&new);
    bench_close(&b);
}
