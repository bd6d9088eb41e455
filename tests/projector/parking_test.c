/* parking_test.c -- an event that a view cannot take is put aside with what follows it in its
 * stream, and all else goes on; a stream put aside comes back in order. */
#include "tests/projector/bench.h"

#include "platform/process/metrics.h"

/* A fault of one view that can be mended: it refuses the report with this content. */
static void plant_poison(struct bench *b, int n)
{
    scoped_arena a = {0};
    run_sql(b->reader, arena_printf(&a,
                                    "ALTER TABLE report_list.report_list ADD CONSTRAINT poison "
                                    "CHECK (content <> 'n %d')",
                                    n));
}

static void mend(struct bench *b)
{
    run_sql(b->reader, "ALTER TABLE report_list.report_list DROP CONSTRAINT poison");
}

static const char *stream_of(struct arena *a, int report)
{
    return arena_printf(a, "report-%s", report_id(a, report));
}

static int64_t parked_rows(struct bench *b)
{
    return ask_int(b->reader, "SELECT count(*) FROM engine.parked");
}

/* Reports 1 to 9, of which report_list refuses the fifth, which moves on twice; returns the head.
 */
static int64_t poisoned_day(struct bench *b, struct projector *p)
{
    CHECK(reaches(b, p, 0));
    plant_poison(b, 5);
    for (int i = 1; i <= 9; i++)
        append_report(b, i);
    append_vote(b, 5, 1); /* another stream: it does not wait */
    append_status(b, 5, "RECEIVED", "IN_PROGRESS");
    CHECK(reaches(b, p, append_status(b, 6, "RECEIVED", "REJECTED")));
    int64_t head = append_status(b, 5, "IN_PROGRESS", "RESOLVED");
    publish(b, 0, head);
    CHECK(reaches(b, p, head));
    return head;
}

TEST(a_poison_event_is_parked_with_its_followers_and_the_rest_flows)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    poisoned_day(&b, &p);
    CHECK_INT(parked_rows(&b), 3);
    CHECK_INT(ask_int(b.reader,
                      "SELECT count(*) FROM engine.parked WHERE position = 5 AND attempts = 1 "
                      "AND view = 'report_list' AND error LIKE '23514: %'"),
              1);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked WHERE attempts = 0 "
                                "AND error = 'follows a parked event'"),
              2);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM report_list.report_list"), 8);
    CHECK_INT(
        ask_int(b.reader, "SELECT count(*) FROM report_list.report_list WHERE status = 'REJECTED'"),
        1);
    CHECK_INT(ask_int(b.reader, "SELECT count(votes) FROM report_rank.report_rank"), 1);
    CHECK_INT(ask_int(b.reader,
                      "SELECT count(*) FROM report_detail.report_detail WHERE status = 'RESOLVED'"),
              1);

    scoped_text metrics = {0};
    engine_metrics(p.engine);
    metrics_write(&metrics);
    CHECK(strstr(text_value(&metrics), "es_projection_parked{name=\"report_list\"} 3\n") != NULL);
    CHECK(strstr(text_value(&metrics), "es_projection_parked{name=\"report_detail\"} 0\n") != NULL);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_parked_stream_is_retried_in_order_and_then_free)
{
    struct bench b = bench_open();
    scoped_arena a = {0};
    int64_t left = -1;
    struct projector p = projector_open(&b);
    int64_t head = poisoned_day(&b, &p);
    CHECK_OK(engine_retry(p.engine, "report_list", stream_of(&a, 5), &left));
    CHECK_INT(left, 3); /* not mended yet: all as before, but for the count */
    CHECK_INT(ask_int(b.reader, "SELECT attempts FROM engine.parked WHERE position = 5"), 2);
    mend(&b);
    CHECK_OK(engine_retry(p.engine, "report_list", stream_of(&a, 5), &left));
    CHECK_INT(left, 0);
    check_views_are_the_fold(&b);
    int64_t last = append_status(&b, 5, "RESOLVED", "CLOSED");
    publish(&b, head, last);
    CHECK(reaches(&b, &p, last));
    CHECK_INT(parked_rows(&b), 0);
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_retry_stops_at_the_first_event_that_fails_again)
{
    struct bench b = bench_open();
    scoped_arena a = {0};
    int64_t left = -1;
    struct projector p = projector_open(&b);
    CHECK(reaches(&b, &p, 0));
    plant_poison(&b, 1);
    run_sql(b.reader,
            "ALTER TABLE report_list.report_list ADD CONSTRAINT late CHECK (status <> 'RESOLVED')");
    append_report(&b, 1);
    append_status(&b, 1, "RECEIVED", "IN_PROGRESS");
    append_status(&b, 1, "IN_PROGRESS", "RESOLVED");
    CHECK(reaches(&b, &p, append_status(&b, 1, "RESOLVED", "CLOSED")));
    CHECK_INT(parked_rows(&b), 4);
    mend(&b);
    CHECK_OK(engine_retry(p.engine, "report_list", stream_of(&a, 1), &left));
    CHECK_INT(left, 2);
    CHECK_INT(ask_int(b.reader,
                      "SELECT count(*) FROM report_list.report_list WHERE status = 'IN_PROGRESS'"),
              1);
    run_sql(b.reader, "ALTER TABLE report_list.report_list DROP CONSTRAINT late");
    CHECK_OK(engine_retry(p.engine, "report_list", stream_of(&a, 1), &left));
    CHECK_INT(left, 0);
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(parked_streams_are_known_to_the_next_engine_and_a_retry_to_the_other_one)
{
    struct bench b = bench_open();
    scoped_arena a = {0};
    int64_t left = -1;
    struct projector p = projector_open(&b);
    CHECK(reaches(&b, &p, 0));
    plant_poison(&b, 1);
    CHECK(reaches(&b, &p, append_report(&b, 1)));
    projector_close(&p);
    p = projector_open(&b);
    CHECK(reaches(&b, &p, append_status(&b, 1, "RECEIVED", "IN_PROGRESS")));
    CHECK_INT(parked_rows(&b), 2);
    mend(&b);
    struct projector other = projector_open(&b); /* as an operator's program would */
    CHECK_OK(engine_retry(other.engine, "report_list", stream_of(&a, 1), &left));
    CHECK_INT(left, 0);
    CHECK(reaches(&b, &p, append_status(&b, 1, "IN_PROGRESS", "RESOLVED")));
    CHECK_INT(parked_rows(&b), 0);
    check_views_are_the_fold(&b);
    CHECK_OK(engine_retry(other.engine, "report_list", "report-none", &left));
    CHECK_INT(left, 0);
    CHECK_PROBLEM(engine_retry(other.engine, "no_such_view", "report-none", &left), NO_SUCH_ITEM);
    projector_close(&other);
    projector_close(&p);
    bench_close(&b);
}

/* What is no value of its type, a second creation, what a column must not be: each is the fault of
 * its event alone, and the others of the batch are applied. */
TEST(a_member_that_is_no_value_of_its_type_is_a_fault_of_its_event)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    append_report(&b, 1);
    append_sample(&b, "report-a", ReportCreated,
                  "{\"report_id\":\"00000000-0000-7000-8000-00000000000a\","
                  "\"created_at\":\"yesterday at noon\"}");
    append_report(&b, 2);
    append_report(&b, 1); /* once more */
    int64_t head = append_report(&b, 3);
    CHECK(reaches(&b, &p, head));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM report_list.report_list"), 3);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked WHERE view = 'report_list' AND "
                                "stream = 'report-a' AND error LIKE '22007: %'"),
              1);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked WHERE view = 'report_list' AND "
                                "position = 4 AND error LIKE '23505: %'"),
              1);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked WHERE view = 'report_list'"),
              2);
    projector_close(&p);
    bench_close(&b);
}

TEST(an_event_that_breaks_every_view_is_parked_in_each)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    append_report(&b, 1);
    append_sample(&b, "report-x", ReportCreated,
                  "{\"report_id\":\"no uuid\",\"category\":null,\"owner_agency\":null}");
    CHECK(reaches(&b, &p, append_report(&b, 2)));
    /* in those that show reports; the others do not look at it */
    CHECK_INT(
        ask_int(b.reader, "SELECT count(DISTINCT view) FROM engine.parked"),
        ask_int(b.reader,
                "SELECT count(*) FROM engine.view WHERE text ~ ':on [^\n]*report\\.created'"));
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM report_list.report_list"), 2);
    CHECK_INT(ask_int(b.reader, "SELECT sum(cases) FROM case_counts.case_counts"), 2);
    projector_close(&p);
    bench_close(&b);
}

/* ---- faults of the database are no fault of the event ---- */

TEST(transient_errors_are_retried_and_never_parked)
{
    static const char *const states[] = {"40001", "40P01", "55P03", "57014",
                                         "53100", "53200", "42501"};
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    CHECK(reaches(&b, &p, 0));
    run_sql(b.reader,
            "CREATE TABLE public.fault (state text);"
            "CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF (SELECT count(*) FROM public.fault) > 0 THEN RAISE EXCEPTION 'planted' "
            "USING ERRCODE = (SELECT state FROM public.fault); END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER fail BEFORE INSERT ON case_inbox.case_inbox FOR EACH ROW "
            "EXECUTE FUNCTION public.fail()");
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        scoped_arena a = {0};
        int64_t before = checkpoint(&b), head = append_report(&b, (int)i + 1);
        run_sql(b.reader, arena_printf(&a, "INSERT INTO public.fault VALUES ('%s')", states[i]));
        for (int turn = 0; turn < 4; turn++)
            CHECK(engine_step(p.engine) != ENGINE_STOPPED);
        CHECK_INT(checkpoint(&b), before);
        CHECK_INT(parked_rows(&b), 0);
        CHECK(engine_health(p.engine).lag_seconds > 0 && !engine_health(p.engine).views);
        run_sql(b.reader, "DELETE FROM public.fault");
        CHECK(reaches(&b, &p, head));
        CHECK(engine_health(p.engine).lag_seconds == 0 && engine_health(p.engine).views);
    }
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

/* ---- types and schemas that come and go ---- */

#define OldThing_FIELDS(F) F(REQUIRED, TEXT, name, 50)
#define NewThing_FIELDS(F) F(REQUIRED, TEXT, first_name, 50) F(REQUIRED, TEXT, last_name, 50)
DEFINE_STRUCT(OldThing)
DEFINE_STRUCT(NewThing)
DEFINE_SHAPE(OldThing)
DEFINE_SHAPE(NewThing)

static void split_name(struct arena *a, const void *old, void *next)
{
    const struct OldThing *o = old;
    struct NewThing *n = next;
    n->first_name = arena_text(a, o->name);
    n->last_name = "unknown";
}

static const struct upcaster thing_upcasters[] = {
    {"test.happened", 1, &OldThing_shape, &NewThing_shape, split_name}, {.name = NULL}};

static int things_are_known(const char *type)
{
    return text_equal(type, "test.happened") ? 2 : event_language.version_of(type);
}
static const struct language with_things = {things_are_known, thing_upcasters};

static const struct embedded thing_views[] = {
    {"things.sql",
     "-- :tables\nCREATE TABLE t (position bigint, first_name text, last_name text);\n"
     "-- :on test.happened\nINSERT INTO t SELECT position, data->>'first_name', "
     "data->>'last_name' FROM batch;\n"},
    {NULL, NULL}};
static const struct embedded report_views[] = {
    {"things.sql", "-- :tables\nCREATE TABLE t (n bigint);\n-- :on report.created\n"
                   "INSERT INTO t SELECT count(*) FROM batch;\n"},
    {NULL, NULL}};

TEST(old_schemas_are_raised_before_a_view_sees_them)
{
    struct bench b = bench_open();
    struct projector p = projector_with(&b, thing_views, &with_things);
    append(&b, "test-1", "test.happened", 1, "{\"name\":\"Ada\"}");
    int64_t healed =
        append(&b, "test-2", "test.happened", 2, "{\"first_name\":\"A\",\"last_name\":\"L\"}");
    CHECK(reaches(&b, &p, healed));
    int64_t live = append(&b, "test-3", "test.happened", 1, "{\"name\":\"Eve\"}");
    publish(&b, 0, live);
    CHECK(reaches(&b, &p, live));
    CHECK_INT(
        ask_int(b.reader, "SELECT count(*) FROM things.t WHERE first_name IN ('Ada', 'A', 'Eve')"),
        3);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM things.t WHERE last_name = 'unknown'"), 2);
    projector_close(&p);
    bench_close(&b);
}

TEST(an_unknown_type_and_a_newer_schema_are_parked_and_read_by_the_program_that_knows_them)
{
    struct bench b = bench_open();
    struct projector p = projector_with(&b, report_views, &event_language);
    append(&b, "test-1", "test.happened", 1, "{\"name\":\"Ada\"}");
    append_report(&b, 1);
    append(&b, "report-n", "report.created", 9, "{}");
    append(&b, "test-2", "test.happened", 3, "{\"who\":1}");
    int64_t head = append(&b, "test-1", "test.happened", 1, "{\"name\":\"Eve\"}");
    publish(&b, 0, head);
    CHECK(reaches(&b, &p, head));
    CHECK_INT(parked_rows(&b), 4);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked WHERE error = 'newer schema'"),
              1);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked WHERE error = 'unknown type'"),
              2);
    projector_close(&p);
    p = projector_with(&b, report_views, &with_things); /* a newer release */
    CHECK(engine_step(p.engine) != ENGINE_STOPPED);
    CHECK_INT(parked_rows(&b), 2); /* still newer than this one: report-n, test-2 */
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked WHERE error = 'newer schema'"),
              2);
    projector_close(&p);
    bench_close(&b);
}
