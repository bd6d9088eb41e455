/* merged_test.c -- a report that is merged into another one is in no list but its author's, and
 * each of the two shows the other. */
#include "tests/query-api/fixture.h"

enum { KEPT = 1, MERGED_ONE, FREE };

static void set_merged(const char *value)
{
    for (int i = 0; i < 4; i++)
        views_sql("UPDATE %s SET merged_into = %s WHERE report_id = '%s'",
                  (const char *const[]){"report_list.report_list", "report_detail.report_detail",
                                        "case_inbox.case_inbox", "report_rank.report_rank"}[i],
                  value, sample_id(MERGED_ONE));
    views_sql("UPDATE case_inbox.case_inbox SET position = NULL WHERE report_id = '%s'",
              sample_id(MERGED_ONE));
}

static void check_lists(const char *token, const char *path, bool lists_merged)
{
    scoped_response r = get(path, token, NULL);
    CHECK_INT(r.status, 200);
    if (has(&r, sample_id(MERGED_ONE)) != lists_merged || !has(&r, sample_id(KEPT)))
        test_fail(__FILE__, __LINE__, path, r.body, NULL);
}

TEST(a_merged_report_is_in_no_list_but_its_authors)
{
    char target[128], path[128];
    query_start(1, 1 << 20);
    for (int i = KEPT; i <= FREE; i++)
        SAMPLE(.id = sample_id(i), .position = i, .votes = i,
               .content = "the street lamp at the gate");
    snprintf(target, sizeof(target), "'%s'", sample_id(KEPT));
    set_merged(target);
    move_lane(10);
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    static const char *const lists[] = {
        "/reports/public",
        "/reports/public?category=kebersihan",
        "/reports/public?status=RECEIVED&category=kebersihan",
        "/reports/public?sort=votes",
        "/reports/public?sort=votes&status=RECEIVED",
        "/reports/similar?content=the+street+lamp+at+the+gate",
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        check_lists(NULL, lists[i], false);
    check_lists(officer, "/cases/inbox", false);
    check_lists(officer, "/cases/inbox?status=RECEIVED", false);
    check_lists(bearer("admin1", ADMIN, NULL), "/cases/inbox", false);
    check_lists(bearer("citizen1", CITIZEN, NULL), "/reports/me", true);

    for (int i = KEPT; i <= FREE; i++)
        for (int as_case = 0; as_case < 2; as_case++) {
            char shows[128];
            snprintf(path, sizeof(path), "/%s/%s", as_case ? "cases" : "reports", sample_id(i));
            scoped_response r = get(path, as_case ? officer : NULL, NULL);
            snprintf(shows, sizeof(shows), "\"merged_into\":\"%s\"", sample_id(KEPT));
            CHECK(has(&r, shows) == (i == MERGED_ONE));
            snprintf(shows, sizeof(shows), "\"merged\":[\"%s\"]", sample_id(MERGED_ONE));
            CHECK(has(&r, shows) == (i == KEPT));
            CHECK(has(&r, "\"merged\":[]") == (i != KEPT));
        }
    query_stop();
}
