/* made_answer_test.c -- an answer that a function makes from what its file has read: it is kept no
 * longer than a second, in the language that was asked for, and what cannot be read is a fault. */
#include "tests/query-api/fixture.h"

#include "base/time.h"

static void start(void)
{
    start_with_reports(1, 1);
    CLOCK(.id = sample_id(1), .standing = "running");
    add_clock_states(false);
}

static const char *explain(char path[128])
{
    snprintf(path, 128, "/sla/%s/explain", sample_id(1));
    return path;
}

TEST(an_answer_is_made_from_what_was_read)
{
    char path[128], etag[64], language[16];
    start();
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    scoped_response r = get(explain(path), officer, NULL);
    CHECK_INT(r.status, 200);
    CHECK(has(&r, "\"text\":\"It is overdue: "));
    CHECK(has(&r, "\"due_at\":\"1970-01-01T01:00:01.000000Z\""));
    CHECK(has(&r, "\"version\":3"));
    CHECK(has(&r, "]}],\"success\":true}") || has(&r, "\"left_out\":0}],\"success\":true}"));
    CHECK(text_starts(header(&r, "ETag", etag, sizeof(etag)), "\"3-"));
    scoped_response other = get(path, officer, "Accept-Language: id\r\n");
    CHECK(has(&other, "\"text\":\"Terlambat: "));
    CHECK_TEXT(header(&other, "Content-Language", language, sizeof(language)), "id");
    query_stop();
}

TEST(an_answer_that_tells_the_time_is_kept_for_a_second_at_most)
{
    char path[128], first[64], second[64];
    start();
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    scoped_response r = get(explain(path), officer, NULL);
    CHECK(member(&r, "now", first, sizeof(first)));
    for (int i = 0; i < 13; i++) { /* asked all the time: else nothing is served from the cache */
        test_shell("sleep 0.1");
        scoped_response later = get(path, officer, NULL);
        CHECK(member(&later, "now", second, sizeof(second)));
    }
    CHECK(strcmp(first, second) < 0);
    query_stop();
}

TEST(what_cannot_be_made_is_a_fault_and_the_service_goes_on)
{
    char path[128];
    start();
    views_sql("UPDATE sla.report_clocks SET state = '{\"report_version\": 3, \"entries\": []}'");
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    scoped_response r = get(explain(path), officer, NULL);
    CHECK(refused(&r, INTERNAL));
    scoped_response none = get("/sla/01900000-0000-7000-8000-000000000002/explain", officer, NULL);
    CHECK(refused(&none, NO_SUCH_REPORT));
    query_stop();
}
