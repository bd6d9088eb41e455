/* simulate_verb_test.c -- citywatchctl sla simulate: a policy of a file over the log there is. */
#include "tests/ctl/small_city.h"

#define FIRST "00000000-0000-7000-8000-000000000001"

/* The policy `default`, of so many seconds, as GET answers it. */
static const char *policy_json(struct arena *a, int seconds)
{
    return arena_printf(a,
                        "{\"policy_id\":\"default\",\"rank\":0,\"names\":null,\"category\":null,"
                        "\"priority\":null,\"agency\":null,\"acknowledge\":null,\"answer\":null,"
                        "\"active\":true,\"defined_at\":\"2026-01-02T12:00:00.000000Z\","
                        "\"resolve\":{\"seconds\":%d,\"calendar\":\"always\",\"levels\":[]}",
                        seconds);
}

static const char *policy_file(struct arena *a, int seconds)
{
    const char *path = arena_printf(a, "%s/policy.json", test_folder());
    FILE *f = fopen(path, "w");
    CHECK(f && fprintf(f, "%s,\"version\":3,\"success\":true}", policy_json(a, seconds)) > 0);
    CHECK(f && fclose(f) == 0);
    return path;
}

/* A report that is open for more than a second, and one resolved at once. */
static struct small_city city_by(int seconds)
{
    scoped_arena a = {0};
    struct small_city c = city_found();
    append(&c, "calendar-always", 0, "sla", CalendarDefined,
           "{\"calendar_id\":\"always\",\"zone\":\"UTC\",\"hours\":[],\"holidays\":[],"
           "\"zone_changes\":[]}");
    append(&c, "policy-default", 0, "sla", PolicyDefined,
           arena_join(&a, policy_json(&a, seconds), "}", ""));
    file_report(&c, 2);
    move_report(&c, 2, 1, "RECEIVED", "RESOLVED");
    file_report(&c, 1);
    test_shell("sleep 1.2");
    return c;
}

TEST(a_stricter_policy_names_what_would_have_breached)
{
    scoped_arena a = {0};
    struct small_city c = city_by(7200);
    int64_t events = number(c.log, "SELECT count(*) FROM es_event");
    CHECK_INT(ctl(&c, "sla simulate --policy %s --from 1h", policy_file(&a, 1)), 0);
    CHECK(said(FIRST "  resolve       would have breached\n"));
    CHECK(said("2 reports: 1 clocks would have breached that did not, 0 would not have that did."));
    CHECK_INT(number(c.log, "SELECT count(*) FROM es_event"), events);
    CHECK_INT(ctl(&c, "sla simulate --policy %s --from 1h --json", policy_file(&a, 1)), 0);
    CHECK(said("{\"report\":\"" FIRST "\",\"clock\":\"resolve\",\"outcome\":\"would_breach\"}"));
    CHECK(said("{\"reports\":2,\"would_breach\":1,\"would_not_breach\":0}"));
    city_leave(&c);
}

TEST(a_milder_one_names_what_would_not_have)
{
    scoped_arena a = {0};
    struct small_city c = city_by(1);
    CHECK_INT(ctl(&c, "sla simulate --policy %s --from 1h", policy_file(&a, 7200)), 0);
    CHECK(said(FIRST "  resolve       would not have breached\n"));
    CHECK(said("0 clocks would have breached that did not, 1 would not have that did."));
    CHECK_INT(ctl(&c, "sla simulate --policy %s --from 1s", policy_file(&a, 7200)), 0);
    CHECK(said("0 reports: 0 clocks"));
    city_leave(&c);
}

TEST(what_cannot_be_tried_is_said)
{
    scoped_arena a = {0};
    struct small_city c = city_found();
    const char *path = policy_file(&a, 1);
    CHECK_INT(ctl(&c, "sla simulate --policy %s --from 1h", path), 1);
    CHECK(said("sla simulate: ")); /* there is no calendar `always` */
    CHECK(said("calendar"));
    CHECK_INT(ctl(&c, "sla simulate --from 1h"), 2);
    CHECK(said("--policy or --calendar is missing"));
    CHECK_INT(ctl(&c, "sla simulate --policy %s", path), 2);
    CHECK(said("--from is missing."));
    CHECK_INT(ctl(&c, "sla simulate --policy %s --from 1h --to 2h", path), 2);
    CHECK(said("--from is before --to"));
    CHECK_INT(ctl(&c, "sla simulate --policy /nowhere --from 1h"), 1);
    CHECK(said("/nowhere cannot be read"));
    city_leave(&c);
}
