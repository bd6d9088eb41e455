/* inbox_test.c -- what an officer is shown of the cases of their agency. */
#include "tests/query-api/fixture.h"

static bool shows(const char *path, const char *token, const char *part)
{
    scoped_response r = get(path, token, NULL);
    CHECK_INT(r.status, 200);
    return has(&r, part);
}

static void check_priority(int i, const char *expected)
{
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    char path[128], priority[64];
    snprintf(priority, sizeof(priority), "\"priority\":\"%s\"", expected);
    snprintf(path, sizeof(path), "/reports/%s", sample_id(i));
    CHECK(shows(path, NULL, priority));
    CHECK(shows(path, officer, priority));
    snprintf(path, sizeof(path), "/cases/%s", sample_id(i));
    CHECK(shows(path, officer, priority));
    snprintf(path, sizeof(path), "/cases/inbox?category=c%d", i);
    CHECK(shows(path, officer, priority));
}

TEST(votes_raise_a_priority_that_no_officer_has_set)
{
    static const struct {
        const char *set;
        int votes;
        const char *shown;
    } cases[] = {{NULL, 0, "medium"},     {NULL, 24, "medium"}, {NULL, 25, "high"},
                 {NULL, 1000, "high"},    {"low", 25, "low"},   {"medium", 25, "medium"},
                 {"urgent", 25, "urgent"}};
    enum { CASES = sizeof(cases) / sizeof(cases[0]) };
    query_start(1, 1 << 20);
    for (int i = 0; i < CASES; i++) {
        char category[8];
        snprintf(category, sizeof(category), "c%d", i);
        SAMPLE(.id = sample_id(i), .position = i + 1, .category = category, .votes = cases[i].votes,
               .priority = cases[i].set);
    }
    for (int i = 0; i < CASES; i++)
        check_priority(i, cases[i].shown);
    query_stop();
}

TEST(the_inbox_shows_a_hold_as_the_case_does)
{
    query_start(1, 1 << 20);
    SAMPLE(.id = sample_id(1), .position = 1, .category = "c1", .held = true);
    SAMPLE(.id = sample_id(2), .position = 2, .category = "c2");
    views_sql("INSERT INTO case_file.case_holds VALUES "
              "('%s', 'a part', NULL, '2026-01-02T12:00:00Z'), ('%s', NULL, NULL, NULL)",
              sample_id(1), sample_id(2));
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    static const char hold[] = "\"hold\":{\"reason\" : \"a part\", \"until\" : null, "
                               "\"since\" : \"2026-01-02T12:00:00.000000Z\"}";
    char path[128];
    snprintf(path, sizeof(path), "/cases/%s", sample_id(1));
    CHECK(shows(path, officer, hold));
    CHECK(shows("/cases/inbox?category=c1", officer, hold));
    CHECK(shows("/cases/inbox?on_hold=true", officer, hold));
    CHECK(shows("/cases/inbox?category=c2", officer, "\"hold\":null"));
    query_stop();
}

TEST(wrong_parameters_of_the_inbox_are_named)
{
    static const struct {
        const char *parameters, *field;
    } rows[] = {{"sort=votes", "sort"},
                {"sort=", "sort"},
                {"assignee=nobody", "assignee"},
                {"assignee=", "assignee"},
                {"priority=highest", "priority"},
                {"waiting=1", "waiting"},
                {"forwarded=yes", "forwarded"},
                {"on_hold=no", "on_hold"},
                {"q=a", "q"},
                {"q=%20%20", "q"},
                {"q=%ff%ff", "q"},
                {"q=ten%20letterten%20letterten%20letterten%20letterten%20letterten%20letterten%20"
                 "letterten%20letterten%20letterten%20letter1",
                 "q"}};
    query_start(1, 1 << 20);
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[256], field[64];
        snprintf(path, sizeof(path), "/cases/inbox?%s", rows[i].parameters);
        snprintf(field, sizeof(field), "\"field\":\"%s\"", rows[i].field);
        scoped_response r = get(path, officer, NULL);
        if (!refused(&r, BAD_PARAMETER) || !has(&r, field))
            test_fail(__FILE__, __LINE__, path, r.body, field);
    }
    query_stop();
}

TEST(a_cursor_of_the_inbox_belongs_to_its_sort_and_filters)
{
    static const char *const others[] = {"sort=oldest",
                                         "sort=priority&assignee=me",
                                         "sort=priority&priority=low",
                                         "sort=priority&waiting=false",
                                         "sort=priority&forwarded=false",
                                         "sort=priority&q=report"};
    query_start(1, 1 << 20);
    for (int i = 1; i <= 5; i++)
        SAMPLE(.id = sample_id(i), .position = i);
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    char cursor[128] = "", path[256];
    scoped_response first = get("/cases/inbox?sort=priority&limit=2", officer, NULL);
    CHECK(member(&first, "next", cursor, sizeof(cursor)) != NULL);
    snprintf(path, sizeof(path), "/cases/inbox?sort=priority&cursor=%s", cursor);
    CHECK(shows(path, officer, sample_id(1)));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(path, sizeof(path), "/cases/inbox?%s&cursor=%s", others[i], cursor);
        scoped_response r = get(path, officer, NULL);
        if (!refused(&r, BAD_CURSOR))
            test_fail(__FILE__, __LINE__, path, r.body, NULL);
    }
    query_stop();
}
