/* track_test.c -- where a patrol was: in order, in pages, between two times, and for whom. */
#include "tests/query-api/fixture.h"

enum { PATROL_ID = 11, OTHER_ID = 12 };

static const int64_t LEAST = INT64_MIN, GREATEST = INT64_MAX;

/* `second` of 2026-02-03T04:05; latitude tells fixes apart: it is `n`. */
static void fix(int patrol, double second, int64_t digest, int n)
{
    views_sql("INSERT INTO positions.track (unit, at, digest, latitude, longitude, accuracy_m) "
              "VALUES ('%s', timestamptz '2026-02-03T04:05:00Z' + %f * interval '1 s', '%lld', "
              "%d, 2.5, 4.5)",
              sample_id(patrol), second, (long long)digest, n);
}

static void begin(void)
{
    query_start(1, 1 << 20);
    for (int n = PATROL_ID; n <= OTHER_ID; n++)
        views_sql("INSERT INTO patrol_list.patrol_list (patrol_id, position, call_sign, agency, "
                  "skills) VALUES ('%s', %d, 'Unit', 'A', '[]')",
                  sample_id(n), n);
    views_sql("INSERT INTO patrol_list.patrol_crew VALUES ('%s', '%s', now())", user_id("patrol1"),
              sample_id(PATROL_ID));
    move_lane(3);
    CHECK(lane_seen(3));
}

static struct response ask(const char *more, const char *who)
{
    scoped_arena a = {0};
    return get(arena_printf(&a, "/patrols/%s/track%s", sample_id(PATROL_ID), more), who, NULL);
}

/* The fixes of a page, by their latitudes: "1 2 3". */
static const char *shown(const struct response *r, struct text *out)
{
    static const char MEMBER[] = "\"latitude\" : ";
    text_clear(out);
    for (const char *at = r->body; (at = strstr(at, MEMBER));) {
        at += sizeof(MEMBER) - 1;
        text_printf(out, "%s%.*s", out->length ? " " : "", (int)strcspn(at, ",}"), at);
    }
    return text_value(out);
}

static void shows(const char *more, const char *expected)
{
    scoped_text found = {0};
    scoped_response r = ask(more, bearer("dispatcher1", DISPATCHER, NULL));
    CHECK_INT(r.status, 200);
    CHECK_TEXT(shown(&r, &found), expected);
}

TEST(the_fixes_of_one_patrol_come_in_the_order_of_their_times)
{
    begin();
    fix(PATROL_ID, 3, 5, 3);
    fix(PATROL_ID, 1, 7, 1);
    fix(PATROL_ID, 2, -7, 2);
    fix(OTHER_ID, 2, 1, 9);
    shows("", "1 2 3");
    scoped_response r = ask("", bearer("dispatcher1", DISPATCHER, NULL));
    CHECK(has(&r, "{\"recorded_at\" : \"2026-02-03T04:05:01.000000Z\", \"latitude\" : 1, "
                  "\"longitude\" : 2.5, \"accuracy_m\" : 4.5, \"speed_mps\" : null, "
                  "\"heading_deg\" : null}"));
    CHECK(has(&r, "\"next\":null"));
    query_stop();
}

TEST(pages_lose_and_repeat_no_fix_of_one_moment)
{
    static const int64_t digests[] = {LEAST, LEAST + 1, -4294967297, -4294967296, -1,
                                      0,     1,         4294967295,  4294967296,  GREATEST};
    scoped_text all = {0}, page = {0};
    char cursor[128] = "";
    begin();
    for (int i = 0; i < 10; i++)
        fix(PATROL_ID, 1, digests[i], i);
    fix(PATROL_ID, 2, LEAST, 10);
    for (int pages = 0; pages < 12; pages++) {
        scoped_arena a = {0};
        scoped_response r = ask(arena_printf(&a, "?limit=1%s%s", *cursor ? "&cursor=" : "", cursor),
                                bearer("patrol1", PATROL, NULL));
        text_printf(&all, "%s ", shown(&r, &page));
        if (!member(&r, "next", cursor, sizeof(cursor)))
            break;
    }
    CHECK_TEXT(text_value(&all), "0 1 2 3 4 5 6 7 8 9 10  ");
    query_stop();
}

TEST(from_is_in_it_and_to_is_not)
{
    begin();
    fix(PATROL_ID, 1, LEAST, 1);
    fix(PATROL_ID, 1.000001, GREATEST, 2);
    fix(PATROL_ID, 2, LEAST, 3);
    fix(PATROL_ID, 2, GREATEST, 4);
    fix(PATROL_ID, 3, 0, 5);
    shows("?from=2026-02-03T04:05:02Z", "3 4 5");
    shows("?from=2026-02-03T11:05:02%2B07:00&to=2026-02-03t04:05:03z", "3 4");
    shows("?to=2026-02-03T04:05:01.000001Z", "1");
    shows("?from=2026-02-03T04:05:02Z&to=2026-02-03T04:05:02Z", "");
    shows("?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", "1 2 3 4 5");
    char cursor[128], path[256];
    scoped_response r =
        ask("?from=2026-02-03T04:05:01.000001Z&limit=2", bearer("admin1", ADMIN, NULL));
    CHECK(member(&r, "next", cursor, sizeof(cursor)));
    snprintf(path, sizeof(path), "?from=2026-02-03T06:05:01.000001%%2B02:00&cursor=%s", cursor);
    shows(path, "4 5");
    snprintf(path, sizeof(path), "?from=2026-02-03T04:05:01Z&cursor=%s", cursor);
    scoped_response other = ask(path, bearer("admin1", ADMIN, NULL));
    CHECK(refused(&other, BAD_CURSOR));
    query_stop();
}

TEST(a_time_that_is_none_is_named)
{
    static const struct {
        const char *query, *field;
    } rows[] = {{"?from=yesterday", "\"field\":\"from\""},
                {"?from=", "\"field\":\"from\""},
                {"?to=2026-02-30T00:00:00Z", "\"field\":\"to\""},
                {"?to=2026-02-03", "\"field\":\"to\""},
                {"?from=2026-02-03T04:05:06+07:00", "\"field\":\"from\""},
                {"?from=2026-02-03T04:05:06Z&to=2026-02-03T04:05:05Z", "\"field\":\"to\""},
                {"?from=2026-02-03T04:05:06.00000000000000000000000000000000000000000000000Z",
                 "\"field\":\"from\""}};
    begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scoped_response r = ask(rows[i].query, bearer("admin1", ADMIN, NULL));
        if (!refused(&r, BAD_PARAMETER) || !has(&r, rows[i].field))
            test_fail(__FILE__, __LINE__, rows[i].query, r.body, rows[i].field);
    }
    query_stop();
}

TEST(only_those_who_see_where_it_is_see_where_it_was)
{
    static const struct {
        const char *who;
        enum role role;
        const char *agency;
        const struct problem *refused;
    } rows[] = {{"patrol1", PATROL, "A", NULL},
                {"patrol2", PATROL, "A", NO_SUCH_PATROL},
                {"dispatcher1", DISPATCHER, "B", NULL},
                {"supervisor1", SUPERVISOR, "A", NULL},
                {"supervisor2", SUPERVISOR, "B", NO_SUCH_PATROL},
                {"admin1", ADMIN, NULL, NULL},
                {"officer1", OFFICER, "A", WRONG_ROLE},
                {"citizen1", CITIZEN, NULL, WRONG_ROLE}};
    begin();
    fix(PATROL_ID, 1, 1, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scoped_response r = ask("", bearer(rows[i].who, rows[i].role, rows[i].agency));
        if (rows[i].refused ? !refused(&r, rows[i].refused) : r.status != 200)
            test_fail(__FILE__, __LINE__, rows[i].who, r.body, NULL);
    }
    query_stop();
}

TEST(a_patrol_that_was_nowhere_has_an_empty_track_and_no_patrol_none)
{
    begin();
    shows("", "");
    const char *admin = bearer("admin1", ADMIN, NULL);
    scoped_response none = get("/patrols/01900000-0000-7000-8000-000000000abc/track", admin, NULL);
    CHECK(refused(&none, NO_SUCH_PATROL));
    scoped_response malformed = get("/patrols/x/track", admin, NULL);
    CHECK(refused(&malformed, NO_SUCH_PATROL));
    query_stop();
}
