/* visibility_test.c -- who sees what, role by role, through the real service. */
#include "tests/query-api/fixture.h"

enum {
    PUBLIC_ISSUE = 1,
    PRIVATE_ISSUE,
    ANONYMOUS_ISSUE,
    PUBLIC_CRIME,
    PRIVATE_CRIME,
    ANONYMOUS_CRIME,
    WITHDRAWN_ISSUE,
    WITHDRAWN_CRIME,
    REPORTS
};

static void add_reports(void)
{
    views_sql(
        "INSERT INTO category_list.category_list VALUES "
        "('kebersihan', 1, '{\"id\": \"Kebersihan\"}', 'AGENCY_INFRA', 'issue', false, true), "
        "('kriminalitas', 2, '{\"id\": \"Kriminalitas\"}', 'AGENCY_SAFETY', 'crime', true, true), "
        "('lama', 3, '{\"id\": \"Lama\"}', 'AGENCY_INFRA', 'issue', false, false)");
    static const char *const visibility[] = {
        [PUBLIC_ISSUE] = "PUBLIC",    [PRIVATE_ISSUE] = "PRIVATE", [ANONYMOUS_ISSUE] = "ANONYMOUS",
        [PUBLIC_CRIME] = "PUBLIC",    [PRIVATE_CRIME] = "PRIVATE", [ANONYMOUS_CRIME] = "ANONYMOUS",
        [WITHDRAWN_ISSUE] = "PUBLIC", [WITHDRAWN_CRIME] = "PUBLIC"};
    for (int i = PUBLIC_ISSUE; i < REPORTS; i++) {
        bool crime =
            i == PUBLIC_CRIME || i == PRIVATE_CRIME || i == ANONYMOUS_CRIME || i == WITHDRAWN_CRIME;
        SAMPLE(.id = sample_id(i), .position = i * 10, .version = 2, .visibility = visibility[i],
               .note = "a note", .kind = crime ? "crime" : "issue",
               .category = crime ? "kriminalitas" : "kebersihan",
               .agency = crime ? "AGENCY_SAFETY" : "AGENCY_INFRA",
               .votes = i == PUBLIC_ISSUE ? 3 : 0,
               .status = i >= WITHDRAWN_ISSUE ? "WITHDRAWN" : "IN_PROGRESS");
    }
    move_lane(100);
}

/* One character a report, in the order above: - is 404, p the public fields, a all of them. */
static const struct {
    const char *who;
    enum role role;
    const char *agency, *sees;
} matrix[] = {
    {NULL, ANYONE, NULL, "p--p----"},
    {"citizen1", CITIZEN, NULL, "aaaaaaaa"}, /* the author of all */
    {"citizen2", CITIZEN, NULL, "p--p----"},
    {"officer1", OFFICER, "AGENCY_INFRA", "aaap--a-"},
    {"officer3", OFFICER, "AGENCY_SAFETY", "p--aaa-a"},
    {"officer2", OFFICER, "AGENCY_HEALTH", "p--p----"},
    {"supervisor1", SUPERVISOR, "AGENCY_INFRA", "aaap--a-"},
    {"patrol1", PATROL, NULL, "p--p----"},
    {"dispatcher1", DISPATCHER, NULL, "a--aaa--"},
    {"admin1", ADMIN, NULL, "aaaaaaaa"},
};

static void check_one(const char *who, const char *token, int i, char sees)
{
    const char *id = sample_id(i);
    char path[128];
    snprintf(path, sizeof(path), "/reports/%s", id);
    scoped_response one = get(path, token, NULL);
    snprintf(path, sizeof(path), "/reports/%s/history", id);
    scoped_response history = get(path, token, NULL);
    int status = sees == '-' ? 404 : 200;
    bool anonymous = i == ANONYMOUS_ISSUE || i == ANONYMOUS_CRIME;
    char is[128];
    snprintf(is, sizeof(is), "%s sees report %d: %d, history %d", who, i, one.status,
             history.status);
    if (one.status != status || history.status != status)
        test_fail(__FILE__, __LINE__, is, one.body, history.body);
    if (sees == '-') {
        CHECK(refused(&one, NO_SUCH_REPORT) && refused(&history, NO_SUCH_REPORT));
        return;
    }
    if (has(&one, "reporter_user_id") != (sees == 'a') || has(&one, "a note") != (sees == 'a') ||
        has(&history, "a note") != (sees == 'a') || has(&history, "\"note\"") != (sees == 'a'))
        test_fail(__FILE__, __LINE__, is, one.body, history.body);
    if (sees == 'a')
        CHECK(has(&one, anonymous ? "\"reporter_user_id\":\"[ANONYMOUS]\"" : user_id("citizen1")));
    CHECK(has(&one, user_id("citizen1")) == (sees == 'a' && !anonymous));
    CHECK(!has(&one, "pseudonym") && !has(&one, pseudonym_for("citizen1")));
    CHECK_INT(occurrences(&history, "\"version\""), 2);
}

TEST(one_report_is_seen_by_whom_the_contract_names)
{
    query_start(2, 1 << 20);
    add_reports();
    for (size_t m = 0; m < sizeof(matrix) / sizeof(matrix[0]); m++) {
        const char *token =
            matrix[m].who ? bearer(matrix[m].who, matrix[m].role, matrix[m].agency) : NULL;
        for (int i = PUBLIC_ISSUE; i < REPORTS; i++)
            check_one(matrix[m].who ? matrix[m].who : "anyone", token, i, matrix[m].sees[i - 1]);
    }
    query_stop();
}

TEST(the_feed_shows_public_reports_without_their_authors)
{
    query_start(1, 1 << 20);
    add_reports();
    scoped_response feed = get("/reports/public", NULL, NULL);
    CHECK_INT(feed.status, 200);
    CHECK_INT(occurrences(&feed, "report_id"), 2);
    CHECK(has(&feed, sample_id(PUBLIC_ISSUE)) && has(&feed, sample_id(PUBLIC_CRIME)));
    CHECK(!has(&feed, "reporter") && !has(&feed, user_id("citizen1")) && !has(&feed, "note"));
    CHECK(has(&feed, "\"created_at\":\"2026-01-02T20:00:10.500000Z\""));
    CHECK(has(&feed, "\"vote_count\":3") && has(&feed, "\"vote_count\":0"));
    CHECK(has(&feed, "\"location\":{\"latitude\": 1.5, \"longitude\": 2.5}"));
    CHECK(has(&feed, "\"next\":null"));

    scoped_response crimes =
        get("/reports/public?category=kriminalitas&status=IN_PROGRESS", NULL, NULL);
    CHECK_INT(occurrences(&crimes, "report_id"), 1);
    scoped_response withdrawn = get("/reports/public?status=WITHDRAWN&sort=votes", NULL, NULL);
    CHECK_INT(occurrences(&withdrawn, "report_id"), 0);
    scoped_response voted = get("/reports/public?sort=votes", NULL, NULL);
    CHECK_INT(occurrences(&voted, "report_id"), 2);
    CHECK(strstr(voted.body, sample_id(PUBLIC_ISSUE)) <
          strstr(voted.body, sample_id(PUBLIC_CRIME)));
    query_stop();
}

TEST(everybody_finds_the_own_reports_and_nobody_elses)
{
    query_start(1, 1 << 20);
    add_reports();
    SAMPLE(.id = sample_id(50), .position = 500, .user = "citizen2", .visibility = "ANONYMOUS");
    scoped_response mine = get("/reports/me", bearer("citizen1", CITIZEN, NULL), NULL);
    CHECK_INT(mine.status, 200);
    CHECK_INT(occurrences(&mine, "report_id"), REPORTS - 1);
    CHECK(has(&mine, "\"current_status\":\"WITHDRAWN\"") &&
          has(&mine, "\"visibility\":\"ANONYMOUS\""));
    CHECK(!has(&mine, pseudonym_for("citizen1")));
    scoped_response theirs = get("/reports/me", bearer("citizen2", OFFICER, "AGENCY_INFRA"), NULL);
    CHECK_INT(occurrences(&theirs, "report_id"), 1);
    CHECK(has(&theirs, sample_id(50)));
    scoped_response nobody = get("/reports/me", NULL, NULL);
    CHECK_INT(nobody.status, 401);
    query_stop();
}

TEST(the_inbox_is_the_own_agencys)
{
    query_start(1, 1 << 20);
    add_reports();
    scoped_response own = get("/cases/inbox", bearer("officer1", OFFICER, "AGENCY_INFRA"), NULL);
    CHECK_INT(own.status, 200);
    CHECK_INT(occurrences(&own, "report_id"), 4);
    CHECK_INT(occurrences(&own, "\"owner_agency\":\"AGENCY_INFRA\""), 4);
    CHECK_INT(occurrences(&own, "[ANONYMOUS]"), 1);
    CHECK(has(&own, "\"agency\" : \"AGENCY_INFRA\""));
    CHECK(has(&own, "\"IN_PROGRESS\" : 3") && has(&own, "\"WITHDRAWN\" : 1"));

    const char *supervisor = bearer("supervisor1", SUPERVISOR, "AGENCY_SAFETY");
    scoped_response filtered =
        get("/cases/inbox?status=WITHDRAWN&agency=AGENCY_SAFETY", supervisor, NULL);
    CHECK_INT(occurrences(&filtered, "report_id"), 1);
    scoped_response foreign = get("/cases/inbox?agency=AGENCY_INFRA", supervisor, NULL);
    CHECK_INT(foreign.status, 403);

    const char *admin = bearer("admin1", ADMIN, NULL);
    scoped_response all = get("/cases/inbox", admin, NULL);
    CHECK_INT(occurrences(&all, "report_id"), REPORTS - 1);
    scoped_response chosen =
        get("/cases/inbox?agency=AGENCY_SAFETY&category=kriminalitas", admin, NULL);
    CHECK_INT(occurrences(&chosen, "report_id"), 4);
    scoped_response lost = get("/cases/inbox", bearer("officer9", OFFICER, NULL), NULL);
    CHECK_INT(occurrences(&lost, "report_id"), 0); /* an officer without agency is no admin */

    static const enum role others[] = {CITIZEN, PATROL, DISPATCHER};
    for (int i = 0; i < 3; i++) {
        scoped_response r = get("/cases/inbox", bearer("other", others[i], NULL), NULL);
        CHECK_INT(r.status, 403);
    }
    scoped_response nobody = get("/cases/inbox", NULL, NULL);
    CHECK_INT(nobody.status, 401);
    query_stop();
}

static int case_status(int i, const char *token)
{
    char path[128];
    snprintf(path, sizeof(path), "/cases/%s", sample_id(i));
    scoped_response r = get(path, token, NULL);
    if (r.status == 200)
        CHECK(has(&r, "\"history\":[") && has(&r, "a note") && has(&r, "\"version\":2"));
    return r.status;
}

TEST(a_case_is_for_its_agency)
{
    query_start(1, 1 << 20);
    add_reports();
    CHECK_INT(case_status(ANONYMOUS_ISSUE, bearer("officer1", OFFICER, "AGENCY_INFRA")), 200);
    CHECK_INT(case_status(WITHDRAWN_ISSUE, bearer("officer1", OFFICER, "AGENCY_INFRA")), 200);
    CHECK_INT(case_status(PUBLIC_CRIME, bearer("officer1", OFFICER, "AGENCY_INFRA")), 404);
    CHECK_INT(case_status(PUBLIC_CRIME, bearer("admin1", ADMIN, NULL)), 200);
    CHECK_INT(case_status(PUBLIC_ISSUE, bearer("citizen1", CITIZEN, NULL)), 403);
    CHECK_INT(case_status(PUBLIC_ISSUE, NULL), 401);
    CHECK_INT(case_status(999, bearer("admin1", ADMIN, NULL)), 404);
    query_stop();
}

TEST(saved_filters_are_their_owners_alone)
{
    query_start(1, 1 << 20);
    views_sql("INSERT INTO case_filters.case_filters VALUES "
              "('%s', 'mine', 3, '{\"status\": \"RECEIVED\"}', '2026-01-02 12:00:00+00')",
              user_id("officer1"));
    const char *owner = bearer("officer1", OFFICER, "AGENCY_INFRA");
    const char *others[] = {bearer("officer2", OFFICER, "AGENCY_INFRA"),
                            bearer("supervisor1", SUPERVISOR, "AGENCY_INFRA"),
                            bearer("admin1", ADMIN, NULL)};
    scoped_response list = get("/cases/filters", owner, NULL);
    CHECK(list.status == 200 &&
          has(&list, "{\"name\":\"mine\",\"filter\":{\"status\": \"RECEIVED\"},"));
    scoped_response one = get("/cases/filters/mine", owner, NULL);
    CHECK(one.status == 200 && has(&one, "\"saved_at\":\"2026-01-02T12:00:00.000000Z\""));
    scoped_response malformed = get("/cases/filters/Mine", owner, NULL);
    CHECK(refused(&malformed, NO_SUCH_FILTER));
    for (int i = 0; i < 3; i++) {
        scoped_response empty = get("/cases/filters", others[i], NULL);
        scoped_response missing = get("/cases/filters/mine", others[i], NULL);
        CHECK(empty.status == 200 && !has(&empty, "mine"));
        CHECK(refused(&missing, NO_SUCH_FILTER));
    }
    scoped_response citizen = get("/cases/filters", bearer("citizen1", CITIZEN, NULL), NULL);
    CHECK_INT(citizen.status, 403);
    query_stop();
}

/* Who the followers are is shown to nobody. */
TEST(a_report_shows_how_many_follow_it_and_whether_who_asks_does)
{
    static const struct {
        const char *who;
        int report;
        bool follows;
    } rows[] = {{NULL, PUBLIC_ISSUE, false},
                {"citizen1", PUBLIC_ISSUE, false},
                {"citizen2", PUBLIC_ISSUE, true},
                {"citizen1", ANONYMOUS_ISSUE, true},
                {"citizen1", PRIVATE_ISSUE, false}};
    query_start(1, 1 << 20);
    add_reports();
    views_sql("INSERT INTO report_follow.report_follows VALUES ('%s', '%s'), ('%s', '%s'); "
              "INSERT INTO report_follow.report_followers VALUES ('%s', 7), ('%s', 7)",
              sample_id(PUBLIC_ISSUE), user_id("citizen2"), sample_id(ANONYMOUS_ISSUE),
              pseudonym_for("citizen1"), sample_id(PUBLIC_ISSUE), sample_id(ANONYMOUS_ISSUE));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "/reports/%s", sample_id(rows[i].report));
        scoped_response r =
            get(path, rows[i].who ? bearer(rows[i].who, CITIZEN, NULL) : NULL, NULL);
        CHECK(has(&r, rows[i].follows ? "\"following\":true" : "\"following\":false"));
        CHECK(has(&r, rows[i].report == PRIVATE_ISSUE ? "\"follower_count\":0"
                                                      : "\"follower_count\":7"));
        CHECK(!has(&r, user_id("citizen2")) && !has(&r, pseudonym_for("citizen1")));
    }
    scoped_response feed = get("/reports/public", NULL, NULL);
    CHECK_INT(occurrences(&feed, "\"follower_count\":7"), 1);
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    scoped_response inbox = get("/cases/inbox", officer, NULL);
    CHECK_INT(occurrences(&inbox, "\"follower_count\":7"), 2);
    char path[128];
    snprintf(path, sizeof(path), "/cases/%s", sample_id(ANONYMOUS_ISSUE));
    scoped_response one = get(path, officer, NULL);
    CHECK(has(&one, "\"follower_count\":7") && !has(&one, pseudonym_for("citizen1")));
    query_stop();
}

TEST(only_active_categories_are_listed)
{
    query_start(1, 1 << 20);
    add_reports();
    scoped_response r = get("/categories", NULL, NULL);
    CHECK_INT(r.status, 200);
    CHECK_INT(occurrences(&r, "\"code\""), 2);
    CHECK(has(&r, "\"kind\":\"crime\"") && has(&r, "\"names\":{\"id\": \"Kebersihan\"}"));
    CHECK(!has(&r, "lama"));
    scoped_response all = get("/categories?all=true", NULL, NULL);
    CHECK_INT(occurrences(&all, "\"code\""), 3);
    CHECK_INT(occurrences(&all, "\"active\":true"), 2);
    CHECK(has(&all, "\"code\":\"lama\",\"version\":") && has(&all, "\"active\":false"));
    query_stop();
}

TEST(a_category_and_an_agency_are_shown_with_their_version_active_or_not)
{
    query_start(1, 1 << 20);
    views_sql("INSERT INTO category_list.category_list VALUES "
              "('old', 1, '{\"id\": \"Lama\"}', 'A', 'issue', false, false, 7)");
    views_sql("INSERT INTO agency_list.agency_list VALUES "
              "('AGENCY_OLD', 2, '{\"id\": \"Lama\"}', 'CITY', false, 5)");
    static const char *const items[][3] = {{"/categories/old", "\"7-", "\"version\":7,"},
                                           {"/agencies/AGENCY_OLD", "\"5-", "\"version\":5,"}};
    static const char *const missing[] = {"/categories/nowhere", "/categories/OLD", "/agencies/old",
                                          "/agencies/NOWHERE"};
    for (int i = 0; i < 2; i++) {
        char tag[64];
        scoped_response r = get(items[i][0], NULL, NULL);
        CHECK_INT(r.status, 200);
        CHECK(has(&r, items[i][2]) && has(&r, "\"active\":false"));
        CHECK(text_starts(header(&r, "ETag", tag, sizeof(tag)), items[i][1]));
    }
    for (int i = 0; i < 4; i++) {
        scoped_response r = get(missing[i], NULL, NULL);
        CHECK_INT(r.status, 404);
    }
    query_stop();
}

TEST(all_agencies_are_listed_also_inactive_ones)
{
    query_start(1, 1 << 20);
    views_sql("INSERT INTO agency_list.agency_list VALUES "
              "('CITY', 1, '{\"id\": \"Kota\"}', NULL, true, 1), "
              "('AGENCY_OLD', 2, '{\"id\": \"Lama\"}', 'CITY', false, 4)");
    scoped_response r = get("/agencies", NULL, NULL);
    CHECK_INT(r.status, 200);
    CHECK(has(&r, "{\"code\":\"AGENCY_OLD\",\"version\":4,\"name\":\"Lama\",\"names\":{\"id\": "
                  "\"Lama\"},\"parent\":\"CITY\","
                  "\"active\":false}"));
    CHECK(has(&r, "\"code\":\"CITY\",\"version\":1,\"name\":\"Kota\",\"names\":{\"id\": "
                  "\"Kota\"},\"parent\":null,\"active\":true"));
    query_stop();
}

/* Where the answer would differ a bad token is refused; where it depends on nobody it is ignored.
 */
TEST(a_bad_token_is_refused_where_a_good_one_would_matter)
{
    query_start(1, 1 << 20);
    add_reports();
    static const char *const same_for_all[] = {"/reports/public", "/categories", "/openapi.json",
                                               "/schemas",        "/",           "/problems"};
    static const char *const bad[] = {"Bearer a.b.c", "Bearer", "Basic eDp5", ""};
    char own[2][128];
    snprintf(own[0], sizeof(own[0]), "/reports/%s", sample_id(PUBLIC_ISSUE));
    snprintf(own[1], sizeof(own[1]), "/reports/%s/history", sample_id(PUBLIC_ISSUE));
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < 6; i++) {
            scoped_response ignored = get(same_for_all[i], bad[k], NULL);
            CHECK_INT(ignored.status, 200);
        }
        for (int i = 0; i < 2; i++) {
            scoped_response refused = get(own[i], bad[k], NULL);
            CHECK_INT(refused.status, 401);
        }
        scoped_response mine = get("/reports/me", bad[k], NULL);
        CHECK_INT(mine.status, 401);
    }
    query_stop();
}
