/* outage_test.c -- ended sessions are refused; a database that is away is a 503 until it is back.
 */
#include "tests/query-api/fixture.h"

#include "base/time.h"
#include "tests/support/event_sample.h"

/* The sample of the type, about this user, with these members changed. */
static void append_user_event(int position, int type, const char *name, const char *changes)
{
    scoped_arena a = {0};
    store_sql(
        "INSERT INTO es_event (position, stream, version, category, event_id, type, schema, "
        "data, meta) "
        "VALUES (%d, 'user-%s', 1, 'user', gen_random_uuid(), '%s', %d, '%s', '{}'); "
        "UPDATE es_counter SET position = %d",
        position, user_id(name), event_name(type), event_version(type),
        event_sample(&a, type, arena_printf(&a, "{\"user_id\":\"%s\",%s}", user_id(name), changes)),
        position);
}

/* Asks until the status is there; false after 10 s. */
static bool becomes(const char *path, const char *token, int status)
{
    for (int i = 0; i < 500; i++) {
        scoped_response r = get(path, token, NULL);
        if (r.status == status)
            return true;
        test_shell("sleep 0.02");
    }
    return false;
}

TEST(an_ended_session_is_refused)
{
    query_start(2, 1 << 20);
    const char *token = bearer("citizen1", CITIZEN, NULL);
    const char *other = bearer("citizen2", CITIZEN, NULL);
    CHECK(becomes("/reports/me", token, 200));
    scoped_arena a = {0};
    append_user_event(1, UserSessionEnded, "citizen1",
                      arena_printf(&a, "\"session_id\":\"%s\"", session_id("citizen1")));
    CHECK(becomes("/reports/me", token, 401));
    scoped_response ignored = get("/reports/public", token, NULL); /* the same for everybody */
    CHECK_INT(ignored.status, 200);
    scoped_response r = get("/reports/me", other, NULL);
    CHECK_INT(r.status, 200);
    query_stop();
}

/* One event, and every session of the account is out; of another account none. */
TEST(tokens_of_a_raised_role_version_are_refused)
{
    static const int types[] = {UserDisabled, UserPasswordChanged};
    query_start(2, 1 << 20);
    const char *other = bearer("citizen9", CITIZEN, NULL);
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "citizen4" : "citizen3", *token = bearer(name, CITIZEN, NULL);
        CHECK(becomes("/reports/me", token, 200));
        append_user_event(10 + i, types[i], name, "\"role_version\":2");
        CHECK(becomes("/reports/me", token, 401));
    }
    scoped_response r = get("/reports/me", other, NULL);
    CHECK_INT(r.status, 200);
    query_stop();
}

/* Eight queries that no cache knows: each reader has had one of them. */
static int served(int first_limit)
{
    int count = 0;
    for (int limit = first_limit; limit < first_limit + 8; limit++) {
        char path[64];
        snprintf(path, sizeof(path), "/reports/public?limit=%d", limit);
        scoped_response r = get(path, NULL, NULL);
        count += r.status == 200;
    }
    return count;
}

TEST(a_database_that_is_away_is_said_so_and_comes_back)
{
    query_start(1, 1 << 20);
    SAMPLE(.id = sample_id(1), .position = 1);
    move_lane(1);
    const char *token = bearer("citizen1", CITIZEN, NULL);
    CHECK(becomes("/reports/me", token, 200));
    CHECK(becomes("/ready", NULL, 200));
    char value[64];
    test_postgres_stop();
    scoped_response personal = get("/reports/public?limit=7", NULL, NULL); /* never cached */
    CHECK(refused(&personal, DATABASE_UNAVAILABLE));
    CHECK_TEXT(header(&personal, "Retry-After", value, sizeof(value)), "1");
    CHECK(becomes("/reports/me", token, 503)); /* cached ones end when nothing is known any more */
    CHECK(becomes("/ready", NULL, 503));
    CHECK_INT(served(50), 0);
    test_postgres_start();
    CHECK(becomes("/reports/me", token, 200));
    CHECK(becomes("/ready", NULL, 200));
    scoped_response feed = get("/reports/public", NULL, NULL);
    CHECK_INT(occurrences(&feed, "report_id"), 1);
    test_shell("sleep 0.3"); /* every reader asks again, 0.25 s after its last failure */
    CHECK_INT(served(60), 8);
    query_stop();
}

/* However many ask: a reader that has failed answers for a quarter of a second without trying. */
TEST(a_database_that_is_away_is_tried_by_each_reader_four_times_a_second_at_most)
{
    enum { REQUESTS = 200, BACK_OFF_US = 250000 };
    query_start(1, 1 << 20);
    CHECK(becomes("/reports/public", NULL, 200));
    test_postgres_stop();
    double before = figure("query_seconds_count");
    int64_t began = time_monotonic();
    for (int i = 0; i < REQUESTS; i++) {
        scoped_response r = get("/reports/public?limit=9", NULL, NULL);
        CHECK(refused(&r, DATABASE_UNAVAILABLE));
    }
    double tries = figure("query_seconds_count") - before;
    int64_t readers = query_service()->settings->reader_threads;
    CHECK(tries >= 1);
    CHECK(tries <= (double)(readers * (1 + (time_monotonic() - began) / BACK_OFF_US)));
    test_postgres_start();
    query_stop();
}

TEST(views_that_are_not_there_yet_are_a_503)
{
    query_start(1, 1 << 20);
    views_sql("ALTER SCHEMA report_list RENAME TO away");
    scoped_response r = get("/reports/public", NULL, NULL);
    CHECK(refused(&r, DATABASE_UNAVAILABLE));
    views_sql("ALTER SCHEMA away RENAME TO report_list");
    CHECK(becomes("/reports/public", NULL, 200));
    query_stop();
}

static int status_of(const char *path, const char *token, const struct problem *p)
{
    char value[64];
    scoped_response r = get(path, token, NULL);
    if (p)
        CHECK(refused(&r, p) && *header(&r, "Retry-After", value, sizeof(value)));
    return r.status;
}

/* Asks /ready until the text is in it; false after 5 s. */
static bool ready_says(const char *text)
{
    for (int i = 0; i < 250; i++) {
        scoped_response r = get("/ready", NULL, NULL);
        if (r.status == 200 && has(&r, text))
            return true;
        test_shell("sleep 0.02");
    }
    return false;
}

/* As before the first start of the service that keeps it. The inbox shows what is read from it. */
TEST(a_missing_view_is_a_503_for_what_reads_it_and_for_nothing_else)
{
    query_start(1, 1 << 20);
    SAMPLE(.id = sample_id(1), .position = 1);
    move_lane(1);
    CHECK(ready_says("\"all views\":{\"ok\":true,"));
    views_sql("DELETE FROM engine.view WHERE name = 'sla'; ALTER SCHEMA sla RENAME TO away");
    query_restart();
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    CHECK(ready_says("\"all views\":{\"ok\":false,\"lag_seconds\":null,\"reason\":\"Not there "
                     "yet, nor what is read from it: sla.\"}"));
    CHECK(ready_says("\"status\":\"degraded\""));
    CHECK(ready_says("\"queries\":{\"ok\":true,"));
    scoped_response r = get("/sla/status", NULL, NULL);
    CHECK(refused(&r, NO_VIEW_YET) && has(&r, "\"detail\":\"The view sla.\""));
    CHECK_INT(status_of("/cases/inbox", officer, NO_VIEW_YET), 503);
    CHECK_INT(status_of("/cases/inbox?waiting=true&min_position=1", officer, NO_VIEW_YET), 503);
    CHECK_INT(status_of("/reports/public?min_position=1", NULL, NULL), 200);
    CHECK_INT(status_of("/reports/me", officer, NULL), 200);
    CHECK_INT(status_of("/cases/filters", officer, NULL), 200);
    views_sql("ALTER SCHEMA away RENAME TO sla; INSERT INTO engine.view (name, file, lane, digest) "
              "VALUES ('sla', 'sla', 'main', 'd1')");
    CHECK(becomes("/cases/inbox", officer, 200));
    CHECK(ready_says("\"status\":\"ready\""));
    query_stop();
}

/* Each reader waits for one call at most, and tells all that queue behind it. */
TEST(with_a_silent_database_every_query_is_answered_in_time)
{
    query_start(1, 1 << 20);
    CHECK(becomes("/reports/public", NULL, 200));
    test_postgres_freeze();
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof(path), "/reports/public?limit=%d", 3 + i);
        int64_t began = time_monotonic();
        scoped_response r = get(path, NULL, NULL);
        CHECK(refused(&r, DATABASE_UNAVAILABLE));
        CHECK(time_monotonic() - began < 2500000); /* the fixture's deadline is 2 s */
    }
    test_postgres_thaw();
    CHECK(becomes("/reports/public", NULL, 200));
    query_stop();
}
