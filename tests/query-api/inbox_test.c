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
