/* merged_test.c -- a report that is merged into another one is in no list but its author's, and
 * each of the two shows the other to whom may see it; an item shows the newest of what grows. */
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
        "/reports/similar?latitude=1.5&longitude=2.5&content=the+street+lamp+at+the+gate",
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        check_lists(NULL, lists[i], false);
    static const char *const inboxes[] = {
        "/cases/inbox",
        "/cases/inbox?status=RECEIVED",
        "/cases/inbox?sort=oldest",
        "/cases/inbox?sort=priority",
        "/cases/inbox?sort=touched",
        "/cases/inbox?assignee=none",
        "/cases/inbox?q=lamp",
        "/cases/inbox?q=lamp&sort=touched&category=kebersihan",
    };
    for (size_t i = 0; i < sizeof(inboxes) / sizeof(inboxes[0]); i++)
        check_lists(officer, inboxes[i], false);
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

/* Whatever of MERGED_ONE and KEPT the path shows, it names the other one or does not. */
static void check_named(const char *path, int of, const char *token, bool named)
{
    char full[128];
    snprintf(full, sizeof(full), path, sample_id(of));
    scoped_response r = get(full, token, NULL);
    if (r.status != 200 || has(&r, sample_id(of == KEPT ? MERGED_ONE : KEPT)) != named)
        test_fail(__FILE__, __LINE__, full, r.body, NULL);
}

static void add_merge(const char *visibility, const char *status)
{
    char target[128];
    SAMPLE(.id = sample_id(KEPT), .position = KEPT, .visibility = visibility, .user = "citizen2",
           .status = status);
    SAMPLE(.id = sample_id(MERGED_ONE), .position = MERGED_ONE, .visibility = visibility,
           .former = "AGENCY_ROADS");
    snprintf(target, sizeof(target), "'%s'", sample_id(KEPT));
    set_merged(target);
    for (int i = KEPT; i <= MERGED_ONE; i++)
        views_sql("INSERT INTO report_history.report_history (report_id, version, position, type, "
                  "at, facts) VALUES ('%s', 2, 3, 'report.merged', now(), jsonb_build_object("
                  "'merged_report_id', '%s', 'into_report_id', '%s'))",
                  sample_id(i), sample_id(MERGED_ONE), sample_id(KEPT));
    move_lane(10);
}

TEST(a_merged_report_names_the_other_one_only_to_whom_may_see_it)
{
    query_start(1, 1 << 20);
    add_merge("PRIVATE", "RECEIVED");
    const char *author = bearer("citizen1", CITIZEN, NULL);
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    const char *former = bearer("officer5", OFFICER, "AGENCY_ROADS");
    static const char *const shown[] = {"/reports/%s", "/reports/%s/history", "/cases/%s"};
    for (int i = 0; i < 3; i++) {
        if (i < 2) {
            check_named(shown[i], MERGED_ONE, author, false);
            check_named(shown[i], KEPT, bearer("citizen2", CITIZEN, NULL), false);
        }
        check_named(shown[i], MERGED_ONE, former, false);
        check_named(shown[i], MERGED_ONE, officer, true);
        check_named(shown[i], KEPT, officer, true);
    }
    scoped_response mine = get("/reports/me", author, NULL);
    CHECK(has(&mine, sample_id(MERGED_ONE)) && !has(&mine, sample_id(KEPT)));
    query_stop();
}

TEST(a_public_report_does_not_name_a_withdrawn_one)
{
    query_start(1, 1 << 20);
    add_merge("PUBLIC", "WITHDRAWN");
    check_named("/reports/%s", MERGED_ONE, NULL, false);
    check_named("/reports/%s/history", MERGED_ONE, NULL, false);
    query_stop();
}

static void check_newest(const char *path, const char *token, const char *older, int comments)
{
    char full[128], flag[64];
    snprintf(full, sizeof(full), path, sample_id(1));
    scoped_response r = get(full, token, NULL);
    snprintf(flag, sizeof(flag), "\"older_comments\":%s", older);
    CHECK(has(&r, flag) && has(&r, "comment 2.") && has(&r, "comment 100."));
    CHECK_INT(has(&r, "comment 1."), comments == 100);
    CHECK_INT(occurrences(&r, "\"comment_id\""), 100);
    CHECK(strstr(r.body, "comment 99.") < strstr(r.body, "comment 100."));
    if (has(&r, "\"history\"")) {
        snprintf(flag, sizeof(flag), "\"older_history\":%s", older);
        CHECK(has(&r, flag));
        CHECK_INT(occurrences(&r, "report.priority.changed") + occurrences(&r, "report.created"),
                  100);
    }
}

TEST(an_item_shows_the_newest_of_what_grows_and_says_that_there_is_more)
{
    query_start(1, 1 << 20);
    SAMPLE(.id = sample_id(1), .position = 1);
    const char *author = bearer("citizen1", CITIZEN, NULL);
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    for (int count = 100; count <= 101; count++) {
        views_sql(
            "INSERT INTO report_conversation.report_comments (comment_id, report_id, "
            "position, commented_by, comment, commented_at) SELECT gen_random_uuid(), '%s', n, "
            "'author', 'comment ' || n || '.', now() FROM generate_series(%d, %d) n",
            sample_id(1), count == 100 ? 1 : count, count);
        views_sql("INSERT INTO report_history.report_history (report_id, version, position, type, "
                  "at, facts) SELECT '%s', n, n, 'report.priority.changed', now(), '{}' "
                  "FROM generate_series(%d, %d) n",
                  sample_id(1), count == 100 ? 2 : count, count);
        move_lane(count);
        CHECK(lane_seen(count));
        check_newest("/reports/%s", author, count == 100 ? "false" : "true", count);
        check_newest("/cases/%s", officer, count == 100 ? "false" : "true", count);
    }
    query_stop();
}
