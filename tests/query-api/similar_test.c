/* similar_test.c -- which reports may be the same thing as one that is filed or about to be: why,
 * in which order, and for whom. */
#include "tests/query-api/fixture.h"

enum { LAMP = 1, LAMP_AGAIN, BY_THE_LAMP, FAR_LAMP, WASTE, OLD_LAMP, WITHDRAWN_LAMP, HIDDEN = 10 };

#define PLACE(latitude, longitude) \
    "{\"latitude\": " #latitude ", \"longitude\": " #longitude ", \"street\": null}"
#define TEXT "The+street+lamp+at+the+school+gate+is+dark"

static void add(int n, const char *content, const char *location, const char *category,
                const char *status, int days)
{
    SAMPLE(.id = sample_id(n), .position = n, .content = content, .location = location,
           .category = category, .status = status);
    views_sql("UPDATE report_detail.report_detail SET created_at = now() - interval '%d days' - "
              "interval '1 minute' WHERE report_id = '%s'",
              days, sample_id(n));
}

static void add_reports(void)
{
    add(LAMP, "Street lamp at the school gate is dark!", PLACE(-6.2000, 106.8000), "lampu",
        "CLOSED", 3);
    add(LAMP_AGAIN, "THE STREET LAMP at the school gate is dark", PLACE(-6.2009, 106.8000), "lampu",
        "RECEIVED", 0);
    add(BY_THE_LAMP, "Rubbish everywhere", PLACE(-6.2000, 106.8036), "sampah", "RECEIVED", 89);
    add(FAR_LAMP, "The street lamp at the school gate is dark", "null", "lampu", "RECEIVED", 400);
    add(WASTE, "Rubbish is burned behind the market", PLACE(-6.2000, 106.8060), "sampah",
        "RECEIVED", 1);
    add(OLD_LAMP, "It flickers", PLACE(-6.2000, 106.8000), "lampu", "RECEIVED", 91);
    add(WITHDRAWN_LAMP, "The street lamp at the school gate is dark", PLACE(-6.2000, 106.8000),
        "lampu", "WITHDRAWN", 0);
    move_lane(100);
}

/* The list holds exactly these, in this order; ended by 0. */
static void check_list(struct response r, const int *expected, int line)
{
    const char *at = r.body;
    bool ok = r.status == 200;
    int count = 0;
    for (; expected[count] && ok; count++) {
        at = strstr(at, "\"report_id\":\"");
        ok = at && text_starts(at + 13, sample_id(expected[count]));
        at = ok ? at + 1 : r.body;
    }
    if (!ok || occurrences(&r, "\"report_id\"") != count)
        test_fail(__FILE__, line, "another list", r.body, NULL);
    response_release(&r);
}
#define CHECK_LIST(response, ...) check_list(response, (const int[]){__VA_ARGS__, 0}, __LINE__)

TEST(what_may_be_the_same_is_listed_with_the_reasons_and_the_likeliest_first)
{
    query_start(1, 1 << 20);
    add_reports();
    CHECK_LIST(get("/reports/similar?content=" TEXT "&latitude=-6.2&longitude=106.8&category=lampu",
                   NULL, NULL),
               LAMP, LAMP_AGAIN, FAR_LAMP, BY_THE_LAMP);
    scoped_response r = get("/reports/similar?content=" TEXT
                            "&latitude=-6.2&longitude=106.8&category=lampu&limit=2",
                            NULL, NULL);
    CHECK_INT(occurrences(&r, "\"report_id\""), 2);
    CHECK(has(&r, "\"reasons\":{\"distance_m\":0,\"same_category\":true,\"text\":1.00,"));
    CHECK(has(&r, "\"reasons\":{\"distance_m\":100,\"same_category\":true,\"text\":1.00,"
                  "\"age_days\":0}"));
    CHECK(has(&r, "\"age_days\":3}") && has(&r, "\"next\" : null"));
    CHECK(has(&r, "\"current_status\":\"CLOSED\"") && !has(&r, user_id("citizen1")));
    query_stop();
}

TEST(a_place_or_a_text_alone_is_enough)
{
    query_start(1, 1 << 20);
    add_reports();
    CHECK_LIST(get("/reports/similar?latitude=-6.2&longitude=106.8036", NULL, NULL), BY_THE_LAMP,
               WASTE, LAMP, LAMP_AGAIN);
    CHECK_LIST(get("/reports/similar?content=" TEXT, NULL, NULL), FAR_LAMP);
    scoped_response r = get("/reports/similar?content=" TEXT, NULL, NULL);
    CHECK(has(&r, "\"distance_m\":null,\"same_category\":false,\"text\":1.00"));
    scoped_response none = get("/reports/similar?content=zzz+zzz", NULL, NULL);
    CHECK(none.status == 200 && has(&none, "\"data\" : []"));
    query_stop();
}

TEST(what_is_like_a_report_is_asked_by_its_id)
{
    char path[128];
    query_start(1, 1 << 20);
    add_reports();
    snprintf(path, sizeof(path), "/reports/%s/similar", sample_id(LAMP_AGAIN));
    CHECK_LIST(get(path, NULL, NULL), LAMP, FAR_LAMP, BY_THE_LAMP);
    snprintf(path, sizeof(path), "/reports/%s/similar", sample_id(FAR_LAMP));
    scoped_response alone = get(path, NULL, NULL);
    CHECK(alone.status == 200 && has(&alone, "\"data\" : []")); /* others have a place */
    snprintf(path, sizeof(path), "/reports/%s/similar", sample_id(WITHDRAWN_LAMP));
    scoped_response r = get(path, NULL, NULL);
    CHECK(refused(&r, NO_SUCH_REPORT));
    query_stop();
}

TEST(parameters_that_make_no_question_are_refused_by_name)
{
    static const struct {
        const char *parameters, *field;
    } bad[] = {
        {"", "content"},
        {"?category=lampu", "content"},
        {"?content=ab", "content"},
        {"?latitude=1", "longitude"},
        {"?longitude=1&content=abc", "latitude"},
        {"?latitude=90.1&longitude=1", "latitude"},
        {"?latitude=1&longitude=-180.5", "longitude"},
        {"?latitude=nan&longitude=1", "latitude"},
        {"?latitude=1e1&longitude=1", "latitude"},
        {"?latitude=&longitude=1", "latitude"},
        {"?content=abc&limit=21", "limit"},
    };
    query_start(1, 1 << 20);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[128], field[64];
        snprintf(path, sizeof(path), "/reports/similar%s", bad[i].parameters);
        scoped_response r = get(path, NULL, NULL);
        if (!refused(&r, BAD_PARAMETER) ||
            !text_equal(member(&r, "field", field, 64), bad[i].field))
            test_fail(__FILE__, __LINE__, path, r.body, bad[i].field);
    }
    query_stop();
}

/* ---- who is shown what ---- */

static const struct {
    enum role role;
    const char *agency;
    bool sees;
} who_sees[] = {
    {ANYONE, NULL, false},
    {CITIZEN, NULL, false}, /* also the author: they have /reports/me */
    {DISPATCHER, "AGENCY_INFRA", false},
    {PATROL, "AGENCY_INFRA", false},
    {OFFICER, "AGENCY_INFRA", true},
    {SUPERVISOR, "AGENCY_INFRA", true},
    {OFFICER, "AGENCY_ROADS", true}, /* the former one */
    {OFFICER, "AGENCY_HEALTH", false},
    {OFFICER, NULL, false},
    {ADMIN, NULL, true},
};

TEST(a_hidden_report_is_shown_to_the_officers_of_its_agencies_alone)
{
    query_start(1, 1 << 20);
    for (int i = 0; i < 2; i++)
        SAMPLE(.id = sample_id(HIDDEN + i), .position = HIDDEN + i, .user = "author",
               .former = "AGENCY_ROADS", .visibility = i ? "ANONYMOUS" : "PRIVATE",
               .content = "The street lamp at the school gate is dark", .location = "null");
    move_lane(100);
    for (size_t i = 0; i < sizeof(who_sees) / sizeof(who_sees[0]); i++) {
        const char *name = role_name(who_sees[i].role);
        const char *token = who_sees[i].role == ANYONE
                                ? NULL
                                : bearer("author", who_sees[i].role, who_sees[i].agency);
        scoped_response r = get("/reports/similar?content=" TEXT, token, NULL);
        if (occurrences(&r, "\"report_id\"") != (who_sees[i].sees ? 2 : 0))
            test_fail(__FILE__, __LINE__, name, r.body, who_sees[i].agency);
        CHECK(!has(&r, user_id("author")) && !has(&r, pseudonym_for("author")));
    }
    query_stop();
}
