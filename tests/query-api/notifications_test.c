/* notifications_test.c -- who is told of what, through the real service: nothing of a report that
 * its reader may not see, and of an agency what is addressed to their role, since they have it. */
#include "tests/query-api/fixture.h"
#include "tests/support/sight_cases.h"

enum { SAMPLES = VISIBILITY_COUNT * FILED_KINDS * STATUS_COUNT };

static void each(int i, int *visibility, int *kind, int *status)
{
    *visibility = i % VISIBILITY_COUNT;
    *kind = i / VISIBILITY_COUNT % FILED_KINDS;
    *status = i / VISIBILITY_COUNT / FILED_KINDS;
}

/* A line about one event of the report. */
static void add_line(const char *report, int version, int64_t position, const char *type,
                     const char *word, const char *kind, const char *audience, bool whole)
{
    views_sql(
        "INSERT INTO notification_list.notifications VALUES ('%s-%d', '%s-%d', %lld, 1, '%s', "
        "'%s', '%s', '%s', '%s', %s, '" OWNER "', NULL, 'RESOLVED', NULL, now())",
        report, version, report, version, (long long)position, report, type, word, kind, audience,
        whole ? "true" : "false");
}

static void add_lines(const char *report, int64_t position)
{
    add_line(report, 2, position + 2, "report.status.updated", "", "status", "people", false);
    add_line(report, 3, position + 3, "report.commented", "agency", "comment", "people", true);
    add_line(report, 4, position + 4, "report.forwarded", "", "forwarded", "agency", true);
}

static void follow(const char *who, const char *report)
{
    views_sql("INSERT INTO notification_list.notification_follows VALUES ('%s', '%s', 1, 1, NULL)",
              who, report);
}

static const char *name_of(const struct onlooker *o)
{
    return o->author ? "author" : o->name;
}

/* All of them follow all reports, as if they had seen them once. */
static void add_told_reports(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        int visibility, kind, status;
        each(i, &visibility, &kind, &status);
        SAMPLE(.id = sample_id(i + 1), .position = (i + 1) * 10, .user = "author",
               .visibility = visibility_words[visibility], .kind = filed_kinds[kind],
               .agency = OWNER, .former = FORMER, .status = status_words[status]);
        add_lines(sample_id(i + 1), (i + 1) * 10);
        views_sql("INSERT INTO notification_list.notification_authors VALUES ('%s', '%s')",
                  visibility == ANONYMOUS ? pseudonym_for("author") : user_id("author"),
                  sample_id(i + 1));
        for (int n = 0; n < ONLOOKERS; n++)
            if (!onlookers[n].author)
                follow(user_id(onlookers[n].name), sample_id(i + 1));
    }
    send_to_all(SENT);
    move_lane(SAMPLES * 10 + 10);
}

static void check_told(const struct onlooker *o, const struct response *r, int i)
{
    int visibility, kind, status;
    each(i, &visibility, &kind, &status);
    char sees = seen_by(o, visibility, kind, status);
    bool works = o->role & (int)(OFFICER | SUPERVISOR) && o->agency && !strcmp(o->agency, OWNER);
    bool expected[] = {sees != '-', sees == 'a', works};
    for (int line = 0; line < 3; line++) {
        char id[64];
        snprintf(id, sizeof(id), "\"%s-%d\"", sample_id(i + 1), line + 2);
        if (has(r, id) != expected[line])
            test_fail(__FILE__, __LINE__, o->name, id, expected[line] ? "missing" : "shown");
    }
}

TEST(nobody_is_told_of_what_they_do_not_see)
{
    query_start(2, 1 << 20);
    add_told_reports();
    for (int n = 0; n < ONLOOKERS; n++) {
        const struct onlooker *o = &onlookers[n];
        const char *token = o->role == ANYONE ? NULL : bearer(name_of(o), o->role, o->agency);
        scoped_response r = get("/notifications/me?limit=200", token, NULL);
        CHECK_INT(r.status, token ? 200 : 401);
        for (int i = 0; token && i < SAMPLES; i++)
            check_told(o, &r, i);
    }
    query_stop();
}

/* ---- escalations ---- */

static void add_escalations(const char *audience, const char *agency, const char *user, int first,
                            int count)
{
    const char *who = user ? user : "";
    for (int i = 0; i < count; i++)
        views_sql("INSERT INTO notification_list.notification_events VALUES (%d, 'line %d', '%s', "
                  "'agency', 'escalated', '%s', '%s', nullif('%s', ''), 'resolve', 'due', now())",
                  first + i, first, sample_id(i + 1), audience, agency, who);
    views_sql("INSERT INTO notification_list.notifications SELECT line, 'e' || max(position), "
              "max(position), count(*), min(report_id::text)::uuid, 'report.escalated', 'agency', "
              "'escalated', audience, true, agency, user_id, level, clock, max(at) FROM "
              "notification_list.notification_events WHERE line = 'line %d' "
              "GROUP BY line, audience, agency, user_id, level, clock",
              first);
}

static void start_with_escalations(void)
{
    query_start(1, 1 << 20);
    views_sql("INSERT INTO agency_list.agency_list VALUES "
              "('" OWNER "', 1, '{\"en\": \"Works\", \"id\": \"Dinas\"}', '" LATER "', true, 1), "
              "('" LATER "', 2, '{\"en\": \"Health\"}', NULL, true, 1)");
    SAMPLE(.id = sample_id(1), .position = 10, .agency = OWNER, .visibility = "PRIVATE");
    SAMPLE(.id = sample_id(2), .position = 20, .agency = OWNER, .visibility = "PRIVATE");
    add_escalations("agency", OWNER, NULL, 101, 2);
    add_escalations("officers", OWNER, NULL, 111, 1);
    add_escalations("supervisors", OWNER, NULL, 121, 1);
    add_escalations("assignee", OWNER, user_id("officer1"), 131, 1);
    add_escalations("parent", OWNER, NULL, 141, 1);
    add_escalations("parent", LATER, NULL, 151, 1);
    move_lane(200);
}

/* Ids of the lines of escalations that they are told, newest first. */
static void check_ids(const char *who, enum role role, const char *agency, const char *expected)
{
    static const char *const all[] = {"e151", "e141", "e131", "e121", "e111", "e102", NULL};
    scoped_response r = get("/notifications/me", bearer(who, role, agency), NULL);
    char got[64] = "", quoted[16];
    for (int i = 0; all[i]; i++) {
        snprintf(quoted, sizeof(quoted), "\"%s\"", all[i]);
        if (has(&r, quoted))
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", all[i]);
    }
    if (!text_equal(got, expected))
        test_fail(__FILE__, __LINE__, who, got, expected);
}

TEST(an_escalation_reaches_its_address_and_nobody_else)
{
    start_with_escalations();
    check_ids("officer1", OFFICER, OWNER, "e131 e111 e102 ");
    check_ids("officer2", OFFICER, OWNER, "e111 e102 ");
    check_ids("supervisor1", SUPERVISOR, OWNER, "e121 e102 ");
    check_ids("supervisor2", SUPERVISOR, LATER, "e141 ");
    check_ids("admin1", ADMIN, NULL, "e151 ");
    check_ids("officer1", OFFICER, OTHER, ""); /* they have another agency by now */
    check_ids("officer3", OFFICER, NULL, "");
    check_ids("citizen1", CITIZEN, NULL, "");
    check_ids("patrol1", PATROL, OWNER, "");
    views_sql("INSERT INTO notification_list.notification_readers VALUES ('%s', 111, NULL)",
              user_id("officer2"));
    move_lane(201);
    CHECK(lane_seen(201));
    check_ids("officer2", OFFICER, OWNER, ""); /* an officer since then */
    query_stop();
}

TEST(several_escalations_are_one_line_that_lists_them)
{
    start_with_escalations();
    const char *officer = bearer("officer1", OFFICER, OWNER);
    scoped_response r = get("/notifications/me?kind=escalated", officer, NULL);
    CHECK(has(&r, "\"report_id\":null,\"kind\":\"escalated\",\"message\":\"2 reports of Works have "
                  "reached level due of their clock resolve\",\"count\":2"));
    CHECK(has(&r, "\"message\":\"A report of Works has reached level due of its clock resolve\""));
    scoped_response id = get("/notifications/me", officer, "Accept-Language: id\r\n");
    CHECK(has(&id, "2 laporan Dinas telah mencapai tingkat due"));
    scoped_response list = get("/notifications/e102/reports", officer, NULL);
    CHECK_INT(list.status, 200);
    CHECK(has(&list, sample_id(1)) && has(&list, sample_id(2)));
    scoped_response earlier = get("/notifications/e101/reports?limit=1", officer, NULL);
    CHECK(has(&earlier, sample_id(2)) && !has(&earlier, sample_id(1)) &&
          !has(&earlier, "\"next\":null"));
    const char *others[] = {bearer("supervisor2", SUPERVISOR, LATER),
                            bearer("officer4", OFFICER, OTHER), bearer("admin1", ADMIN, NULL)};
    for (int i = 0; i < 3; i++) {
        scoped_response none = get("/notifications/e102/reports", others[i], NULL);
        CHECK(refused(&none, NO_SUCH_NOTIFICATION));
    }
    scoped_response unknown = get("/notifications/x/reports", officer, NULL);
    CHECK(refused(&unknown, NO_SUCH_NOTIFICATION));
    query_stop();
}

/* A parent hears that there is something, not what it is. */
TEST(what_a_parent_is_told_names_no_report)
{
    start_with_escalations();
    const char *above = bearer("supervisor2", SUPERVISOR, LATER);
    scoped_response r = get("/notifications/me", above, NULL);
    CHECK(has(&r, "\"id\":\"e141\",\"report_id\":null") && !has(&r, sample_id(1)));
    scoped_response list = get("/notifications/e141/reports", above, NULL);
    CHECK_INT(list.status, 200);
    CHECK(has(&list, "\"data\" : []"));
    query_stop();
}

/* ---- reading ---- */

static void start_with_lines(void)
{
    query_start(1, 1 << 20);
    SAMPLE(.id = sample_id(1), .position = 10, .visibility = "ANONYMOUS");
    SAMPLE(.id = sample_id(2), .position = 20);
    views_sql(
        "INSERT INTO notification_list.notification_authors VALUES ('%s', '%s'), ('%s', '%s')",
        pseudonym_for("citizen1"), sample_id(1), user_id("citizen1"), sample_id(2));
    follow(user_id("citizen1"), sample_id(2));
    views_sql(
        "INSERT INTO notification_list.notification_follows VALUES ('%s', '%s', 1, 23, NULL), "
        "('%s', '%s', 1, 1, 23)",
        user_id("citizen2"), sample_id(2), user_id("citizen3"), sample_id(2));
    add_lines(sample_id(1), 10);
    add_lines(sample_id(2), 20);
    add_line(sample_id(2), 5, 25, "report.status.updated", "", "status", "people", false);
    move_lane(100);
}

static int lines(const char *path, const char *who, const char *unread)
{
    scoped_response r = get(path, bearer(who, CITIZEN, NULL), NULL);
    CHECK_INT(r.status, 200);
    if (!has(&r, unread))
        test_fail(__FILE__, __LINE__, path, unread, r.body);
    return occurrences(&r, "\"is_read\"");
}

TEST(an_author_hears_in_the_seeds_words_and_a_follower_while_they_follow)
{
    start_with_lines();
    scoped_response own = get("/notifications/me", bearer("citizen1", CITIZEN, NULL), NULL);
    CHECK_INT(occurrences(&own, "\"is_read\":false"), 5);
    CHECK_INT(occurrences(&own, "Your report status has been updated to: RESOLVED"), 3);
    CHECK(!has(&own, pseudonym_for("citizen1")));
    scoped_response id =
        get("/notifications/me", bearer("citizen1", CITIZEN, NULL), "Accept-Language: id\r\n");
    CHECK_INT(occurrences(&id, "Status laporan Anda telah diperbarui menjadi: Selesai"), 3);
    scoped_response later = get("/notifications/me", bearer("citizen2", CITIZEN, NULL), NULL);
    CHECK_INT(occurrences(&later, "\"is_read\""), 1);
    CHECK(has(&later, "-5\"") && has(&later, "The status of a report that you follow"));
    scoped_response before = get("/notifications/me", bearer("citizen3", CITIZEN, NULL), NULL);
    CHECK_INT(occurrences(&before, "\"is_read\""), 1);
    CHECK(has(&before, "-2\""));
    query_stop();
}

#define UNREAD(n) "\"unread_count\" : " #n ","

TEST(what_was_read_is_known_by_user_and_by_pseudonym)
{
    start_with_lines();
    CHECK_INT(lines("/notifications/me", "citizen1", UNREAD(5)), 5);
    CHECK_INT(lines("/notifications/me?kind=comment", "citizen1", UNREAD(5)), 2);
    views_sql(
        "INSERT INTO notification_list.notification_reads VALUES ('%s', '%s-2'), ('%s', '%s-3')",
        pseudonym_for("citizen1"), sample_id(1), user_id("citizen1"), sample_id(2));
    move_lane(101);
    CHECK(lane_seen(101));
    CHECK_INT(lines("/notifications/me?unread=true", "citizen1", UNREAD(3)), 3);
    CHECK_INT(lines("/notifications/me?unread=false", "citizen1", UNREAD(3)), 2);
    views_sql("INSERT INTO notification_list.notification_readers VALUES ('%s', 1, 24)",
              user_id("citizen1"));
    move_lane(102);
    CHECK(lane_seen(102));
    CHECK_INT(lines("/notifications/me?unread=true", "citizen1", UNREAD(1)), 1);
    CHECK_INT(lines("/notifications/me", "citizen2", UNREAD(1)), 1);
    query_stop();
}

TEST(pages_of_lines_follow_each_other)
{
    start_with_lines();
    char next[128] = "", path[256] = "/notifications/me?limit=2";
    int seen = 0;
    for (int page = 0; page < 5; page++) {
        scoped_response r = get(path, bearer("citizen1", CITIZEN, NULL), NULL);
        seen += occurrences(&r, "\"is_read\"");
        if (!member(&r, "next", next, sizeof(next)))
            break;
        snprintf(path, sizeof(path), "/notifications/me?limit=2&cursor=%s", next);
    }
    CHECK_INT(seen, 5);
    query_stop();
}
