/* plans_test.c -- at 50,000 reports no page reads more rows than it shows: every plan goes by an
 * index. A page that is filtered takes its first rows from each kind, pair of category and status,
 * that the filter leaves: so many pages, and never a row more. */
#include "tests/query-api/fixture.h"

#include "platform/postgres.h"
#include "query-api/query.h"
#include "query-api/reader.h"

enum { REPORTS = 50000, PAGE = 50, MOST_ROWS = 120 };

static void fill(void)
{
    static const char *const columns =
        "(report_id, version, position, reporter, pseudonym, visibility, category, owner_agency, "
        "content, "
        "created_at, status, %s) SELECT ('01900000-0000-7000-8000-' || lpad(n::text, 12, "
        "'0'))::uuid, 1, n, "
        "'user' || n %% 500, CASE WHEN n %% 10 = 0 THEN 'p' || n %% 500 END, "
        "CASE WHEN n %% 10 = 0 THEN 'ANONYMOUS' ELSE 'PUBLIC' END, 'c' || n %% 6, 'a' || n %% 3, "
        "repeat('x', 100), now(), (ARRAY['RECEIVED','IN_PROGRESS','RESOLVED'])[n %% 7 %% 3 + 1], "
        "now() "
        "FROM generate_series(1, %d) n";
    char sql[2048];
    snprintf(sql, sizeof(sql), columns, "last_status_at", REPORTS);
    views_sql("INSERT INTO report_list.report_list %s", sql);
    views_sql("INSERT INTO report_detail.report_detail %s", sql);
    views_sql(
        "INSERT INTO case_inbox.case_inbox (report_id, version, position, reporter, visibility, "
        "category, "
        "owner_agency, content, created_at, status, updated_at) SELECT report_id, version, "
        "position, "
        "reporter, visibility, category, owner_agency, content, created_at, status, created_at "
        "FROM report_list.report_list");
    views_sql(
        "INSERT INTO report_rank.report_rank SELECT report_id, CASE WHEN position %% 3 = 0 THEN "
        "position %% 50 END, position, category, status FROM report_list.report_list "
        "WHERE visibility = 'PUBLIC'");
    views_sql(
        "INSERT INTO report_list.report_votes SELECT report_id, votes FROM report_rank.report_rank "
        "WHERE votes > 0");
    views_sql("INSERT INTO report_history.report_history (report_id, version, position, type, "
              "new_status, at) "
              "SELECT report_id, 1, position, 'report.created', status, created_at FROM "
              "report_list.report_list");
    views_sql("ANALYZE");
}

/* Largest number of rows that any step of the plan really went through, removed ones included. */
static int64_t most_rows(const char *plan)
{
    int64_t most = 0;
    for (const char *at = plan; (at = strstr(at, "\"Actual Rows\": ")); at += 15)
        most = strtoll(at + 15, NULL, 10) > most ? strtoll(at + 15, NULL, 10) : most;
    for (const char *at = plan; (at = strstr(at, "\"Rows Removed by Filter\": ")); at += 26)
        most = strtoll(at + 26, NULL, 10) > most ? strtoll(at + 26, NULL, 10) : most;
    return most;
}

/* The plan as a reader's connection makes it, run. */
static void check_plan(const char *file, const char *values, bool filtered, int kinds)
{
    static int n;
    const struct route *route = query_routes;
    while (!text_equal(route->file, file))
        route++;
    struct query q;
    CHECK_OK(query_init(&q, route));
    views_sql("SET plan_cache_mode = force_custom_plan; SET jit = off; PREPARE p%d AS %s", ++n,
              filtered ? q.filtered.sql : q.statement.sql);
    const char *plan =
        views_value("EXPLAIN (ANALYZE, TIMING off, FORMAT json) EXECUTE p%d(%s)", n, values);
    int64_t most = most_rows(plan);
    if (most < 1 || most > (kinds * PAGE > MOST_ROWS ? kinds * PAGE : MOST_ROWS))
        test_fail(__FILE__, __LINE__, q.statement.name, plan, values);
    query_release(&q);
}

TEST(no_page_reads_more_than_it_shows)
{
    static const struct {
        const char *file, *values;
        bool filtered;
        int kinds;
    } rows[] = {
        {"report_feed", "'50','9223372036854775807','9223372036854775807',NULL,NULL,'newest'",
         false, 1},
        {"report_feed", "'50','0','25000',NULL,NULL,'newest'", false, 1},
        {"report_feed", "'50','0','25000','c3',NULL,'newest'", true, 3},
        {"report_feed", "'50','0','25000',NULL,'RESOLVED','newest'", true, 6},
        {"report_feed", "'50','0','25000','c3','RESOLVED','newest'", true, 1},
        {"report_feed", "'50','9223372036854775807','9223372036854775807',NULL,NULL,'votes'", false,
         1},
        {"report_feed", "'50','20','25000',NULL,NULL,'votes'", false, 1},
        {"report_feed", "'50','20','25000','c3',NULL,'votes'", true, 3},
        {"report_feed", "'50','20','25000',NULL,'RESOLVED','votes'", true, 6},
        {"report_feed", "'50','20','25000','c3','RESOLVED','votes'", true, 1},
        {"report_mine", "'50','9223372036854775807','user40','p40'", false, 1},
        {"report_mine", "'50','25000','user40','p40'", false, 1},
        {"report_one", "'01900000-0000-7000-8000-000000000007',NULL,NULL,NULL,NULL", false, 1},
        {"report_history", "'01900000-0000-7000-8000-000000000007',NULL,NULL,NULL,NULL,'50','0'",
         false, 1},
        {"case_inbox", "'50','9223372036854775807','a1',NULL,NULL", false, 1},
        {"case_inbox", "'50','25000','a1',NULL,NULL", false, 1},
        {"case_inbox", "'50','25000','a1','RESOLVED',NULL", true, 2},
        {"case_inbox", "'50','25000','a1',NULL,'c1'", true, 3},
        {"case_inbox", "'50','25000','a1','RESOLVED','c1'", true, 1},
        {"case_inbox", "'50','25000',NULL,NULL,NULL", true, 3},
        {"case_inbox", "'50','25000',NULL,'RESOLVED',NULL", true, 6},
        {"case_inbox", "'50','25000',NULL,NULL,'c1'", true, 3},
        {"case_one", "'01900000-0000-7000-8000-000000000007','a1'", false, 1},
    };
    query_start(1, 1 << 20);
    fill();
    views_sql("%s", reader_session);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_plan(rows[i].file, rows[i].values, rows[i].filtered, rows[i].kinds);
    query_stop();
}
