/* plans_test.c -- no page reads more rows than it shows, nor more blocks of indexes and tables when
 * there are three times as many reports: every plan goes by an index, and begins where the page
 * does. A page that is filtered takes its first rows from each kind, pair of category and status,
 * that the filter leaves: so many pages, and never a row more. */
#include "tests/query-api/fixture.h"

#include "platform/postgres/postgres.h"
#include "query-api/query.h"
#include "query-api/reader.h"

/* From FEW to MANY the indexes by report grow by no level (that happens at some 75,000 rows, and
 * then at millions): a row that is looked up costs as many blocks as before. Others may be a level
 * higher: some blocks for each walk of a kind. Whoever walks by position alone passes all newer
 * reports on the way to those that are called early: hundreds more. */
enum { FEW = 80000, MANY = 250000, PAGE = 50, MOST_ROWS = 120 };
enum { BLOCKS_OF_A_KIND = 10, KINDS_THAT_GROW = 60 };

/* In pages: what the inbox may look at for other filters than status, category and priority, twice
 * (a step's rows are those of the step before). */
enum { LOOKED_AT = 2 * (20 + 3 * 20), FEW_LEFT = 2 * 40 };

static void fill_inbox(int from)
{
    views_sql(
        "INSERT INTO case_inbox.case_inbox (report_id, version, position, reporter, visibility, "
        "category, owner_agency, content, created_at, status, updated_at, priority, priority_set, "
        "assignee, questions_open, forwarded_at, held_since, touched_at) SELECT report_id, "
        "1, position, "
        "reporter, visibility, category, owner_agency, content || CASE WHEN position %% 90 = 1 AND "
        "position < 4000 THEN ' early zebra' ELSE ' lamp' END, created_at, status, created_at, "
        "(ARRAY['medium', 'low', 'high', 'urgent'])[position %% 13 %% 4 + 1], true, CASE position "
        "%% 4 WHEN 0 THEN 'user' || position %% 20 WHEN 1 THEN reporter END, CASE WHEN position < "
        "4000 AND position %% 4 = 1 THEN 1 ELSE 0 END, CASE WHEN position %% 2 = 0 THEN now() END, "
        "CASE WHEN position < 4000 AND position %% 5 = 0 THEN now() END, now() + position %% 1000 "
        "* interval '1 s' "
        "FROM report_list.report_list WHERE position >= %d",
        from);
    views_sql("INSERT INTO case_texts.case_texts SELECT report_id, content FROM "
              "case_inbox.case_inbox WHERE position >= %d",
              from);
    views_sql("DELETE FROM case_counts.case_counts; INSERT INTO case_counts.case_counts SELECT "
              "owner_agency, category, status, count(*) FROM case_inbox.case_inbox GROUP BY 1, 2, "
              "3");
}

static void fill_counts(void)
{
    views_sql("DELETE FROM sla.clock_counts; INSERT INTO sla.clock_counts SELECT owner_agency, "
              "category, 'resolve', CASE n WHEN 0 THEN 'all' ELSE 'public' END, count(*), 0, 0, 0, "
              "0, NULL, NULL, (SELECT array_agg(i) FROM generate_series(1, 400) i) FROM "
              "sla.report_clocks, generate_series(0, 1) n WHERE n = 0 OR shown_to = 'ALL' "
              "GROUP BY 1, 2, n");
}

/* Of one patrol, a fix each second from 1970 on. */
static void fill_track(int from, int to)
{
    static const char patrol[] = "01900000-0000-7000-8000-000000000007";
    views_sql("INSERT INTO patrol_list.patrol_list (patrol_id, position) VALUES ('%s', 1) "
              "ON CONFLICT DO NOTHING",
              patrol);
    views_sql("INSERT INTO positions.track (unit, at, digest, latitude, longitude) SELECT '%s', "
              "timestamptz 'epoch' + n * interval '1 s', n, 1, 2 FROM generate_series(%d, %d) n",
              patrol, from, to);
}

static void fill(int from, int to)
{
    static const char *const columns =
        "(report_id, position, reporter, pseudonym, visibility, category, owner_agency, "
        "content, "
        "created_at, status, kind, %s) SELECT ('01900000-0000-7000-8000-' || lpad(n::text, 12, "
        "'0'))::uuid, n, "
        "CASE WHEN n < 4000 AND n %% 4 = 1 THEN 'early' ELSE 'user' || n %% 100 END, CASE WHEN n "
        "%% 10 = 0 THEN 'p' || n %% 100 END, "
        "CASE WHEN n %% 10 = 0 THEN 'ANONYMOUS' ELSE 'PUBLIC' END, CASE WHEN n < 4000 AND n %% 4 = "
        "0 THEN 'early' ELSE 'c' || n %% 6 END, 'a' || n %% 3, "
        "repeat('x', 100), now(), (ARRAY['RECEIVED','IN_PROGRESS','RESOLVED'])[n %% 7 %% 3 + 1], "
        "CASE WHEN n %% 40 = 3 THEN 'crime' ELSE 'issue' END, now() "
        "FROM generate_series(%d, %d) n";
    char sql[2048];
    snprintf(sql, sizeof(sql), columns, "last_status_at", from, to);
    views_sql("INSERT INTO report_list.report_list %s", sql);
    views_sql("INSERT INTO report_detail.report_detail %s", sql);
    views_sql("UPDATE report_detail.report_detail SET version = 1 WHERE position >= %d", from);
    fill_inbox(from);
    views_sql(
        "INSERT INTO report_rank.report_rank SELECT report_id, CASE WHEN position %% 3 = 0 THEN "
        "position %% 50 END, position, category, status FROM report_list.report_list "
        "WHERE visibility = 'PUBLIC' AND position >= %d",
        from);
    views_sql("INSERT INTO report_follow.report_followers SELECT report_id, votes FROM "
              "report_rank.report_rank WHERE votes > 0 AND position >= %d",
              from);
    views_sql("INSERT INTO report_history.report_history (report_id, version, position, type, "
              "new_status, at) "
              "SELECT report_id, 1, position, 'report.created', status, created_at FROM "
              "report_list.report_list WHERE position >= %d",
              from);
    views_sql(
        "INSERT INTO report_similar.report_similar SELECT key, visibility <> 'PUBLIC', "
        "position, report_id FROM report_detail.report_detail CROSS JOIN LATERAL (SELECT "
        "engine.text_sketch(content, 3) UNION SELECT engine.grid_cell(1.5, 2.5)) k (key) WHERE "
        "position >= %d",
        from);
    views_sql(
        "INSERT INTO sla.report_clocks (report_id, state, owner_agency, category, visibility, "
        "status, filed, shown_to, due_order, due_at, sla_status, escalation_level) SELECT "
        "report_id, "
        "'', owner_agency, category, visibility, status, position, CASE visibility WHEN 'PUBLIC' "
        "THEN 'ALL' ELSE 'AGENCY' END, (extract(epoch FROM due) * 1000000)::bigint, due, "
        "'running', "
        "CASE WHEN position < 4000 THEN 2 ELSE 0 END FROM report_detail.report_detail CROSS JOIN "
        "LATERAL (SELECT now() + (position - 150) * interval '1 s' AS due) d WHERE position >= "
        "%d",
        from);
    fill_counts();
    fill_track(from, to);
    views_sql("VACUUM ANALYZE");
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

/* What the whole plan read, found in the cache or not: entries of indexes it passed over count here
 * alone. */
static int64_t blocks_of(const char *plan)
{
    int64_t blocks = 0;
    static const char *const counts[] = {"\"Shared Hit Blocks\": ", "\"Shared Read Blocks\": "};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const char *first = strstr(plan, counts[i]); /* the plan's root stands first */
        CHECK(first != NULL);
        blocks += first ? strtoll(first + strlen(counts[i]), NULL, 10) : 0;
    }
    return blocks;
}

struct page_query {
    const char *file;
    char values[160];
    bool filtered;
    int kinds;
    int64_t blocks; /* that it read while there were few reports */
};

/* The plan as a reader's connection makes it, run; the second time no catalogue is read. */
static const char *plan_of(const struct page_query *p, const struct query *q)
{
    static int n;
    views_sql("SET plan_cache_mode = force_custom_plan; SET jit = off; PREPARE p%d AS %s", ++n,
              p->filtered ? q->filtered.statement.sql : q->plain.statement.sql);
    const char *plan = NULL;
    for (int i = 0; i < 2; i++)
        plan = views_value("EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) EXECUTE p%d(%s)", n,
                           p->values);
    return plan;
}

/* How many blocks more it may read than it did: of the inbox a row is a case and its clock. */
static int64_t may_grow_by(const struct page_query *p)
{
    int looked_up = text_equal(p->file, "case_inbox") ? 2 * PAGE : PAGE;
    int kinds = p->kinds < KINDS_THAT_GROW ? p->kinds : KINDS_THAT_GROW;
    return looked_up + kinds * BLOCKS_OF_A_KIND;
}

static void check_page(struct page_query *p)
{
    const struct route *route = query_routes;
    while (!text_equal(route->file, p->file))
        route++;
    struct query q;
    CHECK_OK(query_init(&q, route));
    const char *plan = plan_of(p, &q);
    int64_t rows = most_rows(plan), blocks = blocks_of(plan);
    if (rows < 1 || rows > (p->kinds * PAGE > MOST_ROWS ? p->kinds * PAGE : MOST_ROWS))
        test_fail(__FILE__, __LINE__, q.plain.statement.name, plan, p->values);
    if (blocks < 1 || (p->blocks && blocks > p->blocks + may_grow_by(p)))
        test_fail(__FILE__, __LINE__, q.plain.statement.name, plan, p->values);
    p->blocks = blocks;
    query_release(&q);
}

static void check_pages(struct page_query *pages, int count)
{
    views_sql("%s", reader_session);
    for (int i = 0; i < count; i++)
        check_page(&pages[i]);
    views_sql("RESET ALL");
}

static struct page_query pages[] = {
    {"report_feed", "'50','9223372036854775807','9223372036854775807',NULL,NULL,'newest'", false, 1,
     0},
    {"report_feed", "'50','0','10000',NULL,NULL,'newest'", false, 1, 0},
    {"report_feed", "'50','0','10000','c3',NULL,'newest'", true, 3, 0},
    {"report_feed", "'50','0','10000',NULL,'RESOLVED','newest'", true, 7, 0},
    {"report_feed", "'50','0','10000','c3','RESOLVED','newest'", true, 1, 0},
    {"report_feed", "'50','9223372036854775807','9223372036854775807',NULL,NULL,'votes'", false, 1,
     0},
    {"report_feed", "'50','20','10000',NULL,NULL,'votes'", false, 1, 0},
    {"report_feed", "'50','20','10000','c3',NULL,'votes'", true, 3, 0},
    {"report_feed", "'50','20','10000',NULL,'RESOLVED','votes'", true, 7, 0},
    {"report_feed", "'50','20','10000','c3','RESOLVED','votes'", true, 1, 0},
    {"report_mine", "'50','9223372036854775807','9223372036854775807','user40','p40'", false, 1, 0},
    {"report_feed", "'50','9223372036854775807','9223372036854775807','early',NULL,'newest'", true,
     3, 0},
    {"report_feed", "'50','9223372036854775807','9223372036854775807','early','RESOLVED','newest'",
     true, 1, 0},
    {"report_feed", "'50','9223372036854775807','9223372036854775807','early',NULL,'votes'", true,
     3, 0},
    {"report_mine", "'50','0','10000','user40','p40'", false, 1, 0},
    {"report_mine", "'50','9223372036854775807','9223372036854775807','early','p40'", false, 1, 0},
    {"report_one", "'01900000-0000-7000-8000-000000000007',NULL,NULL,NULL,NULL", false, 1, 0},
    {"report_history", "'01900000-0000-7000-8000-000000000007',NULL,NULL,NULL,NULL,'50','0'", false,
     1, 0},
    {"case_inbox",
     "'50','9223372036854775807','9223372036854775807','a1',NULL,NULL,'newest',NULL,NULL,NULL,"
     "NULL,NULL,NULL,NULL,'1'",
     false, 1, 0},
    {"case_inbox",
     "'50','9223372036854775807','10000','a1',NULL,NULL,'newest',NULL,NULL,NULL,NULL,NULL,NULL,"
     "NULL,'1'",
     false, 1, 0},
    {"case_inbox",
     "'50','9223372036854775807','9223372036854765807','a1',NULL,NULL,'oldest',NULL,NULL,NULL,"
     "NULL,NULL,NULL,NULL,'1'",
     false, 1, 0},
    {"case_inbox",
     "'50','2','10000','a1',NULL,NULL,'priority',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'1'", false, 1,
     0},
    {"case_inbox",
     "'50','1700000000000000','10000','a1',NULL,NULL,'touched',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'"
     "1'",
     false, 1, 0},
    {"case_inbox",
     "'50','9223372036854775807','10000','a1',NULL,'early','newest',NULL,NULL,NULL,NULL,NULL,NULL,"
     "NULL,'1'",
     true, 12, 0},
    {"case_inbox",
     "'50','9223372036854775807','10000',NULL,'RESOLVED','early','newest',NULL,NULL,NULL,NULL,"
     "NULL,NULL,NULL,'1'",
     true, 12, 0},
    {"case_inbox",
     "'50','9223372036854775807','10000','a1','RESOLVED',NULL,'newest',NULL,NULL,NULL,NULL,"
     "NULL,NULL,NULL,'1'",
     true, 16, 0},
    {"case_inbox",
     "'50','9223372036854775807','10000','a1',NULL,'c1','newest',NULL,NULL,NULL,NULL,NULL,NULL,"
     "NULL,'1'",
     true, 12, 0},
    {"case_inbox",
     "'50','9223372036854775807','10000','a1','RESOLVED','c1','newest',NULL,NULL,NULL,NULL,"
     "NULL,NULL,NULL,'1'",
     true, 4, 0},
    {"case_inbox",
     "'50','9223372036854775807','10000',NULL,NULL,NULL,'newest',NULL,NULL,NULL,NULL,NULL,NULL,"
     "NULL,'1'",
     true, 3, 0},
    {"case_inbox",
     "'50','9223372036854775807','10000',NULL,'RESOLVED',NULL,'newest',NULL,NULL,NULL,NULL,"
     "NULL,NULL,NULL,'1'",
     true, 40, 0},
    {"case_inbox",
     "'50','9223372036854775807','10000',NULL,NULL,'c1','newest',NULL,NULL,NULL,NULL,NULL,NULL,"
     "NULL,'1'",
     true, 12, 0},
    {"crime_feed", "'50','9223372036854775807',NULL,NULL", false, 1, 0},
    {"crime_feed", "'50','10000',NULL,NULL", false, 1, 0},
    {"crime_feed", "'50','10000','c3',NULL", true, 3, 0},
    {"crime_feed", "'50','10000',NULL,'resolved'", true, 9, 0},
    {"crime_feed", "'50','10000','c3','assigned'", true, 3, 0},
    {"crime_one", "'01900000-0000-7000-8000-000000000043',NULL,NULL,NULL,NULL", false, 1, 0},
    {"report_similar", "'xxx and more','1.5','2.5','ADMIN',NULL,'20',NULL,'1'", false, 10, 0},
    {"report_similar", "NULL,'1.5','2.5',NULL,NULL,'20',NULL,'1'", false, 4, 0},
    {"report_similar_to", "'01900000-0000-7000-8000-000000000007',NULL,NULL,NULL,NULL,'20','1'",
     false, 10, 0},
    {"sla_status", "'50',NULL,NULL,NULL,NULL,'0','0',NULL,NULL,NULL,NULL,'1'", false, 6, 0},
    {"sla_status", "'50',NULL,NULL,NULL,NULL,'0','0','true',NULL,NULL,NULL,'1'", false, 6, 0},
    {"sla_status", "'50',NULL,NULL,'OFFICER','a1','0','0','false','a1',NULL,NULL,'1'", false, 4, 0},
    {"sla_status", "'50',NULL,NULL,'ADMIN',NULL,'1700000000000000','5','false',NULL,'2',NULL,'1'",
     false, 12, 0},
    {"sla_status",
     "'50',NULL,NULL,NULL,NULL,'0','0',NULL,NULL,NULL,'01900000-0000-7000-8000-000000000007','1'",
     false, 1, 0},
    {"sla_summary", "NULL,NULL,NULL,NULL", false, 1, 0},
    {"sla_summary", "'OFFICER','a1',NULL,'c3'", false, 1, 0},
    {"sla_summary", "'ADMIN',NULL,'a1',NULL", false, 1, 0},
    {"case_one", "'01900000-0000-7000-8000-000000000007',NULL,NULL,'a1','1'", false, 1, 0},
    {"patrol_track",
     "'u','ADMIN',NULL,'1','01900000-0000-7000-8000-000000000007',NULL,NULL,'50','0','0','0'",
     false, 1, 0},
    {"patrol_track",
     "'u','ADMIN',NULL,'1','01900000-0000-7000-8000-000000000007',NULL,NULL,'50','70000000000',"
     "'2147483648','70000'",
     false, 1, 0},
    {"patrol_track",
     "'u','ADMIN',NULL,'1','01900000-0000-7000-8000-000000000007','1970-01-01T19:26:40Z',"
     "'1970-01-01T20:00:00Z','50','0','0','0'",
     false, 1, 0},
};

/* Every order of the inbox with each of these, of agency a1, or of all if a status is given. */
static const struct {
    const char *sort, *keys;
} orders[] = {{"newest", "'0','10000'"},
              {"oldest", "'0','9223372036854765807'"},
              {"priority", "'3','10000'"},
              {"touched", "'9000000000000000','10000'"},
              {"due", "'9223372036854775807','9223372036854775807'"}};
static const struct {
    const char *where, *filters;
    int kinds;
} filters[] = {{"'a1',NULL,NULL", "NULL,'urgent',NULL,NULL,NULL,NULL,NULL,'1'", LOOKED_AT},
               {"'a1',NULL,NULL", "'none',NULL,NULL,NULL,NULL,NULL,NULL,'1'", LOOKED_AT},
               {"'a1',NULL,NULL", "'early',NULL,NULL,NULL,NULL,NULL,NULL,'1'", FEW_LEFT},
               {"'a1',NULL,NULL", "NULL,NULL,'true',NULL,NULL,NULL,NULL,'1'", FEW_LEFT},
               {"'a1',NULL,NULL", "NULL,NULL,'false',NULL,NULL,NULL,NULL,'1'", LOOKED_AT},
               {"'a1',NULL,NULL", "NULL,NULL,NULL,'true',NULL,NULL,NULL,'1'", LOOKED_AT},
               {"'a1',NULL,NULL", "NULL,NULL,NULL,NULL,NULL,'true',NULL,'1'", FEW_LEFT},
               {"'a1',NULL,NULL", "NULL,NULL,NULL,NULL,NULL,NULL,'true','1'", FEW_LEFT},
               {"'a1',NULL,NULL", "NULL,NULL,NULL,NULL,NULL,NULL,'false','1'", LOOKED_AT},
               {"'a1',NULL,NULL", "NULL,NULL,NULL,NULL,'zebra',NULL,NULL,'1'", FEW_LEFT},
               {"'a1',NULL,NULL", "NULL,NULL,NULL,NULL,'lamp',NULL,NULL,'1'", LOOKED_AT},
               {"'a1',NULL,NULL", "'none','low','false','true','lamp',NULL,NULL,'1'", LOOKED_AT},
               {"NULL,'RESOLVED',NULL", "'none',NULL,NULL,NULL,NULL,NULL,NULL,'1'", LOOKED_AT}};
enum {
    PAGES = sizeof(pages) / sizeof(pages[0]),
    ORDERS = sizeof(orders) / sizeof(orders[0]),
    FILTERS = sizeof(filters) / sizeof(filters[0])
};

static struct page_query inbox_pages[ORDERS * FILTERS];

static void make_inbox_pages(void)
{
    for (int i = 0; i < ORDERS * FILTERS; i++) {
        int o = i / FILTERS, f = i % FILTERS;
        struct page_query *p = &inbox_pages[i];
        *p = (struct page_query){.file = "case_inbox", .filtered = true, .kinds = filters[f].kinds};
        snprintf(p->values, sizeof(p->values), "'50',%s,%s,'%s',%s", orders[o].keys,
                 filters[f].where, orders[o].sort, filters[f].filters);
    }
}

static void check_all_pages(void)
{
    check_pages(pages, PAGES);
    check_pages(inbox_pages, ORDERS * FILTERS);
}

TEST(no_page_reads_more_than_it_shows_however_many_reports_there_are)
{
    make_inbox_pages();
    query_start(1, 1 << 20);
    fill(1, FEW);
    check_all_pages();
    fill(FEW + 1, MANY);
    check_all_pages();
    query_stop();
}
