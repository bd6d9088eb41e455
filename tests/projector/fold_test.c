/* fold_test.c -- a view that a function of the program keeps is kept like one of a file. */
#include "tests/projector/rebuild_bench.h"

/* Counts the events of each stream: a second application shows. */
struct counter {
    const char *refused; /* stream; NULL: none */
    int failures;        /* so often it fails after its rows were written */
    int losses;          /* so often the connection is lost between two of its rows */
};

static const struct pg_statement COUNT = {
    "count_event", "INSERT INTO count_of_stream AS c (stream, events, first, last) "
                   "VALUES ($1, 1, $2::bigint, $2::bigint) ON CONFLICT (stream) DO UPDATE SET "
                   "events = c.events + 1, last = excluded.last"};

static const struct problem *count_events(void *context, struct pg *db,
                                          const struct batch_event *const *events, int count)
{
    struct counter *c = context;
    for (int i = 0; i < count; i++) {
        scoped_arena a = {0};
        const char *values[] = {events[i]->stream,
                                arena_printf(&a, "%lld", (long long)events[i]->position)};
        if (c->refused && text_equal(c->refused, events[i]->stream))
            return UNREADABLE_EVENT;
        TRY(pg_call(db, &COUNT, 2, values, NULL));
        if (c->losses && c->losses--)
            pg_close(db);
    }
    return c->failures && c->failures-- ? DATABASE_UNAVAILABLE : NULL;
}

static const char TABLES[] = "CREATE TABLE count_of_stream (stream text PRIMARY KEY, events int, "
                             "first bigint, last bigint); CREATE INDEX ON count_of_stream (last)";
static const char *const TYPES[] = {"report.created", "report.status.updated", "report.upvoted",
                                    NULL};

struct folds {
    struct counter counter;
    struct view_fold list[2];
};

static void give(struct folds *f, const char *revision)
{
    *f = (struct folds){
        .list = {{"count_of_stream", TABLES, TYPES, revision, count_events, NULL, NULL}}};
    f->list[0].context = &f->counter;
}

static struct projector counting(const struct bench *b, struct folds *f)
{
    return projector_of(b, one_home(), &event_language, f->list);
}

/* All events up to here once, and in order. */
static void check_counted(struct bench *b, int64_t head)
{
    CHECK_INT(ask_int(b->reader, "SELECT sum(events) FROM count_of_stream.count_of_stream"), head);
    scoped_rows *rows = NULL;
    struct pg_statement s = {
        NULL, "SELECT stream, events, first, last FROM count_of_stream.count_of_stream"};
    CHECK_OK(pg_call(b->reader, &s, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        const char *values[] = {rows_text(rows, i, 0), rows_text(rows, i, 1), rows_text(rows, i, 2),
                                rows_text(rows, i, 3)};
        scoped_rows *same = NULL;
        struct pg_statement of_log = {
            NULL, "SELECT 1 FROM es_event WHERE stream = $1 HAVING count(*) = $2::int AND "
                  "min(position) = $3::bigint AND max(position) = $4::bigint"};
        CHECK_OK(pg_call(b->writer, &of_log, 4, values, &same));
        CHECK_INT(rows_count(same), 1);
    }
}

TEST(a_fold_is_given_every_event_once_whatever_fails_and_starts_anew)
{
    struct bench b = bench_open();
    struct folds f;
    give(&f, "1");
    struct projector p = counting(&b, &f);
    int64_t head = append_day(&b, 1);
    publish(&b, 0, head);
    CHECK(reaches(&b, &p, head));
    check_counted(&b, head);
    f.counter.failures = 2;
    int64_t next = append_day(&b, 100);
    publish(&b, head, next);
    CHECK(reaches(&b, &p, next));
    CHECK_INT(f.counter.failures, 0);
    f.counter.losses = 2;
    CHECK(reaches(&b, &p, head = append_day(&b, 200)));
    CHECK_INT(f.counter.losses, 0);
    check_counted(&b, head);
    projector_close(&p);
    head = append_day(&b, 300);
    p = counting(&b, &f);
    CHECK(reaches(&b, &p, head));
    check_counted(&b, head);
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

static void plant_poison(struct bench *b, struct folds *f, const char *stream, bool by_table)
{
    scoped_arena a = {0};
    if (by_table)
        run_sql(b->reader, arena_printf(&a,
                                        "ALTER TABLE count_of_stream.count_of_stream ADD "
                                        "CONSTRAINT poison CHECK (stream <> '%s')",
                                        stream));
    else
        f->counter.refused = stream;
}

static void mend(struct bench *b, struct folds *f, bool by_table)
{
    if (by_table)
        run_sql(b->reader, "ALTER TABLE count_of_stream.count_of_stream DROP CONSTRAINT poison");
    f->counter.refused = NULL;
}

static void park_and_retry(bool by_table, const char *error)
{
    struct bench b = bench_open();
    struct folds f;
    scoped_arena a = {0};
    int64_t left = -1;
    const char *stream = arena_printf(&a, "report-%s", report_id(&a, 3));
    give(&f, "1");
    struct projector p = counting(&b, &f);
    CHECK(reaches(&b, &p, 0));
    plant_poison(&b, &f, stream, by_table);
    int64_t head = append_day(&b, 1);
    publish(&b, 0, head);
    CHECK(reaches(&b, &p, head));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked"), 2);
    CHECK_INT(
        ask_int(b.reader, arena_printf(&a,
                                       "SELECT count(*) FROM engine.parked WHERE attempts = 1 "
                                       "AND view = 'count_of_stream' AND error LIKE '%s%%'",
                                       error)),
        1);
    CHECK_INT(ask_int(b.reader, "SELECT sum(events) FROM count_of_stream.count_of_stream"),
              head - 2);
    CHECK_OK(engine_retry(p.engine, "count_of_stream", stream, &left));
    CHECK_INT(left, 2);
    mend(&b, &f, by_table);
    CHECK_OK(engine_retry(p.engine, "count_of_stream", stream, &left));
    CHECK_INT(left, 0);
    check_counted(&b, head);
    CHECK(reaches(&b, &p, head = append_day(&b, 100)));
    check_counted(&b, head);
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(what_the_function_refuses_is_parked_with_its_successors_and_retried)
{
    park_and_retry(false, "refused by");
}

TEST(what_its_table_refuses_is_parked_with_its_successors_and_retried)
{
    park_and_retry(true, "23514: ");
}

TEST(a_rebuilt_fold_is_the_live_one_and_both_go_on)
{
    struct bench b = bench_open();
    struct folds f, other;
    give(&f, "1");
    give(&other, "1");
    struct projector p = counting(&b, &f);
    struct builder w = builder_open(&b, one_home());
    w.parts.folds = other.list;
    append_day(&b, 1);
    int64_t head = append_many(&b, LONG_LOG);
    CHECK(reaches(&b, &p, head));
    CHECK_OK(rebuild_once(&w, "count_of_stream"));
    check_equal(&b, "count_of_stream", "count_of_stream_v1");
    check_counted(&b, head);
    CHECK(reaches(&b, &p, head = append_day(&b, 100)));
    check_equal(&b, "count_of_stream", "count_of_stream_v1");
    check_counted(&b, head);
    CHECK_OK(rebuild_swap_back(&w.parts, "count_of_stream"));
    CHECK_OK(rebuild_drop(&w.parts, "count_of_stream"));
    CHECK(reaches(&b, &p, head = append_day(&b, 200)));
    check_counted(&b, head);

    scoped_arena a = {0};
    other.counter.refused = arena_printf(&a, "report-%s", report_id(&a, 3));
    CHECK_PROBLEM(rebuild_once(&w, "count_of_stream"), UNREADABLE_EVENT);
    CHECK(strstr(rebuild_why(w.rebuild), "refused by") != NULL);
    builder_close(&w);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_new_epoch_drops_a_fold_and_fills_it_anew)
{
    struct bench b = bench_open();
    struct folds f;
    give(&f, "1");
    struct projector p = counting(&b, &f);
    int64_t head = append_day(&b, 1);
    CHECK(reaches(&b, &p, head));
    run_sql(b.reader, "UPDATE count_of_stream.count_of_stream SET events = events + 1");
    run_sql(b.writer, "UPDATE es_store SET epoch = 2");
    head = append_day(&b, 100);
    CHECK(stops(&p));
    projector_close(&p);
    p = counting(&b, &f);
    CHECK(reaches(&b, &p, head));
    CHECK_INT(ask_int(b.reader, "SELECT epoch FROM engine.lane"), 2);
    check_counted(&b, head);
    projector_close(&p);
    bench_close(&b);
}

TEST(another_revision_drops_a_fold_and_fills_it_anew)
{
    struct bench b = bench_open();
    struct folds f, newer;
    give(&f, "1");
    give(&newer, "2");
    struct projector old = counting(&b, &f);
    struct builder w = builder_open(&b, one_home());
    w.parts.folds = f.list;
    int64_t head = append_day(&b, 1);
    CHECK(reaches(&b, &old, head));
    CHECK_OK(rebuild_once(&w, "count_of_stream"));
    CHECK(reaches(&b, &old, head = append_day(&b, 100)));
    run_sql(b.reader, "UPDATE count_of_stream.count_of_stream SET events = events + 1");
    struct projector p = counting(&b, &newer);
    CHECK(comes_true(&b, &p,
                     "SELECT count(*) = 1 FROM engine.view WHERE file = 'count_of_stream' AND lane "
                     "= 'main' AND text LIKE '%revision 2%'"));
    check_counted(&b, head);
    CHECK_INT(
        ask_int(b.reader, "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^count_of_stream'"),
        1);
    append_report(&b, 300);
    CHECK(stops(&old));
    CHECK_TEXT(engine_reason(old.engine), "another program keeps a view by another function");
    CHECK(reaches(&b, &p, head + 1));
    check_counted(&b, head + 1);
    check_views_are_the_fold(&b);
    builder_close(&w);
    projector_close(&old);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_fold_that_cannot_be_a_view_does_not_start)
{
    static const char *const MISSPELT[] = {"report.creatd", NULL}, *const NONE[] = {NULL};
    const struct view_fold wrong[] = {
        {"main", TABLES, TYPES, "1", count_events, NULL, NULL},
        {"Count", TABLES, TYPES, "1", count_events, NULL, NULL},
        {"count_of_stream", TABLES, MISSPELT, "1", count_events, NULL, NULL},
        {"count_of_stream", TABLES, NONE, "1", count_events, NULL, NULL}};
    struct pg *nowhere = pg_new("", "test", NULL, 1000);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct engine *e = NULL;
        const struct view_fold list[] = {wrong[i], {.name = NULL}};
        struct engine_parts parts = {
            .files = one_home(), .language = &event_language, .views = nowhere, .folds = list};
        CHECK_PROBLEM(engine_new(&parts, &e), NOT_STARTED);
    }
    pg_free(nowhere);
}
