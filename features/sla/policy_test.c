/* policy_test.c -- which clocks run for which reports: what an admin may define, and which policy
 * comes first. */
#include "tests/support/sentences.h"

#include "features/sla/policy.h"

static const struct PolicyLevel due_levels[] = {{.name = "due", .number = 1, .target = "agency"}};
static const struct shape_list due = {1, due_levels};
static const struct PolicyClock two_days = {172800, "always", &due};

/* There is one calendar. */
static void begin(void)
{
    static const struct shape_list none = {0, NULL};
    given_nothing();
    given_in("calendar-always",
             EVENT(CalendarDefined, .calendar_id = "always", .zone = "UTC", .hours = &none,
                   .holidays = &none, .zone_changes = &none, .defined_at = NOON));
}

static struct command define(const char *id)
{
    struct command c = COMMAND(DefinePolicy, .rank = 10, .resolve = &two_days, .active = true);
    c.target = id;
    return c;
}

static struct event policy_event(const char *id)
{
    return EVENT(PolicyDefined, .policy_id = id, .rank = 10, .resolve = &two_days, .active = true,
                 .defined_at = NOON);
}

static void refused(struct command c, const struct problem *p, const char *field)
{
    when(&admin, c);
    then_refused(p);
    CHECK_TEXT(decided()->fault.field, field);
}

TEST(an_admin_defines_a_policy_and_changes_it)
{
    struct command c = define("roads");
    struct event e = policy_event("roads");
    begin();
    when(&admin, c);
    then("policy-roads", "sla", e);
    begin();
    given(e);
    c.DefinePolicy.active = e.PolicyDefined.active = false;
    when(&admin, c);
    then("policy-roads", "sla", e);
}

TEST(the_same_policy_again_and_the_systems_own_are_success_without_an_event)
{
    static struct texts_pair sorted[] = {{"en", "Roads"}, {"id", "Jalan"}};
    static struct texts_pair turned[] = {{"id", "Jalan"}, {"en", "Roads"}};
    static const struct texts names = {2, sorted}, other_order = {2, turned};
    struct command c = define("roads");
    struct event e = policy_event("roads");
    e.PolicyDefined.names = &names;
    e.PolicyDefined.defined_at = NOON - DAY;
    c.DefinePolicy.names = &other_order;
    begin();
    given(e);
    when(&admin, c);
    then_nothing();
    begin();
    given(policy_event(DEFAULT_POLICY));
    c = define(DEFAULT_POLICY);
    c.DefinePolicy.rank = 7;
    when(&system_actor, c);
    then_nothing();
}

TEST(a_policy_is_for_a_category_and_an_agency_that_are_active)
{
    struct command c = define("roads");
    struct event e = policy_event("roads");
    c.DefinePolicy.category = e.PolicyDefined.category = "infrastruktur";
    begin();
    refused(c, NO_SUCH_CATEGORY, "category");
    c.DefinePolicy.agency = e.PolicyDefined.agency = "AGENCY_INFRA";
    begin();
    given_in("category-infrastruktur", category_defined("infrastruktur", "AGENCY_INFRA"));
    given_agency("AGENCY_INFRA", false);
    refused(c, NO_SUCH_AGENCY, "agency");
    begin();
    given_in("category-infrastruktur", category_defined("infrastruktur", "AGENCY_INFRA"));
    given_agency("AGENCY_INFRA", true);
    when(&admin, c);
    then("policy-roads", "sla", e);
}

TEST(a_policy_keeps_the_category_and_the_agency_that_have_become_inactive)
{
    struct command c = define("roads");
    struct event e = policy_event("roads");
    e.PolicyDefined.category = c.DefinePolicy.category = "gone";
    e.PolicyDefined.agency = c.DefinePolicy.agency = "GONE";
    begin();
    given(e);
    c.DefinePolicy.rank = e.PolicyDefined.rank = 11;
    when(&admin, c);
    then("policy-roads", "sla", e);
}

TEST(a_changed_policy_has_to_be_at_the_version_that_is_named)
{
    struct command c = define("roads");
    c.if_match = (struct precondition){.given = true, .count = 1, .versions = {2}};
    begin();
    given(policy_event("roads"));
    refused(c, VERSION_MISMATCH, "If-Match");
}

TEST(a_clock_runs_by_a_calendar_that_is_defined)
{
    static const struct PolicyClock nowhere = {60, "nowhere", &due}, none = {60, "no word!", &due};
    struct command c = define("roads");
    c.DefinePolicy.acknowledge = &nowhere;
    begin();
    refused(c, NO_SUCH_CALENDAR, "acknowledge.calendar");
    c.DefinePolicy.acknowledge = NULL;
    c.DefinePolicy.resolve = &none;
    begin();
    refused(c, NO_SUCH_CALENDAR, "resolve.calendar");
    c.DefinePolicy.resolve = &two_days;
    c.DefinePolicy.answer = &nowhere;
    begin();
    refused(c, NO_SUCH_CALENDAR, "answer.calendar");
    given_nothing();
    when(&system_actor, define("roads"));
    then("policy-roads", "sla", policy_event("roads"));
}

/* ---- clocks and levels ---- */

static void refused_clock(const struct PolicyLevel *levels, int count, const struct problem *p,
                          const char *field)
{
    const struct shape_list list = {count, levels};
    const struct PolicyClock clock = {3600, "always", &list};
    struct command c = define("roads");
    c.DefinePolicy.answer = &clock;
    begin();
    refused(c, p, field);
}

TEST(a_clock_runs_for_ten_seconds_or_longer)
{
    static const struct PolicyClock nine = {9, "always", &due}, ten = {10, "always", &due};
    struct command c = define("roads");
    struct event e = policy_event("roads");
    c.DefinePolicy.acknowledge = &nine;
    begin();
    refused(c, DURATION_TOO_SHORT, "acknowledge.seconds");
    c.DefinePolicy.acknowledge = e.PolicyDefined.acknowledge = &ten;
    begin();
    when(&admin, c);
    then("policy-roads", "sla", e);
}

TEST(a_level_has_a_name_that_no_other_one_of_the_clock_has)
{
    refused_clock((const struct PolicyLevel[]){{.name = "Late", .target = "agency"}}, 1, BAD_LEVEL,
                  "answer.levels[0].name");
    refused_clock((const struct PolicyLevel[]){{.name = "a", .target = "agency"},
                                               {.name = "b", .target = "agency"},
                                               {.name = "a", .target = "officer"}},
                  3, BAD_LEVEL, "answer.levels[2].name");
}

TEST(a_level_comes_at_a_share_of_the_time_or_after_it_is_due)
{
    refused_clock(
        (const struct PolicyLevel[]){{.name = "a", .share_percent = 75, .after_due_seconds = 60}},
        1, BAD_LEVEL, "answer.levels[0].after_due_seconds");
}

TEST(levels_stand_in_the_order_in_which_they_come)
{
    static const struct {
        struct PolicyLevel levels[2];
        const char *field; /* NULL: taken */
    } rows[] = {
        {{{.name = "a", .share_percent = 75}, {.name = "b", .share_percent = 50}},
         "answer.levels[1].share_percent"},
        {{{.name = "a"}, {.name = "b", .share_percent = 99}}, "answer.levels[1].share_percent"},
        {{{.name = "a", .after_due_seconds = 1}, {.name = "b"}},
         "answer.levels[1].after_due_seconds"},
        {{{.name = "a", .after_due_seconds = 9}, {.name = "b", .after_due_seconds = 8}},
         "answer.levels[1].after_due_seconds"},
        {{{.name = "a", .number = 1}, {.name = "b", .number = 0}}, "answer.levels[1].number"},
        {{{.name = "a", .number = -1}, {.name = "b", .number = 0}}, "answer.levels[0].number"},
        {{{.name = "a", .share_percent = 50}, {.name = "b", .share_percent = 50}}, NULL},
        {{{.name = "a", .share_percent = 100}, {.name = "b"}}, NULL},
        {{{.name = "a"}, {.name = "b", .after_due_seconds = 1}}, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct PolicyLevel levels[] = {rows[i].levels[0], rows[i].levels[1]};
        struct shape_list list = {2, levels};
        struct PolicyClock clock = {3600, "always", &list};
        struct command c = define("roads");
        levels[0].target = levels[1].target = "agency";
        c.DefinePolicy.answer = &clock;
        begin();
        when(&admin, c);
        CHECK_PROBLEM(decided_outcome(), rows[i].field ? BAD_LEVEL : NULL);
        if (rows[i].field)
            CHECK_TEXT(decided()->fault.field, rows[i].field);
    }
}

/* ---- the defaults ---- */

TEST(the_default_is_for_everything_and_always_active)
{
    struct command c = define(DEFAULT_POLICY);
    c.DefinePolicy.agency = "AGENCY_INFRA";
    begin();
    refused(c, BAD_DEFAULT, "agency");
    c = define(DEFAULT_POLICY);
    c.DefinePolicy.priority = "high";
    begin();
    refused(c, BAD_DEFAULT, "priority");
    c = define(DEFAULT_POLICY);
    c.DefinePolicy.active = false;
    begin();
    refused(c, BAD_DEFAULT, "active");
    c = define(DEFAULT_POLICY);
    c.DefinePolicy.resolve = NULL;
    begin();
    refused(c, BAD_DEFAULT, "resolve");
}

TEST(the_default_of_an_agency_is_for_that_agency)
{
    struct command c = define("default-agency_infra");
    struct event e = policy_event("default-agency_infra");
    begin();
    refused(c, BAD_DEFAULT, "agency");
    c.DefinePolicy.agency = "AGENCY_HEALTH";
    begin();
    refused(c, BAD_DEFAULT, "agency");
    c.DefinePolicy.agency = e.PolicyDefined.agency = "AGENCY_INFRA";
    c.DefinePolicy.category = "infrastruktur";
    begin();
    refused(c, BAD_DEFAULT, "category");
    c.DefinePolicy.category = NULL;
    c.DefinePolicy.active = e.PolicyDefined.active = false;
    begin();
    given_agency("AGENCY_INFRA", true);
    when(&admin, c);
    then("policy-default-agency_infra", "sla", e);
}

TEST(the_id_of_an_agencys_default_has_at_most_64_characters)
{
    char id[POLICY_ID_TEXT];
    CHECK(default_policy_of("AGENCY_2", id));
    CHECK_TEXT(id, "default-agency_2");
    CHECK(default_policy_of("A2345678901234567890123456789012345678901234567890123456", id));
    CHECK_INT((int)strlen(id), 64);
    CHECK(!default_policy_of("A23456789012345678901234567890123456789012345678901234567", id));
}

/* ---- which one comes first ---- */

enum { POLICIES_MAX = 8 };
static struct policy policies[POLICIES_MAX];
static int policy_count;

static struct PolicyDefined *in_force(const char *id, int64_t rank)
{
    struct policy *p = &policies[policy_count++];
    *p = (struct policy){.version = 1, .rules = {.policy_id = id, .rank = rank, .active = true}};
    return &p->rules;
}

static const char *first_for(const char *category, const char *priority, const char *agency)
{
    const struct policy_subject of = {category, priority, agency};
    const struct policy *p = policy_first_match(policies, policy_count, &of);
    return p ? p->rules.policy_id : NULL;
}

TEST(the_first_that_is_for_such_a_report_is_taken_by_rank_and_then_by_id)
{
    policy_count = 0;
    CHECK_TEXT(first_for("roads", "high", "A"), NULL);
    in_force("b", 5)->category = "roads";
    in_force("a", 5)->category = "roads";
    in_force("c", 4)->priority = "urgent";
    in_force("z", -1)->agency = "B";
    in_force("never", -9)->active = false;
    policies[policy_count++] = (struct policy){.rules = {.policy_id = "not-defined"}};
    CHECK_TEXT(first_for("roads", "high", "A"), "a");
    CHECK_TEXT(first_for("roads", "urgent", "A"), "c");
    CHECK_TEXT(first_for("roads", "urgent", "B"), "z");
    CHECK_TEXT(first_for("parks", "high", "A"), NULL);
}

TEST(an_agencys_default_stands_before_the_citys_and_both_behind_all_others)
{
    policy_count = 0;
    in_force(DEFAULT_POLICY, -1000);
    in_force("default-a", 1000)->agency = "A";
    in_force("defaults", 9999)->category = "roads"; /* no default, in spite of its name */
    CHECK_TEXT(first_for("roads", "low", "A"), "defaults");
    CHECK_TEXT(first_for("parks", "low", "A"), "default-a");
    CHECK_TEXT(first_for("parks", "low", "B"), DEFAULT_POLICY);
}

TEST(a_policy_counts_its_versions_and_keeps_its_own_texts)
{
    scoped_arena a = {0};
    struct policy p = {0};
    char calendar[] = "office";
    struct PolicyClock clock = {60, calendar, &due};
    struct event e = policy_event("roads");
    policy_defined(&p, &e.PolicyDefined, &a);
    e.PolicyDefined.resolve = &clock;
    policy_defined(&p, &e.PolicyDefined, &a);
    calendar[0] = 'x';
    CHECK_INT(p.version, 2);
    CHECK_TEXT(p.rules.resolve->calendar, "office");
    CHECK_INT(p.rules.resolve->levels->count, 1);
}

TEST(what_is_said_already_is_applied_to_open_clocks_by_an_event_once)
{
    struct command c = define("roads");
    struct event e = policy_event("roads");
    begin();
    given_in("policy-roads", e);
    c.DefinePolicy.apply = e.PolicyDefined.apply = "open";
    when(&admin, c);
    then("policy-roads", "sla", e);
    begin();
    given_in("policy-roads", e);
    when(&admin, c);
    then_nothing();
    c.DefinePolicy.apply = NULL; /* what was applied stays so */
    when(&admin, c);
    then_nothing();
    c.DefinePolicy.rank = e.PolicyDefined.rank = 11;
    e.PolicyDefined.apply = NULL;
    when(&admin, c);
    then("policy-roads", "sla", e);
}
