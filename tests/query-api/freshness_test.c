/* freshness_test.c -- a response is served again while it is true, and no longer: validators, gzip,
 * shared runs, moving views. */
#include "tests/query-api/fixture.h"

#include <zlib.h>

#include "platform/postgres/postgres.h"

#define RUNS   figure("query_cache_total{result=\"run\"}")
#define HITS   figure("query_cache_total{result=\"hit\"}")
#define JOINED figure("query_cache_total{result=\"joined\"}")

static int status_with(const char *path, const char *token, const char *name, const char *value)
{
    char headers[256];
    snprintf(headers, sizeof(headers), "%s: %s\r\n", name, value);
    scoped_response r = get(path, token, headers);
    if (r.status == 304)
        CHECK(r.length == 0);
    return r.status;
}

TEST(an_answer_that_is_known_is_not_sent_again)
{
    start_with_reports(1, 2);
    char tag[128], path[128];
    scoped_response list = get("/reports/public", NULL, NULL);
    header(&list, "ETag", tag, sizeof(tag));
    CHECK(strncmp(tag, "W/\"", 3) == 0);
    CHECK_INT(status_with("/reports/public", NULL, "If-None-Match", tag), 304);
    CHECK_INT(status_with("/reports/public", NULL, "If-None-Match", "\"x\""), 200);
    CHECK_INT(status_with("/reports/public?limit=1", NULL, "If-None-Match", tag), 200);

    snprintf(path, sizeof(path), "/reports/%s", sample_id(1));
    scoped_response item = get(path, NULL, NULL);
    header(&item, "ETag", tag, sizeof(tag));
    CHECK(strncmp(tag, "\"1-", 3) == 0);
    CHECK_INT(status_with(path, NULL, "If-None-Match", tag), 304);
    scoped_response full = get(path, bearer("admin1", ADMIN, NULL), NULL);
    char other[128];
    CHECK(strcmp(header(&full, "ETag", other, sizeof(other)), tag) != 0); /* another body */

    views_sql("UPDATE report_detail.report_detail SET version = 2, status = 'RESOLVED' WHERE "
              "report_id = '%s'",
              sample_id(1));
    move_lane(3);
    CHECK(lane_seen(3));
    CHECK_INT(status_with(path, NULL, "If-None-Match", tag), 200);
    query_stop();
}

TEST(who_asks_decides_what_caches_may_keep)
{
    start_with_reports(1, 1);
    char value[128];
    scoped_response feed = get("/reports/public", bearer("citizen1", CITIZEN, NULL), NULL);
    CHECK_TEXT(header(&feed, "Cache-Control", value, sizeof(value)), "public, max-age=1");
    CHECK_TEXT(header(&feed, "Vary", value, sizeof(value)), "Accept-Encoding");
    CHECK_TEXT(header(&feed, "X-Event-Position", value, sizeof(value)), "1");
    CHECK_TEXT(header(&feed, "Content-Type", value, sizeof(value)), "application/json");
    scoped_response mine = get("/reports/me", bearer("citizen1", CITIZEN, NULL), NULL);
    CHECK_TEXT(header(&mine, "Cache-Control", value, sizeof(value)), "private, no-cache");
    CHECK_TEXT(header(&mine, "Vary", value, sizeof(value)), "Authorization, Accept-Encoding");
    query_stop();
}

TEST(one_users_answer_is_never_anothers)
{
    start_with_reports(1, 3);
    for (int i = 0; i < 3; i++) {
        scoped_response mine = get("/reports/me", bearer("citizen1", CITIZEN, NULL), NULL);
        scoped_response theirs = get("/reports/me", bearer("citizen2", CITIZEN, NULL), NULL);
        CHECK_INT(occurrences(&mine, "report_id"), 3);
        CHECK_INT(occurrences(&theirs, "report_id"), 0);
    }
    query_stop();
}

static bool unpacks_to(const struct response *packed, const struct response *plain)
{
    z_stream z = {.next_in = (Bytef *)packed->body, .avail_in = (uInt)packed->length};
    char *out = must_alloc(1, plain->length + 1);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)plain->length + 1;
    bool same = inflateInit2(&z, 15 + 16) == Z_OK && inflate(&z, Z_FINISH) == Z_STREAM_END &&
                z.total_out == plain->length && memcmp(out, plain->body, plain->length) == 0;
    inflateEnd(&z);
    free(out);
    return same;
}

TEST(gzip_holds_the_same_bytes)
{
    start_with_reports(1, 30);
    char plain_tag[128], packed_tag[128], value[64];
    scoped_response plain = get("/reports/public", NULL, NULL);
    scoped_response packed = get("/reports/public", NULL, "Accept-Encoding: gzip\r\n");
    CHECK_TEXT(header(&packed, "Content-Encoding", value, sizeof(value)), "gzip");
    CHECK(packed.length < plain.length / 2);
    CHECK(unpacks_to(&packed, &plain));
    header(&plain, "ETag", plain_tag, sizeof(plain_tag));
    header(&packed, "ETag", packed_tag, sizeof(packed_tag));
    CHECK_TEXT(packed_tag, plain_tag);
    CHECK_TEXT(header(&plain, "Content-Encoding", value, sizeof(value)), "");

    double runs = RUNS;
    for (int i = 0; i < 5; i++) {
        scoped_response again =
            get("/reports/public", NULL, i % 2 ? NULL : "Accept-Encoding: gzip\r\n");
        CHECK_INT(again.status, 200);
    }
    CHECK(RUNS == runs); /* packed once, kept beside the plain body */

    scoped_response small = get("/categories", NULL, "Accept-Encoding: gzip\r\n");
    CHECK_TEXT(header(&small, "Content-Encoding", value, sizeof(value)), "");

    char path[128];
    snprintf(path, sizeof(path), "/reports/%s", sample_id(31));
    char *content = must_alloc(1, 2001);
    memset(content, 'x', 2000);
    SAMPLE(.id = sample_id(31), .position = 31, .content = content);
    free(content);
    scoped_response item = get(path, NULL, "Accept-Encoding: gzip\r\n");
    CHECK(strncmp(header(&item, "ETag", value, sizeof(value)), "W/\"1-", 5) == 0);
    query_stop();
}

TEST(a_moved_lane_ends_the_cached_answer)
{
    start_with_reports(1, 3);
    for (int i = 4; i < 9; i++) {
        scoped_response before = get("/reports/public", NULL, NULL);
        CHECK_INT(occurrences(&before, "report_id"), i - 1);
        SAMPLE(.id = sample_id(i), .position = i);
        move_lane(i);
        CHECK(lane_seen(i));
        scoped_response after = get("/reports/public", NULL, NULL);
        CHECK_INT(occurrences(&after, "report_id"), i);
    }
    query_stop();
}

TEST(a_lane_that_stands_still_costs_no_run)
{
    start_with_reports(1, 3);
    scoped_response first = get("/reports/public", NULL, NULL);
    double runs = RUNS, hits = HITS;
    for (int i = 0; i < 20; i++) {
        scoped_response r = get("/reports/public", NULL, NULL);
        CHECK_TEXT(r.body, first.body);
    }
    CHECK(RUNS == runs);
    CHECK(HITS == hits + 20);
    query_stop();
}

/* A lane moves with every event; a feed is another one only when one of its views has changed. */
TEST(events_of_other_views_cost_no_run)
{
    start_with_reports(1, 3);
    scoped_response first = get("/reports/public", NULL, NULL);
    double runs = RUNS, hits = HITS;
    for (int i = 4; i < 24; i++) {
        char value[64];
        pass_events(i);
        views_sql("SELECT engine.changed('calendar_list')");
        CHECK(lane_seen(i));
        scoped_response r = get("/reports/public", NULL, NULL);
        CHECK_TEXT(r.body, first.body);
        CHECK_INT(atoll(header(&r, "X-Event-Position", value, sizeof(value))), i);
    }
    CHECK(RUNS == runs);
    CHECK(HITS == hits + 20);
    query_stop();
}

static bool shows(const char *path, int reports)
{
    for (int i = 0; i < 200; i++) {
        scoped_response r = get(path, NULL, NULL);
        if (occurrences(&r, "report_id") == reports)
            return true;
        test_shell("sleep 0.01");
    }
    return false;
}

/* As whoever keeps tables beside the log tells it. */
TEST(a_change_without_an_event_ends_the_cached_answer)
{
    start_with_reports(1, 3);
    CHECK(shows("/reports/public", 3));
    views_sql("DELETE FROM report_list.report_list WHERE position = 1");
    test_shell("sleep 0.1");
    CHECK(shows("/reports/public", 3)); /* nobody has told it */
    views_sql("SELECT engine.changed('report_list')");
    CHECK(shows("/reports/public", 2));
    query_stop();
}

TEST(a_swapped_view_ends_the_cached_answer)
{
    start_with_reports(1, 3);
    scoped_response old = get("/reports/public", NULL, NULL);
    CHECK_INT(occurrences(&old, "report_id"), 3);
    views_sql(
        "CREATE SCHEMA fresh; CREATE TABLE fresh.report_list (LIKE report_list.report_list); "
        "INSERT INTO fresh.report_list SELECT * FROM report_list.report_list WHERE position = 1");
    views_sql("BEGIN; ALTER SCHEMA report_list RENAME TO stale; ALTER SCHEMA fresh RENAME TO "
              "report_list; "
              "UPDATE engine.view SET digest = 'd2' WHERE name = 'report_list'; COMMIT");
    int found = 3;
    for (int i = 0; i < 200 && found != 1; i++) {
        scoped_response r = get("/reports/public", NULL, NULL);
        CHECK_INT(r.status, 200);
        found = occurrences(&r, "report_id");
        test_shell("sleep 0.01");
    }
    CHECK_INT(found, 1);
    query_stop();
}

/* ---- shared runs ---- */

TEST(equal_requests_in_flight_share_one_run)
{
    enum { CLIENTS = 20 };
    start_with_reports(1, 3);
    struct pg *blocker = pg_new(views_url(), "blocker", NULL, 60000);
    CHECK_OK(pg_run(blocker, "BEGIN; LOCK TABLE report_list.report_list IN ACCESS EXCLUSIVE MODE"));
    double runs = RUNS, joined = JOINED;
    int fd[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        fd[i] = send_get("/reports/public?limit=2", NULL, NULL);
    for (int i = 0; i < 400 && RUNS + JOINED < runs + joined + CLIENTS; i++)
        test_shell("sleep 0.005");
    CHECK(RUNS == runs + 1);
    CHECK(JOINED == joined + CLIENTS - 1);
    CHECK_OK(pg_run(blocker, "COMMIT"));
    for (int i = 0; i < CLIENTS; i++) {
        scoped_response r = receive(fd[i]);
        CHECK_INT(r.status, 200);
        CHECK_INT(occurrences(&r, "report_id"), 2);
    }
    pg_free(blocker);
    query_stop();
}

TEST(a_run_that_began_too_early_is_not_joined)
{
    start_with_reports(1, 3);
    struct pg *blocker = pg_new(views_url(), "blocker", NULL, 60000);
    CHECK_OK(pg_run(blocker, "BEGIN; LOCK TABLE report_list.report_list IN ACCESS EXCLUSIVE MODE"));
    double runs = RUNS;
    int early = send_get("/reports/public", NULL, NULL);
    for (int i = 0; i < 400 && RUNS < runs + 1; i++)
        test_shell("sleep 0.005");
    move_lane(4);
    CHECK(lane_seen(4));
    int late = send_get("/reports/public?min_position=4", NULL, NULL);
    for (int i = 0; i < 400 && RUNS < runs + 2; i++)
        test_shell("sleep 0.005");
    CHECK(RUNS == runs + 2);
    CHECK_OK(pg_run(blocker, "COMMIT"));
    scoped_response first = receive(early), second = receive(late);
    CHECK_INT(first.status, 200);
    CHECK_INT(second.status, 200);
    pg_free(blocker);
    query_stop();
}

/* Nothing of it has changed on the way to the position that the second one waits for. */
TEST(a_run_is_joined_while_only_other_views_change)
{
    start_with_reports(1, 3);
    struct pg *blocker = pg_new(views_url(), "blocker", NULL, 60000);
    CHECK_OK(pg_run(blocker, "BEGIN; LOCK TABLE report_list.report_list IN ACCESS EXCLUSIVE MODE"));
    double runs = RUNS, joined = JOINED;
    char value[64];
    int early = send_get("/reports/public", NULL, NULL);
    for (int i = 0; i < 400 && RUNS < runs + 1; i++)
        test_shell("sleep 0.005");
    pass_events(4);
    CHECK(lane_seen(4));
    int late = send_get("/reports/public?min_position=4", NULL, NULL);
    for (int i = 0; i < 400 && JOINED < joined + 1; i++)
        test_shell("sleep 0.005");
    CHECK(RUNS == runs + 1 && JOINED == joined + 1);
    CHECK_OK(pg_run(blocker, "COMMIT"));
    scoped_response first = receive(early), second = receive(late);
    CHECK_INT(first.status, 200);
    CHECK_INT(second.status, 200);
    CHECK_TEXT(header(&second, "X-Event-Position", value, sizeof(value)), "4");
    pg_free(blocker);
    query_stop();
}

/* ---- documents ---- */

TEST(the_interface_is_described)
{
    start_with_reports(1, 0);
    char value[64];
    scoped_response r = get("/openapi.json", NULL, NULL);
    CHECK_INT(r.status, 200);
    CHECK(has(&r, "\"openapi\":\"3.1.0\"") && has(&r, "\"/reports/public\""));
    CHECK_TEXT(header(&r, "Vary", value, sizeof(value)), "Accept-Encoding");
    CHECK_TEXT(header(&r, "X-Event-Position", value, sizeof(value)), "");
    query_stop();
}

TEST(schemas_are_served)
{
    start_with_reports(1, 0);
    char tag[128];
    scoped_response index = get("/schemas", NULL, NULL);
    CHECK_INT(index.status, 200);
    CHECK(has(&index, "{\"type\":\"report.upvoted\",\"version\":1,\"state\":\"active\","
                      "\"published\":\"2026-11-21\",\"url\":\"/schemas/report.upvoted/1\"}"));
    scoped_response one = get("/schemas/report.created/1", NULL, NULL);
    CHECK_INT(one.status, 200);
    CHECK(has(&one, "\"report_id\""));
    header(&one, "ETag", tag, sizeof(tag));
    CHECK_INT(status_with("/schemas/report.created/1", NULL, "If-None-Match", tag), 304);
    static const char *const missing[] = {"/schemas/report.created/99",
                                          "/schemas/report.created/01", "/schemas/nothing/1",
                                          "/schemas/report.created/x"};
    for (int i = 0; i < 4; i++) {
        scoped_response r = get(missing[i], NULL, NULL);
        CHECK(refused(&r, NO_SUCH_SCHEMA));
    }
    query_stop();
}
