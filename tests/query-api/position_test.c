/* position_test.c -- reading what one has just written: min_position and wait_ms. */
#include "tests/query-api/fixture.h"

#include <sys/resource.h>

#include "base/time.h"

TEST(a_position_that_comes_in_time_is_waited_for)
{
    start_with_reports(2, 3);
    store_sql("UPDATE es_counter SET position = 9");
    int fd = send_get("/reports/public?min_position=9&wait_ms=5000", NULL, NULL);
    for (int i = 0; i < 400 && figure("query_position_waiters") < 1; i++)
        test_shell("sleep 0.005");
    CHECK(figure("query_position_waiters") == 1);
    SAMPLE(.id = sample_id(9), .position = 9);
    move_lane(9);
    scoped_response r = receive(fd);
    char value[64];
    CHECK_INT(r.status, 200);
    CHECK(has(&r, sample_id(9)));
    CHECK_TEXT(header(&r, "X-Event-Position", value, sizeof(value)), "9");
    CHECK(figure("query_position_waiters") == 0);

    scoped_response at_once = get("/reports/public?min_position=9&wait_ms=0", NULL, NULL);
    CHECK_INT(at_once.status, 200);
    query_stop();
}

TEST(who_asks_is_kept_while_waiting)
{
    enum { CLIENTS = 8 };
    static const char *const names[] = {"citizen1", "citizen2"};
    int fd[CLIENTS];
    start_with_reports(1, 3);
    SAMPLE(.id = sample_id(4), .position = 4, .user = names[1]);
    store_sql("UPDATE es_counter SET position = 9");
    for (int i = 0; i < CLIENTS; i++)
        fd[i] = send_get("/reports/me?min_position=9&wait_ms=5000",
                         bearer(names[i % 2], CITIZEN, NULL), NULL);
    for (int i = 0; i < 400 && figure("query_position_waiters") < CLIENTS; i++)
        test_shell("sleep 0.005");
    move_lane(9);
    for (int i = 0; i < CLIENTS; i++) {
        scoped_response r = receive(fd[i]);
        CHECK_INT(occurrences(&r, "report_id"), i % 2 ? 1 : 3);
    }
    query_stop();
}

TEST(a_position_that_does_not_come_is_not_yet_visible)
{
    start_with_reports(1, 3);
    store_sql("UPDATE es_counter SET position = 9");
    char value[64];
    int64_t begun = time_monotonic();
    scoped_response r = get("/reports/public?min_position=9&wait_ms=200", NULL, NULL);
    CHECK(refused(&r, NOT_YET_VISIBLE));
    CHECK(header(&r, "Retry-After", value, sizeof(value))[0]);
    CHECK(time_monotonic() - begun >= 200000);
    scoped_response cached = get("/reports/public", NULL, NULL);
    CHECK_INT(cached.status, 200); /* and nobody else is bothered */
    query_stop();
}

TEST(a_position_that_the_log_never_gave_out_is_wrong)
{
    start_with_reports(1, 3);
    scoped_response r = get("/reports/public?min_position=4&wait_ms=5000", NULL, NULL);
    CHECK(refused(&r, BAD_PARAMETER) && has(&r, "\"field\":\"min_position\""));
    store_sql("UPDATE es_counter SET position = 4"); /* the known head is old: the store is asked */
    move_lane(4);
    scoped_response now = get("/reports/public?min_position=4&wait_ms=5000", NULL, NULL);
    CHECK_INT(now.status, 200);
    query_stop();
}

/* However short the wait, however old the known head, with and without a cached answer. */
TEST(a_position_beyond_the_log_is_always_wrong)
{
    start_with_reports(1, 3);
    for (int i = 0; i < 40; i++) {
        char path[128];
        snprintf(path, sizeof(path), "/reports/public?min_position=%d&wait_ms=%d", 4 + i % 3,
                 i % 4 == 3 ? 5 : 0);
        scoped_response r = get(path, NULL, NULL);
        CHECK(refused(&r, BAD_PARAMETER) && has(&r, "\"field\":\"min_position\"") &&
              has(&r, "The log ends before"));
        if (i % 2)
            test_shell("sleep 0.0%d", i % 10);
        if (i == 20) {
            scoped_response cached = get("/reports/public", NULL, NULL);
            CHECK_INT(cached.status, 200);
        }
    }
    query_stop();
}

TEST(a_position_that_the_log_has_is_not_waited_for_longer_than_asked)
{
    start_with_reports(1, 3);
    store_sql("UPDATE es_counter SET position = 9");
    scoped_response first = get("/reports/public?min_position=9&wait_ms=500", NULL, NULL);
    CHECK(refused(&first, NOT_YET_VISIBLE));
    int64_t begun = time_monotonic();
    scoped_response r = get("/reports/public?min_position=9&wait_ms=0", NULL, NULL);
    CHECK(refused(&r, NOT_YET_VISIBLE));
    CHECK(time_monotonic() - begun < 1000000);
    query_stop();
}

TEST(an_older_cached_answer_is_not_given_for_a_position)
{
    start_with_reports(1, 3);
    scoped_response cached = get("/reports/public", NULL, NULL);
    CHECK_INT(occurrences(&cached, "report_id"), 3);
    store_sql("UPDATE es_counter SET position = 100");
    for (int i = 4; i < 20; i++) {
        char path[128];
        SAMPLE(.id = sample_id(i), .position = i);
        move_lane(i);
        snprintf(path, sizeof(path), "/reports/public?min_position=%d&wait_ms=5000", i);
        scoped_response r = get(path, NULL, NULL);
        CHECK_INT(occurrences(&r, "report_id"), i);
    }
    query_stop();
}

/* Whatever is between: a cached answer is given for a position exactly if its views are unchanged
 * there. Each third step changes them, with the lane, in one transaction as the engine does. */
TEST(a_cached_answer_is_given_for_a_later_position_unless_something_changed_before)
{
    start_with_reports(2, 3);
    store_sql("UPDATE es_counter SET position = 1000");
    int reports = 3;
    for (int i = 4; i < 64; i++) {
        char path[128], value[64];
        if (i % 3 == 0) {
            views_sql("BEGIN; INSERT INTO report_list.report_list (report_id, position, "
                      "visibility, category, owner_agency, content, created_at, status) SELECT "
                      "'%s', %d, visibility, category, owner_agency, content, created_at, "
                      "status FROM report_list.report_list WHERE position = 1; "
                      "SELECT engine.changed('report_list'); "
                      "UPDATE engine.lane SET position = %d WHERE name = 'main'; COMMIT",
                      sample_id(i), i, i);
            reports++;
        } else {
            pass_events(i);
        }
        snprintf(path, sizeof(path), "/reports/public?min_position=%d&wait_ms=5000", i);
        scoped_response r = get(path, NULL, NULL);
        CHECK_INT(occurrences(&r, "report_id"), reports);
        CHECK(atoll(header(&r, "X-Event-Position", value, sizeof(value))) >= i);
    }
    CHECK(figure("query_cache_total{result=\"hit\"}") > 0);
    query_stop();
}

/* How often the database was asked for positions during `ms`; it may be more often than seen. */
static int polls_in(int ms)
{
    char last[64] = "";
    int polls = 0;
    for (int64_t end = time_monotonic() + ms * 1000; time_monotonic() < end;) {
        const char *now = views_value("SELECT query_start FROM pg_stat_activity "
                                      "WHERE application_name = 'query-api view progress'");
        polls += !text_equal(now, last);
        snprintf(last, sizeof(last), "%s", now);
    }
    return polls - 1;
}

/* Every 2 ms for who waits; requests alone would make 30 polls in this time, and nobody none. */
TEST(the_database_is_asked_often_only_while_somebody_waits)
{
    start_with_reports(1, 3);
    store_sql("UPDATE es_counter SET position = 9");
    int fd = send_get("/reports/public?min_position=9&wait_ms=5000", NULL, NULL), most = 0;
    for (int i = 0; i < 13 && most < 45; i++) {
        int polls = polls_in(300);
        most = polls > most ? polls : most;
    }
    CHECK(most >= 45);
    move_lane(9);
    scoped_response r = receive(fd);
    CHECK_INT(r.status, 200);
    test_shell("sleep 1.3");
    CHECK(polls_in(300) <= 1);
    query_stop();
}

TEST(waiters_are_answered_when_the_service_stops)
{
    start_with_reports(1, 3);
    store_sql("UPDATE es_counter SET position = 9");
    int fd = send_get("/reports/public?min_position=9&wait_ms=5000", NULL, NULL);
    for (int i = 0; i < 400 && figure("query_position_waiters") < 1; i++)
        test_shell("sleep 0.005");
    query_stop();
    scoped_response r = receive(fd);
    CHECK(refused(&r, SHUTTING_DOWN));
}

TEST(waiters_are_bounded)
{
    enum { CLIENTS = 1030, PLACES = 1024 };
    static int fd[CLIENTS];
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
    start_with_reports(1, 3);
    store_sql("UPDATE es_counter SET position = 9");
    for (int i = 0; i < CLIENTS; i++)
        fd[i] = send_get("/reports/public?min_position=9&wait_ms=5000", NULL, NULL);
    for (int i = 0; i < 400 && figure("query_position_waiters") < PLACES; i++)
        test_shell("sleep 0.005");
    test_shell("sleep 0.3"); /* for those who come too late */
    CHECK(figure("query_position_waiters") == PLACES);
    move_lane(9);
    int served = 0, full = 0;
    for (int i = 0; i < CLIENTS; i++) {
        scoped_response r = receive(fd[i]);
        served += r.status == 200;
        full += refused(&r, QUEUE_FULL);
    }
    CHECK_INT(served, PLACES);
    CHECK_INT(full, CLIENTS - PLACES);
    query_stop();
}
