/* paging_test.c -- pages lose and repeat nothing while rows arrive; wrong parameters are named. */
#include "tests/query-api/fixture.h"

static void add_reports(int from, int count)
{
    for (int i = from; i < from + count; i++)
        SAMPLE(.id = sample_id(i), .position = i * 10, .votes = i % 4,
               .status = i % 2 ? "RECEIVED" : "RESOLVED");
}

/* Follows `next` from page to page; between two pages new reports arrive. Returns how many of the
 * first `known` reports were seen exactly once. */
static int walk(const char *path, const char *token, int known)
{
    char url[512], cursor[128] = "";
    static int fresh = 1000;
    int seen[100] = {0}, once = 0;
    for (int pages = 0; pages < 60; pages++) {
        snprintf(url, sizeof(url), "%s%s%s", path, *cursor ? "&cursor=" : "", cursor);
        scoped_response r = get(url, token, NULL);
        CHECK_INT(r.status, 200);
        for (int i = 1; i <= known; i++)
            seen[i] += occurrences(&r, sample_id(i));
        if (!member(&r, "next", cursor, sizeof(cursor)))
            break;
        add_reports(fresh, 2);
        fresh += 2;
    }
    for (int i = 1; i <= known; i++)
        once += seen[i] == 1;
    return once;
}

TEST(pages_lose_and_repeat_nothing_while_rows_arrive)
{
    query_start(1, 1 << 20);
    add_reports(1, 20);
    CHECK_INT(walk("/reports/public?limit=3", NULL, 20), 20);
    CHECK_INT(walk("/reports/public?limit=3&sort=votes", NULL, 20), 20);
    CHECK_INT(walk("/reports/public?limit=3&status=RECEIVED", NULL, 20), 10);
    CHECK_INT(walk("/reports/public?limit=3&sort=votes&status=RESOLVED", NULL, 20), 10);
    CHECK_INT(walk("/reports/me?limit=3", bearer("citizen1", CITIZEN, NULL), 20), 20);
    CHECK_INT(walk("/cases/inbox?limit=3", bearer("officer1", OFFICER, "AGENCY_INFRA"), 20), 20);
    CHECK_INT(walk("/cases/inbox?limit=7", bearer("admin1", ADMIN, NULL), 20), 20);
    query_stop();
}

TEST(the_own_reports_page_over_named_and_anonymous_ones)
{
    query_start(1, 1 << 20);
    for (int i = 1; i <= 12; i++)
        SAMPLE(.id = sample_id(i), .position = i, .visibility = i % 3 ? "PUBLIC" : "ANONYMOUS");
    CHECK_INT(walk("/reports/me?limit=2", bearer("citizen1", CITIZEN, NULL), 12), 12);
    query_stop();
}

TEST(what_waits_for_the_author_comes_first)
{
    query_start(1, 1 << 20);
    for (int i = 1; i <= 12; i++)
        SAMPLE(.id = sample_id(i), .position = i, .questions_open = i % 4 ? 0 : i / 4,
               .visibility = i % 3 ? "PUBLIC" : "ANONYMOUS");
    const char *author = bearer("citizen1", CITIZEN, NULL);
    scoped_response r = get("/reports/me", author, NULL);
    static const int order[] = {12, 8, 4, 11, 10, 9, 7, 6, 5, 3, 2, 1};
    const char *last = r.body;
    for (int i = 0; i < 12; i++) {
        const char *at = strstr(r.body, sample_id(order[i]));
        CHECK(at && at > last);
        last = at ? at : last;
    }
    CHECK(has(&r, "\"questions_open\":3") && has(&r, "\"questions_open\":0"));
    CHECK_INT(walk("/reports/me?limit=2", author, 12), 12);
    query_stop();
}

TEST(a_history_is_paged_oldest_first)
{
    query_start(1, 1 << 20);
    SAMPLE(.id = sample_id(1), .position = 1, .version = 5);
    char path[256], cursor[128];
    snprintf(path, sizeof(path), "/reports/%s/history?limit=3", sample_id(1));
    scoped_response first = get(path, NULL, NULL);
    CHECK_INT(occurrences(&first, "\"version\""), 3);
    CHECK(has(&first, "\"version\":1,") && !has(&first, "\"version\":4,"));
    CHECK(member(&first, "next", cursor, sizeof(cursor)) != NULL);
    snprintf(path, sizeof(path), "/reports/%s/history?limit=3&cursor=%s", sample_id(1), cursor);
    scoped_response second = get(path, NULL, NULL);
    CHECK_INT(occurrences(&second, "\"version\""), 2);
    CHECK(has(&second, "\"next\":null"));
    query_stop();
}

TEST(most_voted_comes_first)
{
    query_start(1, 1 << 20);
    add_reports(1, 8);
    scoped_response r = get("/reports/public?sort=votes&limit=8", NULL, NULL);
    const char *last = r.body;
    static const int order[] = {7, 3, 6, 2, 5, 1, 8, 4};
    for (int i = 0; i < 8; i++) {
        const char *at = strstr(r.body, sample_id(order[i]));
        CHECK(at && at > last);
        last = at ? at : last;
    }
    query_stop();
}

TEST(a_cursor_belongs_to_its_sort_and_filters)
{
    query_start(1, 1 << 20);
    add_reports(1, 6);
    char cursor[128], path[512];
    scoped_response first = get("/reports/public?limit=2&category=kebersihan", NULL, NULL);
    CHECK(member(&first, "next", cursor, sizeof(cursor)) != NULL);
    static const struct {
        const char *path;
        int status;
    } rows[] = {
        {"/reports/public?category=kebersihan&cursor=", 200},
        {"/reports/public?category=kebersihan&limit=4&cursor=", 200},
        {"/reports/public?cursor=", 400},
        {"/reports/public?category=lainnya&cursor=", 400},
        {"/reports/public?category=kebersihan&status=RECEIVED&cursor=", 400},
        {"/reports/public?category=kebersihan&sort=votes&cursor=", 400},
        {"/cases/inbox?category=kebersihan&cursor=", 400},
        {"/reports/public?category=kebersihan&cursor=x", 400},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", rows[i].path, cursor);
        scoped_response r = get(path, bearer("admin1", ADMIN, NULL), NULL);
        if (r.status != rows[i].status || (r.status == 400 && !refused(&r, BAD_CURSOR)))
            test_fail(__FILE__, __LINE__, path, r.body, NULL);
    }
    query_stop();
}

TEST(wrong_parameters_are_named)
{
    query_start(1, 1 << 20);
    static const struct {
        const char *path;
        const struct problem *problem;
        const char *field;
    } rows[] = {
        {"/reports/public?limit=0", BAD_PARAMETER, "limit"},
        {"/reports/public?limit=201", BAD_PARAMETER, "limit"},
        {"/reports/public?limit=ten", BAD_PARAMETER, "limit"},
        {"/reports/public?limit=", BAD_PARAMETER, "limit"},
        {"/reports/public?limit=99999999999999999999", BAD_PARAMETER, "limit"},
        {"/reports/public?colour=red", UNKNOWN_PARAMETER, "colour"},
        {"/reports/public?agency=AGENCY_INFRA", UNKNOWN_PARAMETER, "agency"},
        {"/reports/public?id=x", UNKNOWN_PARAMETER, "id"},
        {"/reports/public?status=received", BAD_PARAMETER, "status"},
        {"/reports/public?sort=oldest", BAD_PARAMETER, "sort"},
        {"/reports/public?category=", BAD_PARAMETER, "category"},
        {"/reports/public?category=%20%20", BAD_PARAMETER, "category"},
        {"/reports/public?category=%ff", BAD_PARAMETER, "category"},
        {"/reports/public?min_position=-1", BAD_PARAMETER, "min_position"},
        {"/reports/public?wait_ms=5001", BAD_PARAMETER, "wait_ms"},
        {"/reports/public?cursor=", BAD_CURSOR, "cursor"},
        {"/categories?limit=5", UNKNOWN_PARAMETER, "limit"},
        {"/schemas?limit=5", UNKNOWN_PARAMETER, "limit"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char field[64];
        scoped_response r = get(rows[i].path, NULL, NULL);
        snprintf(field, sizeof(field), "\"field\":\"%s\"", rows[i].field);
        if (!refused(&r, rows[i].problem) || !has(&r, field))
            test_fail(__FILE__, __LINE__, rows[i].path, r.body, rows[i].field);
    }
    query_stop();
}

TEST(a_malformed_id_is_no_report)
{
    query_start(1, 1 << 20);
    static const char *const paths[] = {"/reports/x", "/reports/1", "/reports/x/history",
                                        "/reports/01900000-0000-7000-8000-00000000000A",
                                        "/reports/'%20OR%201=1"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        scoped_response r = get(paths[i], NULL, NULL);
        if (!refused(&r, NO_SUCH_REPORT))
            test_fail(__FILE__, __LINE__, paths[i], r.body, NULL);
    }
    query_stop();
}
