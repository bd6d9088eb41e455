/* recommendation_test.c -- which patrols are recommended for a report, in which order, and why the
 * others are not. */
#include "tests/query-api/fixture.h"

#include "platform/postgres/pipeline.h"
#include "platform/postgres/sessions.h"
#include "query-api/query.h"

#define PATH "/dispatch/recommendation?report_id="

static const char *asked;

static const char *dispatcher(const char *agency)
{
    return bearer("dispatcher1", DISPATCHER, agency);
}

/* `north` in metres of the report; `age` of its position in seconds. */
static void unit(int n, const char *agency, const char *status, const char *skills, int north,
                 int age)
{
    views_sql(
        "INSERT INTO patrol_list.patrol_list (patrol_id, position, call_sign, agency, skills, "
        "status, status_at) VALUES ('%s', %d, 'Unit %d', '%s', '%s', '%s', now())",
        sample_id(n), n, n, agency, skills, status);
    if (age >= 0)
        views_sql("INSERT INTO positions.unit_position (unit, fix, at, place, latitude, longitude, "
                  "received_at) SELECT '%s', '', now() - interval '%d s', "
                  "postgis.ST_SetSRID(postgis.ST_MakePoint(2.5, l), 4326), l, 2.5, now() FROM "
                  "(SELECT 1.5 + %d / 110600.0 AS l) p",
                  sample_id(n), age, north);
}

static void sent(int n, int report, int patrol, const char *status)
{
    views_sql("INSERT INTO dispatch_list.dispatch_list (dispatch_id, position, report_id, "
              "patrol_id, exclusive, status) VALUES ('%s', %d, '%s', '%s', true, '%s')",
              sample_id(n), n, sample_id(report), sample_id(patrol), status);
}

static void begin(void)
{
    query_start(1, 0);
    asked = sample_id(1);
    SAMPLE(.id = asked, .position = 1, .kind = "crime");
    SAMPLE(.id = sample_id(2), .position = 2, .kind = "issue", .visibility = "PRIVATE");
    SAMPLE(.id = sample_id(3), .position = 3, .location = "null");
    move_lane(3);
    CHECK(lane_seen(3));
}

static struct response recommend(const char *more, const char *who)
{
    scoped_arena a = {0};
    return get(arena_join(&a, PATH, asked, more), who, NULL);
}

static bool excluded(const struct response *r, int n, const char *reason)
{
    scoped_arena a = {0};
    const char *at = strstr(r->body, "\"exclusions\"");
    at = at ? strstr(at, sample_id(n)) : NULL;
    const char *why = arena_printf(&a, "\"reason\" : \"%s\"", reason);
    return at && strstr(at, why) && strstr(at, why) < at + strcspn(at, "}");
}

/* Its place in `data`, from 1; 0: it is not there. */
static int place_of(const struct response *r, int n)
{
    const char *end = strstr(r->body, "\"shortfall\""), *at = strstr(r->body, "\"data\"");
    const char *found = strstr(r->body, sample_id(n));
    int place = 1;
    if (!found || !end || found > end)
        return 0;
    while ((at = strstr(at + 1, "\"patrol_id\"")) && at + 15 < found)
        place++;
    return place;
}

TEST(the_nearest_first_and_of_as_many_minutes_the_one_that_has_rested_longest)
{
    begin();
    unit(11, "A", "available", "[]", 3000, 0);
    unit(12, "A", "available", "[]", 900, 3);
    unit(13, "A", "returning", "[]", 950, 0);
    views_sql("UPDATE patrol_list.patrol_list SET returned_at = now() - interval '1 h' WHERE "
              "patrol_id <> '%s'",
              sample_id(13));
    views_sql("UPDATE patrol_list.patrol_list SET returned_at = now() - interval '2 h' WHERE "
              "patrol_id = '%s'",
              sample_id(13));
    scoped_response r = recommend("", dispatcher("A"));
    CHECK_INT(r.status, 200);
    CHECK_INT(place_of(&r, 13), 1);
    CHECK_INT(place_of(&r, 12), 2);
    CHECK_INT(place_of(&r, 11), 3);
    CHECK(has(&r, "\"shortfall\" : 0"));
    CHECK(has(&r, "\"exclusions\" : []"));
    CHECK(has(&r, "\"rested_seconds\" : 7200"));
    CHECK(has(&r, "\"estimated_minutes\" : 6")); /* 3,000 m * 1.3 at 40 km/h: 351 s */
    query_stop();
}

TEST(every_one_that_is_excluded_has_its_reason)
{
    begin();
    unit(11, "A", "available", "[]", 100, 0);
    unit(12, "B", "available", "[]", 200, 0);
    unit(13, "A", "available", "[]", 300, 0);
    sent(31, 1, 13, "RESERVED");
    unit(14, "A", "assigned", "[]", 400, 0);
    sent(32, 2, 14, "OFFERED");
    sent(33, 2, 11, "CLEARED");
    unit(15, "A", "busy", "[]", 500, 0);
    unit(16, "A", "available", "[]", 600, 400);
    unit(17, "A", "available", "[]", 700, 80);
    unit(18, "A", "available", "[]", 60000, 0);
    unit(19, "A", "available", "[]", 0, -1);
    unit(20, "A", "off_duty", "[]", 0, -1);
    unit(21, "A", "available", "[]", 800, 0);
    views_sql("UPDATE patrol_list.patrol_list SET lost_at = now() WHERE patrol_id = '%s'",
              sample_id(21));
    scoped_response r = recommend("&n=5", dispatcher("A"));
    CHECK_INT(place_of(&r, 11), 1);
    CHECK(has(&r, "\"shortfall\" : 4"));
    CHECK(excluded(&r, 12, "other_agency"));
    CHECK(excluded(&r, 13, "sent_already"));
    CHECK(excluded(&r, 14, "taken"));
    CHECK(has(&r, sample_id(32)));
    CHECK(excluded(&r, 15, "not_available"));
    CHECK(excluded(&r, 16, "position_lost"));
    CHECK(excluded(&r, 17, "position_stale"));
    CHECK(excluded(&r, 18, "too_far"));
    CHECK(excluded(&r, 19, "no_fix"));
    CHECK(!has(&r, sample_id(20)));
    CHECK(excluded(&r, 21, "position_lost"));
    scoped_response all = recommend("&n=5", bearer("admin1", ADMIN, NULL));
    CHECK_INT(place_of(&all, 12), 2);
    query_stop();
}

TEST(skills_and_dispatches_beside_each_other_are_as_asked)
{
    begin();
    unit(11, "A", "available", "[\"k9\", \"medic\"]", 100, 0);
    unit(12, "A", "available", "[\"k9\"]", 200, 0);
    unit(13, "A", "assigned", "[]", 300, 0);
    sent(31, 2, 13, "ACCEPTED");
    views_sql("UPDATE dispatch_list.dispatch_list SET exclusive = false");
    scoped_response r = recommend("&skills=k9,%20medic", dispatcher("A"));
    CHECK_INT(place_of(&r, 11), 1);
    CHECK(excluded(&r, 12, "skill_missing"));
    CHECK(excluded(&r, 13, "taken"));
    scoped_response beside = recommend("&exclusive=false", dispatcher("A"));
    CHECK_INT(place_of(&beside, 13), 3);
    query_stop();
}

TEST(only_who_may_send_asks_and_only_of_what_they_see)
{
    begin();
    unit(11, "A", "available", "[]", 100, 0);
    scoped_response crew = recommend("", bearer("patrol1", PATROL, "A"));
    CHECK(refused(&crew, WRONG_ROLE));
    scoped_response none = get("/dispatch/recommendation", dispatcher("A"), NULL);
    CHECK(refused(&none, BAD_PARAMETER));
    asked = sample_id(2);
    scoped_response hidden = recommend("", dispatcher("A"));
    CHECK(refused(&hidden, NO_SUCH_REPORT));
    asked = sample_id(3);
    scoped_response nowhere = recommend("", dispatcher("A"));
    CHECK(has(&nowhere, "\"data\" : []"));
    CHECK(has(&nowhere, "\"location\" : null"));
    CHECK(has(&nowhere, "\"shortfall\" : 3"));
    query_stop();
}

static const struct query *recommendation(void)
{
    const struct query *q = query_service()->queries;
    while (!text_equal(q->route->file, "dispatch_recommendation"))
        q++;
    return q;
}

/* To plan it takes longer than to run it. */
TEST(its_plan_is_made_once_and_kept)
{
    begin();
    unit(11, "A", "available", "[]", 100, 0);
    const struct query *q = recommendation();
    struct pg *pg = pg_new(views_url(), "plans", reader_session, 60000);
    const char *values[] = {asked, "u", "p", "ADMIN", NULL, "3", NULL, NULL, "1"};
    scoped_rows *made = NULL;
    for (int i = 0; i < 3; i++) {
        scoped_rows *rows = NULL;
        CHECK_OK(pipeline_call_with(pg, &q->planner, &q->plain.statement, 9, values, &rows));
        CHECK(strstr(rows_text(rows, 0, COLUMN_BODY), sample_id(11)));
    }
    static const struct pg_statement PLANS = {
        "plans", "SELECT generic_plans, custom_plans FROM pg_prepared_statements "
                 "WHERE name = 'dispatch_recommendation'"};
    CHECK_OK(pg_call(pg, &PLANS, 0, NULL, &made));
    CHECK_INT(rows_int(made, 0, 0), 3);
    CHECK_INT(rows_int(made, 0, 1), 0);
    pg_free(pg);
    query_stop();
}
