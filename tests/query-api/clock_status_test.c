/* clock_status_test.c -- how clocks stand when somebody asks: order, pages, filters, and the
 * moment. */
#include "tests/query-api/fixture.h"

static bool shows_status(const char *path, const char *token, const char *part)
{
    scoped_response r = get(path, token, NULL);
    CHECK_INT(r.status, 200);
    return has(&r, part);
}

/* In the order of the list; report n is filed at position n. Level and agency take turns. */
static const struct {
    int n;
    const char *standing;
    int64_t seconds;
    bool overdue;
} clocks[] = {{7, "running", -500, true}, {3, "running", -20, true},   {12, "running", 300, false},
              {1, "running", 400, false}, {9, "running", 5000, false}, {5, "paused", -7, true},
              {2, "paused", 0, true},     {10, "paused", 1, false},    {4, "paused", 900, false},
              {11, "met", 0, false},      {8, "late", 0, false},       {6, "dropped", 0, false}};
enum { CLOCKS = sizeof(clocks) / sizeof(clocks[0]) };

static int level_of(int n)
{
    return n % 3;
}

static const char *agency_of(int n)
{
    return n % 2 ? "AGENCY_INFRA" : "AGENCY_HEALTH";
}

static void start_with_clocks(void)
{
    query_start(1, 1 << 20);
    for (int i = 0; i < CLOCKS; i++) {
        int n = clocks[i].n;
        SAMPLE(.id = sample_id(n), .position = n, .agency = agency_of(n));
        CLOCK(.id = sample_id(n), .standing = clocks[i].standing, .seconds = clocks[i].seconds,
              .level = level_of(n));
    }
    move_lane(CLOCKS);
}

struct status_filter {
    const char *overdue, *agency;
    int level; /* -1: any */
};

static void expected_ids(const struct status_filter *f, struct text *out)
{
    for (int i = 0; i < CLOCKS; i++) {
        int n = clocks[i].n;
        if ((!f->overdue || clocks[i].overdue == text_equal(f->overdue, "true")) &&
            (!f->agency || text_equal(f->agency, agency_of(n))) &&
            (f->level < 0 || f->level == level_of(n)))
            text_printf(out, "%s ", sample_id(n));
    }
}

static void append_ids(const struct response *r, struct text *out)
{
    static const char member_name[] = "\"report_id\":\"";
    for (const char *at = r->body; (at = strstr(at, member_name));) {
        at += sizeof(member_name) - 1;
        text_printf(out, "%.36s ", at);
    }
}

static void walk(const struct status_filter *f, int limit)
{
    scoped_text expected = {0}, found = {0};
    char next[128] = "";
    expected_ids(f, &expected);
    for (int pages = 0; pages <= CLOCKS; pages++) {
        scoped_text path = {0};
        text_printf(&path, "/sla/status?limit=%d", limit);
        if (f->overdue)
            text_printf(&path, "&overdue=%s", f->overdue);
        if (f->agency)
            text_printf(&path, "&agency=%s", f->agency);
        if (f->level >= 0)
            text_printf(&path, "&level=%d", f->level);
        if (*next)
            text_printf(&path, "&cursor=%s", next);
        scoped_response r = get(text_value(&path), NULL, NULL);
        CHECK_INT(r.status, 200);
        append_ids(&r, &found);
        if (!member(&r, "next", next, sizeof(next)))
            break;
    }
    if (!text_equal(text_value(&found), text_value(&expected)))
        test_fail(__FILE__, __LINE__, "a walk", text_value(&found), text_value(&expected));
}

TEST(pages_of_clocks_have_each_that_fits_once_in_order)
{
    static const char *const flags[] = {NULL, "true", "false"};
    static const char *const agencies[] = {NULL, "AGENCY_INFRA", "AGENCY_HEALTH", "AGENCY_NONE"};
    static const int limits[] = {1, 3, 50};
    start_with_clocks();
    for (int i = 0; i < 3; i++)
        for (int a = 0; a < 4; a++)
            for (int level = -1; level < 4; level++)
                for (int l = 0; l < 3; l++)
                    walk(&(struct status_filter){flags[i], agencies[a], level}, limits[l]);
    query_stop();
}

TEST(a_clock_shows_how_it_stands)
{
    start_with_clocks();
    char path[128];
    snprintf(path, sizeof(path), "/sla/status?report=%s", sample_id(4));
    CHECK(shows_status(path, NULL,
                       "\"current_status\":\"RECEIVED\",\"category\":\"kebersihan\","
                       "\"owner_agency\":\"AGENCY_HEALTH\",\"sla_status\":\"paused\","
                       "\"due_at\":null,\"is_overdue\":false,\"remaining_seconds\":900,"
                       "\"escalation_level\":1,\"level\":\"due\""));
    snprintf(path, sizeof(path), "/sla/status?report=%s", sample_id(6));
    CHECK(shows_status(path, NULL,
                       "\"sla_status\":\"dropped\",\"due_at\":null,\"is_overdue\":false,"
                       "\"remaining_seconds\":null,\"escalation_level\":0,\"level\":null"));
    snprintf(path, sizeof(path), "/sla/status?agency=AGENCY_HEALTH&report=%s", sample_id(3));
    CHECK(shows_status(path, NULL, "\"data\":[]") || shows_status(path, NULL, "\"data\" : []"));
    query_stop();
}

TEST(whether_it_is_overdue_is_asked_anew_while_nothing_happens)
{
    query_start(1, 1 << 20);
    SAMPLE(.id = sample_id(1), .position = 1);
    move_lane(1);
    CHECK(lane_seen(1));
    CLOCK(.id = sample_id(1), .standing = "running", .seconds = 4);
    CHECK(shows_status("/sla/status", NULL, "\"is_overdue\":false"));
    CHECK(shows_status("/sla/status?overdue=false", NULL, sample_id(1)));
    test_shell("sleep 5.2");
    CHECK(shows_status("/sla/status", NULL, "\"is_overdue\":true"));
    CHECK(shows_status("/sla/status?overdue=true", NULL, sample_id(1)));
    CHECK(!shows_status("/sla/status?overdue=false", NULL, sample_id(1)));
    query_stop();
}

TEST(wrong_parameters_of_clocks_are_named)
{
    static const struct {
        const char *parameters, *field;
    } rows[] = {{"overdue=yes", "overdue"}, {"level=-1", "level"}, {"level=1.5", "level"},
                {"level=100", "level"},     {"level=", "level"},   {"report=1", "report"},
                {"agency=", "agency"}};
    query_start(1, 1 << 20);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[256], field[64];
        snprintf(path, sizeof(path), "/sla/status?%s", rows[i].parameters);
        snprintf(field, sizeof(field), "\"field\":\"%s\"", rows[i].field);
        scoped_response r = get(path, NULL, NULL);
        if (!refused(&r, BAD_PARAMETER) || !has(&r, field))
            test_fail(__FILE__, __LINE__, path, r.body, field);
    }
    query_stop();
}

TEST(the_inbox_and_a_case_show_how_its_clock_stands)
{
    start_with_clocks();
    const char *officer = bearer("officer1", OFFICER, "AGENCY_HEALTH");
    static const char clock[] = "\"due_at\":null,\"overdue\":false,\"remaining_seconds\":900,"
                                "\"escalation_level\":1";
    char path[128];
    snprintf(path, sizeof(path), "/cases/%s", sample_id(4));
    CHECK(shows_status(path, officer, clock));
    CHECK(shows_status("/cases/inbox", officer, clock));
    CHECK(shows_status("/cases/inbox?sort=due&limit=1", officer, sample_id(12)));
    CHECK(!shows_status("/cases/inbox?overdue=true", officer, sample_id(12)));
    query_stop();
}

/* Whoever keeps the clocks may be away: the inbox is served all the same. */
TEST(the_inbox_without_filters_does_not_wait_for_the_clocks)
{
    query_start(1, 1 << 20);
    views_sql("INSERT INTO engine.lane (name, position, epoch) VALUES ('clocks', 0, 1); "
              "UPDATE engine.view SET lane = 'clocks' WHERE name = 'sla'");
    SAMPLE(.id = sample_id(1), .position = 5);
    move_lane(5);
    const char *officer = bearer("officer1", OFFICER, "AGENCY_INFRA");
    static const struct {
        const char *parameters;
        int status;
    } rows[] = {{"/cases/inbox?", 200},
                {"/cases/inbox?sort=priority&", 200},
                {"/cases/inbox?sort=due&", 503},
                {"/cases/inbox?on_hold=false&", 503},
                {"/cases/inbox?overdue=false&", 503},
                {"/sla/status?", 503}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%smin_position=5&wait_ms=400", rows[i].parameters);
        scoped_response r = get(path, officer, NULL);
        if (r.status != rows[i].status)
            test_fail(__FILE__, __LINE__, path, r.body, NULL);
    }
    query_stop();
}
