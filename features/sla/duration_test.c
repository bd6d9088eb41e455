/* duration_test.c -- the default policy's time to resolve, set as clients of the seed set it. */
#include "tests/support/sentences.h"

#include "features/sla/policy.h"

static const struct PolicyLevel levels[] = {{.name = "due", .number = 1, .target = "agency"}};
static const struct shape_list due = {1, levels};
static const struct PolicyClock two_days = {172800, "always", &due}, hour = {3600, "always", &due};
static const struct PolicyClock minute = {60, "always", &due};

static struct event defined_as(const char *id, const char *agency,
                               const struct PolicyClock *resolve)
{
    return EVENT(PolicyDefined, .policy_id = id, .rank = 3, .agency = agency, .acknowledge = &hour,
                 .resolve = resolve, .active = true, .defined_at = NOON);
}

static struct command set(int64_t seconds)
{
    struct command c = COMMAND(SetSlaDuration, .duration_seconds = seconds);
    c.target = DEFAULT_NAME;
    return c;
}

static void given_default(void)
{
    given_nothing();
    given(defined_as("default", NULL, &two_days));
}

TEST(an_admin_sets_the_citys_time)
{
    given_default();
    when(&admin, set(60));
    then("policy-default", "sla", defined_as("default", NULL, &minute));
    CHECK_TEXT(text_value(&decided()->answer),
               "\"sla_duration_sec\":60,\"sla_duration_str\":\"1m0s\","
               "\"message\":\"SLA duration updated\"");
    CHECK(!decided()->about);
}

TEST(the_same_time_again_is_success_without_an_event)
{
    given_default();
    when(&admin, set(172800));
    then_nothing();
    given_default();
    given_in("policy-default-agency_infra",
             defined_as("default-agency_infra", "AGENCY_INFRA", &hour));
    when(&supervisor_infra, set(3600));
    then_nothing();
    CHECK_TEXT(decided()->about, "policy-default-agency_infra");
}

TEST(a_supervisor_sets_the_time_of_the_own_agency_that_had_the_citys_so_far)
{
    given_default();
    when(&supervisor_infra, set(60));
    then("policy-default-agency_infra", "sla",
         defined_as("default-agency_infra", "AGENCY_INFRA", &minute));
    CHECK_TEXT(decided()->about, "policy-default-agency_infra");
}

TEST(a_supervisor_changes_the_policy_of_the_agency_and_it_is_active)
{
    struct event e = defined_as("default-agency_infra", "AGENCY_INFRA", &hour);
    e.PolicyDefined.active = false;
    e.PolicyDefined.answer = &hour;
    given_default();
    given_in("policy-default-agency_infra", e);
    when(&supervisor_infra, set(3600));
    e.PolicyDefined.active = true;
    then("policy-default-agency_infra", "sla", e);
}

static void refused_for(int64_t seconds)
{
    given_default();
    when(&admin, set(seconds));
    then_refused(DURATION_TOO_SHORT);
    CHECK_TEXT(decided()->fault.field, "duration_seconds");
}

TEST(less_than_ten_seconds_are_refused)
{
    refused_for(9);
    refused_for(0);
    refused_for(-60);
    given_default();
    when(&admin, set(10));
    CHECK_INT(decided()->emitted_count, 1);
}

TEST(there_is_nothing_to_change_before_the_first_start)
{
    given_nothing();
    when(&admin, set(60));
    then_refused(NO_SUCH_POLICY);
}

TEST(an_agency_whose_code_is_too_long_has_no_default_of_its_own)
{
    struct actor who = supervisor_infra;
    who.agency = "A23456789012345678901234567890123456789012345678901234567";
    given_default();
    when(&who, set(60));
    then_refused(BAD_TEXT);
}

TEST(a_duration_is_written_as_the_seed_writes_it)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{10, "10s"},      {59, "59s"},         {60, "1m0s"},       {90, "1m30s"},
                {3600, "1h0m0s"}, {172801, "48h0m1s"}, {86340, "23h59m0s"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scoped_arena a = {0};
        given_default();
        when(&admin, set(rows[i].seconds));
        const char *wanted = arena_printf(&a, "\"sla_duration_str\":\"%s\"", rows[i].text);
        CHECK(strstr(text_value(&decided()->answer), wanted));
    }
}
