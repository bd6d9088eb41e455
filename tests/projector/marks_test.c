/* marks_test.c -- the mark of a view rises in the transaction that changes it, and in no other: who
 * keeps what was read from it has to know. */
#include "tests/projector/rebuild_bench.h"

static const struct embedded two[] = {
    {"created.sql", "-- :tables\nCREATE TABLE t (id uuid, text text);\n"
                    "-- :members report_id uuid, content text\n"
                    "-- :on report.created\nINSERT INTO t SELECT report_id, content FROM batch;\n"},
    {"voted.sql", "-- :tables\nCREATE TABLE t (n bigint);\n"
                  "-- :on report.upvoted\nINSERT INTO t SELECT count(*) FROM batch;\n"},
    {NULL, NULL}};

static int64_t mark_of(struct bench *b, const char *view)
{
    scoped_arena a = {0};
    return ask_int(b->reader,
                   arena_printf(&a, "SELECT mark FROM engine.change WHERE view = '%s'", view));
}

/* Which of the marks have risen since the last call: bit 0 created, bit 1 voted. */
static int risen(struct bench *b)
{
    static int64_t before[2];
    int64_t now[2] = {mark_of(b, "created"), mark_of(b, "voted")};
    int which = (now[0] > before[0]) | (now[1] > before[1]) << 1;
    CHECK(now[0] >= before[0] && now[1] >= before[1]);
    memcpy(before, now, sizeof(now));
    return which;
}

enum { NONE, CREATED, VOTED, BOTH };

TEST(a_mark_rises_with_the_events_of_its_view_alone)
{
    struct bench b = bench_open();
    struct projector p = projector_with(&b, two, &event_language);
    CHECK(engine_step(p.engine) != ENGINE_STOPPED);
    CHECK_INT(risen(&b), BOTH); /* they are there */
    CHECK(reaches(&b, &p, append_report(&b, 1)));
    CHECK_INT(risen(&b), CREATED);
    CHECK(reaches(&b, &p, append_vote(&b, 1, 1)));
    CHECK_INT(risen(&b), VOTED);
    CHECK(reaches(&b, &p, append_status(&b, 1, "RECEIVED", "IN_PROGRESS")));
    CHECK_INT(risen(&b), NONE);
    CHECK(reaches(&b, &p, append_day(&b, 100))); /* in one batch */
    CHECK_INT(risen(&b), BOTH);
    projector_close(&p);
    bench_close(&b);
}

/* What waits parked shows in answers, too. */
TEST(parking_and_retrying_are_changes)
{
    struct bench b = bench_open();
    struct projector p = projector_with(&b, two, &event_language);
    scoped_arena a = {0};
    int64_t left;
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    risen(&b);
    const char *stream = arena_printf(&a, "report-%s", report_id(&a, 777));
    int64_t poison = append_sample(&b, stream, ReportCreated, "{\"report_id\":\"no uuid\"}");
    CHECK(reaches(&b, &p, poison));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked"), 1);
    CHECK_INT(risen(&b), CREATED);
    CHECK_OK(engine_retry(p.engine, "created", stream, &left));
    CHECK_INT(risen(&b), CREATED);
    CHECK(reaches(&b, &p, append_vote(&b, 1, 5))); /* with something parked each view has its own */
    CHECK_INT(risen(&b), VOTED);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_swap_is_a_change_and_what_fills_beside_is_none)
{
    struct bench b = bench_open();
    struct projector p = projector_with(&b, two, &event_language);
    struct builder w = builder_open(&b, two);
    bool done;
    CHECK(reaches(&b, &p, append_many(&b, LONG_LOG)));
    risen(&b);
    CHECK_OK(begin_rebuild(&w, "created"));
    CHECK_OK(rebuild_step(w.rebuild, &done));
    CHECK_INT(risen(&b), NONE);
    CHECK_OK(finish(&w));
    CHECK_INT(risen(&b), CREATED);
    CHECK_OK(rebuild_swap_back(&w.parts, "created"));
    CHECK_INT(risen(&b), CREATED);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.change WHERE view <> 'positions'"), 2);
    builder_close(&w);
    projector_close(&p);
    bench_close(&b);
}

/* For tables that others keep: by SQL, at any place of the same transaction. */
TEST(others_tell_their_changes_by_a_function)
{
    struct bench b = bench_open();
    int64_t first = ask_int(b.reader, "SELECT engine.changed('elsewhere')");
    CHECK(ask_int(b.reader, "SELECT engine.changed('elsewhere')") > first);
    run_sql(b.reader,
            "UPDATE engine.change SET mark = mark + 1000000000"); /* the clock went back */
    int64_t ahead = mark_of(&b, "elsewhere");
    CHECK_INT(ask_int(b.reader, "SELECT engine.changed('elsewhere')"), ahead + 1);
    first = mark_of(&b, "positions"); /* by the triggers of its tables */
    run_sql(b.reader, "INSERT INTO positions.track (unit, at, digest, latitude, longitude) "
                      "VALUES (gen_random_uuid(), now(), 1, 2, 3)");
    CHECK(mark_of(&b, "positions") > first);
    bench_close(&b);
}
