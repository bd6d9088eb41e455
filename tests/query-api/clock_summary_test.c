/* clock_summary_test.c -- how many clocks count as what, for whom, and of how few nothing is told.
 */
#include "tests/query-api/fixture.h"

#define INFRA  "AGENCY_INFRA"
#define HEALTH "AGENCY_HEALTH"

struct counted {
    const char *agency, *category, *clock, *reports;
    int open, ended, warned, met, breached;
    double median, p90; /* seconds; 0: none */
};

static const struct counted rows[] = {
    {INFRA, "kebersihan", "resolve", "all", 7, 20, 2, 5, 17, 102, 1008},
    {INFRA, "kebersihan", "resolve", "public", 6, 10, 2, 5, 7, 20.5, 102},
    {INFRA, "lainnya", "resolve", "all", 3, 3, 0, 3, 0, 20.5, 20.5},
    {INFRA, "lainnya", "resolve", "public", 3, 1, 0, 1, 0, 10.25, 10.25},
    {HEALTH, "kesehatan", "acknowledge", "all", 6, 4, 0, 4, 0, 20.5, 20.5},
    {HEALTH, "kesehatan", "acknowledge", "public", 6, 4, 0, 4, 0, 20.5, 20.5},
    {HEALTH, "kesehatan", "resolve", "all", 9, 0, 0, 0, 9, 0, 0},
    {HEALTH, "lainnya", "resolve", "all", 0, 5, 0, 5, 0, 1.03125, 1008},
    {HEALTH, "lainnya", "resolve", "public", 0, 5, 0, 5, 0, 1.03125, 1008},
};

static void add_count(const struct counted *c)
{
    views_sql("INSERT INTO sla.clock_counts (owner_agency, category, clock, reports, open, ended, "
              "warned, met, breached, median_us, p90_us, times) VALUES ('%s', '%s', '%s', '%s', "
              "%d, %d, %d, %d, %d, nullif(%.0f, 0), nullif(%.0f, 0), '{}')",
              c->agency, c->category, c->clock, c->reports, c->open, c->ended, c->warned, c->met,
              c->breached, c->median * 1e6, c->p90 * 1e6);
}

static void start_with_counts(void)
{
    query_start(1, 1 << 20);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        add_count(&rows[i]);
    move_lane(1);
}

#define ROW(agency, category, clock, reports, figures)                                  \
    "{\"owner_agency\":\"" agency "\",\"category\":\"" category "\",\"clock\":\"" clock \
    "\",\"reports\":\"" reports "\"," figures "}"
#define FIGURES(open, warned, met, breached, ended, median, p90)                     \
    "\"open\":" open ",\"warned\":" warned ",\"met\":" met ",\"breached\":" breached \
    ",\"ended\":" ended ",\"median_seconds\":" median ",\"p90_seconds\":" p90

#define TOO_FEW FIGURES("null", "null", "null", "null", "null", "null", "null")

/* In the order of the list: what everybody is shown, NULL: no row; and who is shown all. */
static const struct {
    const char *agency, *shown, *whole;
} expected[] = {
    {HEALTH,
     ROW(HEALTH, "kesehatan", "acknowledge", "public",
         FIGURES("6", "0", "4", "0", "null", "null", "null")),
     ROW(HEALTH, "kesehatan", "acknowledge", "all",
         FIGURES("6", "0", "4", "0", "4", "20.5", "20.5"))},
    {HEALTH, NULL,
     ROW(HEALTH, "kesehatan", "resolve", "all", FIGURES("9", "0", "0", "9", "0", "null", "null"))},
    {HEALTH,
     ROW(HEALTH, "lainnya", "resolve", "public",
         FIGURES("0", "0", "5", "0", "5", "1.03125", "1008")),
     ROW(HEALTH, "lainnya", "resolve", "all", FIGURES("0", "0", "5", "0", "5", "1.03125", "1008"))},
    {INFRA,
     ROW(INFRA, "kebersihan", "resolve", "public",
         FIGURES("6", "2", "5", "7", "10", "20.5", "102")),
     ROW(INFRA, "kebersihan", "resolve", "all", FIGURES("7", "2", "5", "17", "20", "102", "1008"))},
    {INFRA, ROW(INFRA, "lainnya", "resolve", "public", TOO_FEW),
     ROW(INFRA, "lainnya", "resolve", "all", FIGURES("3", "0", "3", "0", "3", "20.5", "20.5"))},
};

static void check_summary(const char *path, const char *token, const char *own)
{
    scoped_text body = {0};
    const char *comma = "", *agency = strstr(path, "agency=");
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        bool whole = own && (text_equal(own, "all") || text_equal(own, expected[i].agency));
        const char *row = whole ? expected[i].whole : expected[i].shown;
        if (!row || (agency && !text_equal(agency + strlen("agency="), expected[i].agency)))
            continue;
        text_printf(&body, "%s%s", comma, row);
        comma = ", ";
    }
    scoped_response r = get(path, token, NULL);
    CHECK_INT(r.status, 200);
    const char *data = strchr(r.body, '['), *end = strrchr(r.body, ']');
    if (!data || end - data - 1 != (ptrdiff_t)body.length ||
        strncmp(data + 1, text_value(&body), body.length) != 0)
        test_fail(__FILE__, __LINE__, path, r.body, text_value(&body));
}

TEST(each_role_is_told_of_the_reports_that_it_sees)
{
    static const struct {
        const char *name;
        enum role role;
        const char *agency, *own;
    } who[] = {{"citizen1", CITIZEN, NULL, NULL},    {"patrol1", PATROL, NULL, NULL},
               {"patrol2", PATROL, INFRA, NULL},     {"dispatcher1", DISPATCHER, INFRA, NULL},
               {"officer1", OFFICER, INFRA, INFRA},  {"officer2", OFFICER, HEALTH, HEALTH},
               {"chief1", SUPERVISOR, INFRA, INFRA}, {"admin1", ADMIN, NULL, "all"}};
    start_with_counts();
    check_summary("/sla/summary", NULL, NULL);
    check_summary("/sla/summary?agency=" INFRA, NULL, NULL);
    for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
        const char *token = bearer(who[i].name, who[i].role, who[i].agency);
        check_summary("/sla/summary", token, who[i].own);
        check_summary("/sla/summary?agency=" INFRA, token, who[i].own);
        check_summary("/sla/summary?agency=" HEALTH, token, who[i].own);
        check_summary("/sla/summary?agency=AGENCY_NONE", token, who[i].own);
    }
    query_stop();
}

TEST(a_category_may_be_asked_for_alone)
{
    start_with_counts();
    scoped_response r = get("/sla/summary?category=lainnya", NULL, NULL);
    CHECK_INT(r.status, 200);
    CHECK_INT(occurrences(&r, "\"clock\""), 2);
    CHECK(has(&r, ROW(INFRA, "lainnya", "resolve", "public", TOO_FEW)));
    query_stop();
}

TEST(wrong_parameters_of_the_summary_are_named)
{
    static const char *const parameters[][2] = {
        {"agency=", "agency"}, {"category=", "category"}, {"limit=5", "limit"}};
    query_start(1, 1 << 20);
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        char path[128], field[64];
        snprintf(path, sizeof(path), "/sla/summary?%s", parameters[i][0]);
        snprintf(field, sizeof(field), "\"field\":\"%s\"", parameters[i][1]);
        scoped_response r = get(path, NULL, NULL);
        if (r.status != 400 || !has(&r, field))
            test_fail(__FILE__, __LINE__, path, r.body, field);
    }
    query_stop();
}
