/* statements_test.c -- the database takes every statement of every route, and what it does not take
 * is known before a client asks. */
#include "tests/query-api/fixture.h"

#include "base/time.h"
#include "events/decision.h"
#include "platform/postgres/postgres.h"
#include "platform/postgres/sessions.h"
#include "query-api/query.h"
#include "query-api/statements.h"

static bool is_stream_kind(const char *name)
{
    for (const struct stream_kind *k = stream_kinds; k->kind; k++)
        if (text_equal(k->kind, name))
            return true;
    return false;
}

TEST(every_statement_of_every_route_is_taken)
{
    query_start(1, 1 << 20);
    int count = 0;
    for (const struct route *route = query_routes; route->path; route++, count++) {
        const struct pg_statement *refused = NULL;
        struct pg *pg = pg_new(views_url(), "statements", progress_session, 60000);
        struct query q;
        CHECK_OK(query_init(&q, route));
        if (q.planner.sql)
            CHECK_OK(pg_call(pg, &q.planner, 0, NULL, NULL)); /* there is such a setting */
        if (statements_prepare(pg, &q, &refused))
            test_fail(__FILE__, __LINE__, refused->name, pg_message(pg), route->path);
        pg_free(pg); /* it knows the statements' names */
        query_release(&q);
    }
    CHECK(count > 0);
    query_stop();
}

static bool is_each_second(const struct route *route)
{
    for (const struct binding *b = route->bindings; b->kind; b++)
        if (b->kind == BIND_SECOND)
            return true;
    return false;
}

/* A cached answer is kept until a view changes, which may be never. */
TEST(what_tells_of_the_present_time_is_asked_for_each_second)
{
    int count = 0;
    for (const struct route *route = query_routes; route->path; route++) {
        struct query q;
        CHECK_OK(query_init(&q, route));
        bool now = strstr(q.plain.statement.sql, "now()") ||
                   (q.filtered.statement.sql && strstr(q.filtered.statement.sql, "now()"));
        if (now && !is_each_second(route))
            test_fail(__FILE__, __LINE__, route->path, "EACH_SECOND", NULL);
        count += now;
        query_release(&q);
    }
    CHECK(count > 0);
}

/* What a text reads ends a cached answer of it, whether its row says so or not. */
TEST(a_query_knows_what_it_reads)
{
    for (const struct route *route = query_routes; route->path; route++) {
        struct query q;
        CHECK_OK(query_init(&q, route));
        for (int i = 0; i < VIEW_COUNT; i++)
            if (text_equal(route->file, "case_one") && text_equal(view_names[i], "sla")) {
                CHECK_INT(route->views.use[i], UNUSED_VIEW);
                CHECK_INT(q.plain.views.use[i], SHOWN_VIEW);
            } else if (text_equal(route->file, "category_all")) {
                CHECK_INT(q.plain.views.use[i], route->views.use[i]);
            }
        query_release(&q);
    }
}

/* A lock is waited for a millisecond, by the query that says so and by no other on the same
 * connection. */
TEST(a_querys_settings_are_no_other_ones)
{
    query_start(1, 1 << 20);
    move_lane(1);
    CHECK(lane_seen(1));
    struct query *feed = query_service()->queries;
    while (!text_equal(feed->route->file, "report_feed"))
        feed++;
    feed->planner = (struct pg_statement){strdup("feed_planner"),
                                          strdup("SELECT set_config('lock_timeout', '1ms', true)")};
    scoped_response before = get("/reports/public", NULL, NULL);
    CHECK_INT(before.status, 200);
    struct pg *blocker = pg_new(views_url(), "blocker", NULL, 60000);
    CHECK_OK(pg_run(blocker, "BEGIN; LOCK TABLE report_list.report_list IN ACCESS EXCLUSIVE MODE"));
    int waiting = send_get("/reports/me", bearer("citizen1", CITIZEN, NULL), NULL);
    int64_t began = time_monotonic();
    scoped_response r = get("/reports/public?limit=7", NULL, NULL);
    CHECK(refused(&r, DATABASE_UNAVAILABLE));
    CHECK(time_monotonic() - began < 1000000); /* the fixture's deadline is 2 s */
    CHECK_OK(pg_run(blocker, "COMMIT"));
    scoped_response mine = receive(waiting);
    CHECK_INT(mine.status, 200);
    pg_free(blocker);
    query_stop();
}

TEST(a_path_names_a_kind_of_stream_that_there_is)
{
    int count = 0;
    for (const struct route *route = query_routes; route->path; route++)
        for (const struct binding *b = route->bindings; b->kind; b++)
            if (b->kind == BIND_PATH_ID) {
                if (!is_stream_kind(b->stream_kind))
                    test_fail(__FILE__, __LINE__, route->path, b->stream_kind, NULL);
                count++;
            }
    CHECK(count > 0);
}

/* Asks /ready until the text is in it; false after 15 s. */
static bool ready_says(const char *text)
{
    for (int i = 0; i < 750; i++) {
        scoped_response r = get("/ready", NULL, NULL);
        if (has(&r, text))
            return true;
        test_shell("sleep 0.02");
    }
    return false;
}

static void rename_columns(bool back)
{
    const char *is = back ? "renamed" : "names", *becomes = back ? "names" : "renamed";
    views_sql("ALTER TABLE category_list.category_list RENAME COLUMN %s TO %s", is, becomes);
    is = back ? "renamed" : "note", becomes = back ? "note" : "renamed";
    views_sql("ALTER TABLE report_history.report_history RENAME COLUMN %s TO %s", is, becomes);
}

TEST(queries_that_the_database_refuses_are_named_by_ready_and_the_others_are_served)
{
    query_start(1, 1 << 20);
    CHECK(ready_says("\"queries\":{\"ok\":true,"));
    rename_columns(false);
    query_restart();
    CHECK(ready_says(
        "\"queries\":{\"ok\":false,\"lag_seconds\":null,\"reason\":\"The database "
        "refuses category_all, category_one, report_history, case_one; the log says why.\"}"));
    CHECK(ready_says("\"status\":\"degraded\"")); /* once the views are read, too */
    scoped_response feed = get("/reports/public", NULL, NULL);
    CHECK_INT(feed.status, 200);
    rename_columns(true);
    CHECK(ready_says("\"queries\":{\"ok\":true,\"lag_seconds\":null}"));
    query_stop();
}
