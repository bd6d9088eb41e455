/* older_versions_test.c -- events of older versions in the real views, from the store and through
 * the stream, beside current ones. */
#include "tests/projector/bench.h"

/* `kind` is written as JSON. */
static void append_filed(struct bench *b, int n, int schema, const char *kind)
{
    scoped_arena a = {0};
    const char *id = report_id(&a, n);
    const char *changes =
        arena_printf(&a,
                     "{\"report_id\":\"%s\",\"visibility\":\"PRIVATE\",\"kind\":%s,"
                     "\"location\":{\"latitude\":-6.914744,\"longitude\":107.6},"
                     "\"created_at\":\"2026-01-02T03:04:05.25Z\"}",
                     id, kind);
    append(b, arena_printf(&a, "report-%s", id), "report.created", schema,
           event_sample_at(&a, ReportCreated, schema, changes));
}

static int64_t of_kind(struct bench *b, const char *kind)
{
    scoped_arena a = {0};
    return ask_int(
        b->reader,
        arena_printf(&a,
                     "SELECT count(*) FROM report_detail.report_detail WHERE kind = '%s' "
                     "AND location->>'latitude' = '-6.914744' AND created_at = "
                     "'2026-01-02T03:04:05.25Z'",
                     kind));
}

TEST(a_report_without_kind_is_of_an_issue_whatever_its_version)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    for (int round = 0; round < 2; round++) {
        append_filed(&b, round * 10 + 1, 1, "null");
        append_filed(&b, round * 10 + 2, 2, "null");
        append_filed(&b, round * 10 + 3, 2, "\"issue\"");
        append_filed(&b, round * 10 + 4, 2, "\"crime\"");
        if (round)
            publish(&b, 4, 8);
        CHECK(reaches(&b, &p, round * 4 + 4));
    }
    CHECK_INT(of_kind(&b, "issue"), 6);
    CHECK_INT(of_kind(&b, "crime"), 2);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked"), 0);
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}
