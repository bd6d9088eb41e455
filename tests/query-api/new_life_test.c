/* new_life_test.c -- the log was restored: nothing of the old life is shown, and the new one only
 * when its views hold all of it. */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tests/query-api/fixture.h"

static void block_stop(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static bool has_ended(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    return sigtimedwait(&set, NULL, &(struct timespec){.tv_sec = 5}) == SIGTERM;
}

static int status_of(const char *path)
{
    scoped_response r = get(path, NULL, NULL);
    return r.status;
}

static bool becomes(const char *path, int status)
{
    for (int n = 0; n < 300 && status_of(path) != status; n++)
        usleep(10000);
    return status_of(path) == status;
}

TEST(a_raised_epoch_ends_the_process)
{
    block_stop();
    start_with_reports(1, 3);
    CHECK(becomes("/reports/public", 200));
    store_sql("UPDATE es_store SET epoch = epoch + 1");
    CHECK(has_ended());
    query_stop();
}

TEST(views_that_are_filled_are_not_shown_and_ready_says_so)
{
    char value[80];
    block_stop();
    start_with_reports(1, 3);
    CHECK(becomes("/reports/public", 200));
    views_sql("UPDATE engine.lane SET serves_from = position + 1");
    CHECK(becomes("/reports/public", 503));
    scoped_response r = get("/reports/public", NULL, NULL);
    CHECK(refused(&r, VIEWS_BEGIN_ANEW));
    CHECK(*header(&r, "Retry-After", value, sizeof(value)));
    CHECK(becomes("/ready", 503));
    scoped_response ready = get("/ready", NULL, NULL);
    CHECK(has(&ready, VIEWS_BEGIN_ANEW->title));
    scoped_response waiting = get("/reports/public?min_position=3&wait_ms=100", NULL, NULL);
    CHECK(refused(&waiting, VIEWS_BEGIN_ANEW));
    views_sql("UPDATE engine.lane SET serves_from = position");
    CHECK(becomes("/reports/public", 200));
    CHECK(becomes("/ready", 200));
    query_stop();
}

/* While nobody asks, the views are looked at once a second; not while they are refused. */
TEST(the_first_request_after_the_views_are_filled_has_them)
{
    block_stop();
    start_with_reports(1, 3);
    CHECK(becomes("/reports/public", 200));
    for (int n = 0; n < 4; n++) {
        views_sql("UPDATE engine.lane SET serves_from = position + 1");
        CHECK(becomes("/reports/public", 503));
        usleep(1200000);
        views_sql("UPDATE engine.lane SET serves_from = position");
        usleep(300000);
        CHECK_INT(status_of("/reports/public"), 200);
    }
    query_stop();
}

TEST(views_of_another_life_than_the_store_s_are_not_shown)
{
    block_stop();
    start_with_reports(1, 3);
    CHECK(becomes("/reports/public", 200));
    views_sql("UPDATE engine.lane SET epoch = 0");
    CHECK(becomes("/reports/public", 503));
    views_sql("UPDATE engine.lane SET epoch = 1");
    CHECK(becomes("/reports/public", 200));
    views_sql("UPDATE engine.lane SET epoch = 2"); /* the store was set back to the first life */
    CHECK(becomes("/reports/public", 503));
    query_stop();
}

TEST(a_store_that_ends_before_the_views_was_set_back)
{
    block_stop();
    start_with_reports(1, 3);
    CHECK(becomes("/reports/public", 200));
    store_sql("UPDATE es_counter SET position = 0");
    CHECK(becomes("/reports/public", 503));
    scoped_response r = get("/reports/public", NULL, NULL);
    CHECK(refused(&r, LOG_SET_BACK));
    query_stop();
}

TEST(a_cursor_and_an_etag_tell_the_life_they_are_of)
{
    char next[200], path[300], tag[120];
    block_stop();
    start_with_reports(1, 5);
    CHECK(becomes("/reports/public", 200));
    scoped_response first = get("/reports/public?limit=2", NULL, NULL);
    CHECK(member(&first, "next", next, sizeof(next)));
    snprintf(path, sizeof(path), "/reports/%s", sample_id(1));
    scoped_response one = get(path, NULL, NULL);
    size_t before = strlen(header(&one, "ETag", tag, sizeof(tag)));
    CHECK(before > 0);
    query_stop();
    start_with_reports(1, 5);
    views_sql("UPDATE engine.lane SET epoch = 7");
    store_sql("UPDATE es_store SET epoch = 7");
    query_restart();
    CHECK(becomes("/reports/public", 200));
    scoped_response other = get(path, NULL, NULL);
    header(&other, "ETag", tag, sizeof(tag));
    CHECK(strlen(tag) == before + 2);
    CHECK(strstr(tag, "-7\""));
    snprintf(path, sizeof(path), "/reports/public?limit=2&cursor=%s", next);
    scoped_response page = get(path, NULL, NULL);
    CHECK(refused(&page, BAD_CURSOR));
    query_stop();
}
