/* sight_queries_test.c -- each read of a report, by every onlooker, of every visibility, kind and
 * status, through the real service: one report, its history, feed, "mine", inbox and case. What the
 * agency keeps for itself is in its case alone. */
#include "tests/query-api/fixture.h"
#include "tests/support/sight_cases.h"

enum { SAMPLES = VISIBILITY_COUNT * FILED_KINDS * STATUS_COUNT };

#define INSIDE "kept inside" /* notes of the agency, and why it holds the case */

static void each(int i, int *visibility, int *kind, int *status)
{
    *visibility = i % VISIBILITY_COUNT;
    *kind = i / VISIBILITY_COUNT % FILED_KINDS;
    *status = i / VISIBILITY_COUNT / FILED_KINDS;
}

/* The category of a report of a crime is one of issues by now, and the other way round. */
static void add_reports(void)
{
    views_sql("INSERT INTO category_list.category_list VALUES "
              "('was-crime', 1, '{\"en\": \"a\"}', '" LATER "', 'issue', true, true), "
              "('was-issue', 2, '{\"en\": \"b\"}', '" LATER "', 'crime', true, true)");
    for (int i = 0; i < SAMPLES; i++) {
        int visibility, kind, status;
        each(i, &visibility, &kind, &status);
        SAMPLE(.id = sample_id(i + 1), .position = (i + 1) * 10, .version = 2, .user = "author",
               .visibility = visibility_words[visibility], .kind = filed_kinds[kind],
               .category = kind == 0 ? "was-crime" : "was-issue", .agency = OWNER, .former = FORMER,
               .status = status_words[status], .note = "a note", .said = "a word");
        CLOCK(.id = sample_id(i + 1), .standing = "running", .seconds = 60);
    }
    views_sql("INSERT INTO case_file.case_notes SELECT gen_random_uuid(), report_id, position, "
              "'what is " INSIDE "', NULL, now() FROM report_detail.report_detail; "
              "INSERT INTO case_file.case_holds SELECT report_id, 'why it is " INSIDE "', NULL, "
              "now() FROM report_detail.report_detail");
    send_to_all(SENT);
    add_clock_states(true);
    move_lane(SAMPLES * 10 + 10);
}

static void fail(const struct onlooker *o, const char *path, int i, int status)
{
    int visibility, kind, at;
    char what[256], got[32];
    each(i, &visibility, &kind, &at);
    snprintf(what, sizeof(what), "%s: %s %s, %s, %s", o->name, path, visibility_words[visibility],
             filed_kinds[kind] ? filed_kinds[kind] : "no kind", status_words[at]);
    snprintf(got, sizeof(got), "%d", status);
    test_fail(__FILE__, __LINE__, what, got, NULL);
}

static void check_one(const struct onlooker *o, const char *token, int i)
{
    int visibility, kind, status;
    char path[128];
    each(i, &visibility, &kind, &status);
    char sees = seen_by(o, visibility, kind, status);
    for (int history = 0; history < 2; history++) {
        snprintf(path, sizeof(path), "/reports/%s%s", sample_id(i + 1), history ? "/history" : "");
        scoped_response r = get(path, token, NULL);
        bool all = sees == 'a';
        if (r.status != (sees == '-' ? 404 : 200) || has(&r, "a note") != all ||
            has(&r, "a word") != all || has(&r, "an assignee") || has(&r, INSIDE) ||
            has(&r, "a level") != (history && (o->has_case || o->reads_case)))
            fail(o, path, i, r.status);
    }
    snprintf(path, sizeof(path), "/sla/status?report=%s", sample_id(i + 1));
    scoped_response clock = get(path, token, NULL);
    if (clock.status != 200 || has(&clock, sample_id(i + 1)) != (sees != '-'))
        fail(o, path, i, clock.status);
    snprintf(path, sizeof(path), "/cases/%s", sample_id(i + 1));
    scoped_response r = get(path, token, NULL);
    int expected = o->role == ANYONE                                  ? 401
                   : !(o->role & (int)(OFFICER | SUPERVISOR | ADMIN)) ? 403
                   : o->has_case || o->reads_case                     ? 200
                                                                      : 404;
    if (r.status != expected || occurrences(&r, INSIDE) != (expected == 200 ? 2 : 0) ||
        has(&r, "a level") != (expected == 200))
        fail(o, path, i, r.status);
    snprintf(path, sizeof(path), "/sla/%s/explain", sample_id(i + 1));
    scoped_response clocks = get(path, token, NULL);
    if (clocks.status != expected || has(&clocks, "on hold") != (expected == 200))
        fail(o, path, i, clocks.status);
}

static bool in_inbox(const struct onlooker *o, int i)
{
    (void)i;
    return o->has_case;
}

static void check_list(const struct onlooker *o, const char *token, const char *path, int refused,
                       bool (*lists)(const struct onlooker *o, int i))
{
    scoped_response r = get(path, token, NULL);
    int holds = 0; /* of the cases of the own agency, and of nothing else */
    for (int i = 0; !refused && lists == in_inbox && i < SAMPLES; i++)
        holds += in_inbox(o, i);
    if (r.status != (refused ? refused : 200) || occurrences(&r, INSIDE) != holds)
        fail(o, path, 0, r.status);
    for (int i = 0; !refused && i < SAMPLES; i++)
        if (has(&r, sample_id(i + 1)) != lists(o, i))
            fail(o, path, i, r.status);
}

static bool in_feed(const struct onlooker *o, int i)
{
    int visibility, kind, status;
    (void)o;
    each(i, &visibility, &kind, &status);
    return seen_by(&onlookers[0], visibility, kind, status) == 'p';
}

static bool in_mine(const struct onlooker *o, int i)
{
    (void)i;
    return o->author;
}

static bool in_clocks(const struct onlooker *o, int i)
{
    return in_feed(o, i) || o->has_case;
}

TEST(every_read_shows_a_report_to_those_who_may_see_it_and_to_nobody_else)
{
    query_start(2, 1 << 20);
    add_reports();
    for (int n = 0; n < ONLOOKERS; n++) {
        const struct onlooker *o = &onlookers[n];
        bool officer = o->role & (int)(OFFICER | SUPERVISOR | ADMIN);
        int login = o->role == ANYONE ? 401 : 0;
        const char *token =
            login ? NULL : bearer(o->author ? "author" : o->name, o->role, o->agency);
        for (int i = 0; i < SAMPLES; i++)
            check_one(o, token, i);
        check_list(o, token, "/reports/public?limit=200", 0, in_feed);
        check_list(o, token, "/reports/public?limit=200&sort=votes", 0, in_feed);
        check_list(o, token, "/sla/status?limit=200", 0, in_clocks);
        check_list(o, token, "/reports/me?limit=200", login, in_mine);
        check_list(o, token, "/cases/inbox?limit=200", login ? 401 : officer ? 0 : 403, in_inbox);
    }
    query_stop();
}
