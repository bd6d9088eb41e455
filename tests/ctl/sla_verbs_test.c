/* sla_verbs_test.c -- citywatchctl sla next and explain: what clocks do first, and why they show
 * what they show, from the view as sla-worker leaves it. */
#include "tests/ctl/small_city.h"

#define FIRST "00000000-0000-7000-8000-000000000001"

static void define(struct small_city *c)
{
    append(c, "calendar-always", 0, "sla", CalendarDefined,
           "{\"calendar_id\":\"always\",\"zone\":\"UTC\",\"hours\":[],\"holidays\":[],"
           "\"zone_changes\":[]}");
    append(c, "policy-default", 0, "sla", PolicyDefined,
           "{\"policy_id\":\"default\",\"category\":null,\"priority\":null,\"agency\":null,"
           "\"acknowledge\":null,\"answer\":null,\"active\":true,"
           "\"resolve\":{\"seconds\":7200,\"calendar\":\"always\",\"levels\":["
           "{\"name\":\"w50\",\"number\":0,\"share_percent\":50,\"office_hours\":false,"
           "\"target\":\"officer\"},"
           "{\"name\":\"due\",\"number\":1,\"office_hours\":false,\"target\":\"agency\"}]}}");
}

/* Two reports with clocks, of which the second is resolved. */
static struct small_city city_with_clocks(void)
{
    struct small_city c = city_found();
    define(&c);
    file_report(&c, 1);
    file_report(&c, 2);
    move_report(&c, 2, 1, "RECEIVED", "RESOLVED");
    publish_all(&c);
    project_all(&c);
    return c;
}

TEST(next_shows_what_comes_first)
{
    struct small_city c = city_with_clocks();
    CHECK_INT(ctl(&c, "sla next"), 0);
    CHECK(said("level         " FIRST "  resolve  w50    officer"));
    CHECK(said("it is closed  00000000-0000-7000-8000-000000000002"));
    CHECK(strstr(output, FIRST) < strstr(output, "it is closed"));
    CHECK_INT(ctl(&c, "sla next --limit 1 --json"), 0);
    CHECK(said("\"what\":\"level\""));
    CHECK(!strstr(output, "it is closed"));
    city_leave(&c);
}

TEST(explain_shows_levels_versions_and_intervals)
{
    struct small_city c = city_with_clocks();
    CHECK_INT(ctl(&c, "sla explain " FIRST), 0);
    CHECK(said("of 2 h are used."));
    CHECK(said("By version 1 of policy default, version 1 of calendar always: 2 h."));
    CHECK(said("Level w50 for officer: not fired."));
    CHECK(said("Counted: the clock ran."));
    CHECK_INT(ctl(&c, "sla explain 00000000-0000-7000-8000-000000000002"), 0);
    CHECK(said("It ended in time: "));
    CHECK(said("Not counted: the clock had ended."));
    CHECK_INT(ctl(&c, "sla explain " FIRST " --json"), 0);
    CHECK(said("{\"report_id\":\"" FIRST "\""));
    city_leave(&c);
}

TEST(explain_says_that_there_is_no_such_report)
{
    struct small_city c = city_with_clocks();
    CHECK_INT(ctl(&c, "sla explain 00000000-0000-7000-8000-000000000009"), 1);
    CHECK(said("sla explain: There is no such report."));
    city_leave(&c);
}

TEST(each_word_says_what_is_wrong_with_what_follows_it)
{
    struct small_city c = {.log_url = "", .views_url = ""};
    CHECK_INT(ctl(&c, "sla"), 2);
    CHECK(said("import-holidays, next, explain or simulate"));
    CHECK_INT(ctl(&c, "sla explain"), 2);
    CHECK(said("the id of a report is missing"));
    CHECK_INT(ctl(&c, "sla explain r1"), 2);
    CHECK(said("\"r1\" is no id of a report."));
    CHECK_INT(ctl(&c, "sla next --limit 1001"), 2);
    CHECK(said("--limit is a number from 1 to 1000."));
    CHECK_INT(ctl(&c, "sla next more"), 2);
    CHECK(said("that sla next does not take."));
    CHECK_INT(ctl(&c, "sla explain " FIRST " --limit 3"), 2);
    CHECK(said("that sla explain does not take."));
    CHECK_INT(ctl(&c, "sla import-holidays"), 2);
    CHECK(said("--ical is missing."));
}
