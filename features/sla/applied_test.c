/* applied_test.c -- which open clocks go on by newer versions: those of what was applied, and only
 * if that says something else. Hours since NOON. */
#include "tests/support/sentences.h"

#include "features/sla/applied.h"

#define HOUR (INT64_C(3600) * 1000000)
#define Q1   "019b7f00-0000-7000-8000-0000000000a1"
#define Q2   "019b7f00-0000-7000-8000-0000000000a2"

static const struct shape_list none = {0, NULL};
static const struct CalendarHours monday = {"monday", "08:00", "16:00"};
static const struct shape_list hours = {1, &monday};
static const struct CalendarChange utc = {NOON, 0};
static const struct shape_list changes = {1, &utc};

static struct arena arena;
static struct sla_catalog catalog;
static struct ReportClocks r;

static void calendar(const char *id, int64_t version, const struct shape_list *of,
                     const char *apply)
{
    struct event e =
        EVENT(CalendarDefined, .calendar_id = id, .zone = "UTC", .hours = of, .holidays = &none,
              .zone_changes = &changes, .defined_at = NOON + version, .apply = apply);
    catalog_add(&catalog, &e, version, &arena);
}

static struct PolicyClock hours_of(int64_t count, const char *calendar)
{
    return (struct PolicyClock){count * 3600, calendar, &none};
}

/* One hour to acknowledge, and so many to resolve and to answer; 0: there is no such clock. */
static void policy(int64_t version, int64_t resolve, int64_t answer, const char *apply)
{
    const struct PolicyClock acknowledge = hours_of(1, "always"),
                             to_resolve = hours_of(resolve, "always"),
                             to_answer = hours_of(answer, "always");
    struct event e =
        EVENT(PolicyDefined, .policy_id = "default", .rank = version, .acknowledge = &acknowledge,
              .resolve = resolve ? &to_resolve : NULL, .answer = answer ? &to_answer : NULL,
              .active = true, .defined_at = NOON, .apply = apply);
    catalog_add(&catalog, &e, version, &arena);
}

static void happens(enum clock_source from, int hour, struct event e)
{
    int64_t *versions[] = {&r.report_version, &r.case_version, &r.sla_version};
    struct event *kept = arena_alloc(&arena, sizeof(*kept));
    *kept = e;
    report_clocks_apply(&r, &catalog,
                        &(struct clock_fact){from, *versions[from] + 1, NOON + hour * HOUR, kept},
                        &arena);
}

static void filed(void)
{
    arena_release(&arena);
    catalog = (struct sla_catalog){.policy_count = 0};
    r = (struct ReportClocks){.report_id = NULL};
    calendar("always", 1, &none, NULL);
    policy(1, 10, 5, NULL);
    happens(FROM_REPORT, 0, created("PUBLIC"));
}

static void asks(int hour, const char *question)
{
    happens(FROM_REPORT, hour,
            EVENT(ReportQuestionAsked, .report_id = R1, .question_id = question));
}

static void moves(int hour, const char *status)
{
    happens(FROM_REPORT, hour, EVENT(ReportStatusUpdated, .report_id = R1, .new_status = status));
}

static void acknowledged(int hour)
{
    happens(FROM_REPORT, hour, EVENT(ReportAcknowledged, .report_id = R1));
}

static struct applied_plan found;

static bool goes_on(void)
{
    found = (struct applied_plan){.clock = NULL};
    return report_clocks_applied(&r, &catalog, &found);
}

static void goes_on_by(const char *clock, int64_t policy_version, int64_t calendar_version,
                       const char *reason)
{
    CHECK(goes_on());
    CHECK_TEXT(found.clock, clock);
    CHECK_TEXT(found.policy, "default");
    CHECK_INT(found.policy_version, policy_version);
    CHECK_INT(found.calendar_version, calendar_version);
    CHECK_TEXT(found.reason, reason);
}

/* As the worker does it, by the event. */
static void is_planned(int hour)
{
    happens(FROM_SLA, hour,
            EVENT(SlaPlanned, .report_id = R1, .clock = found.clock, .reason = found.reason,
                  .policy = found.policy, .policy_version = found.policy_version,
                  .calendar = found.calendar, .calendar_version = found.calendar_version));
}

static const struct sla_clock *clock_of(const char *name)
{
    struct sla_clock *clocks;
    int count = report_clocks_fold(&r, &catalog, &arena, &clocks);
    return clock_named(clocks, count, name);
}

static int next_is(void)
{
    struct sla_clock *clocks;
    int count = report_clocks_fold(&r, &catalog, &arena, &clocks);
    return (int)report_clocks_next(&r, clocks, count).what;
}

TEST(what_is_open_goes_on_by_the_version_that_was_applied_clock_by_clock)
{
    filed();
    policy(2, 20, 5, "open");
    goes_on_by("resolve", 2, 1, "policy"); /* of acknowledge it says the same */
    is_planned(1);
    CHECK(!goes_on());
    CHECK_INT(clock_of("resolve")->terms->policy_version, 2);
    CHECK_INT(clock_of("acknowledge")->terms->policy_version, 1);
    CHECK_INT(clock_read(clock_of("resolve"), NOON + HOUR).due_at, NOON + 20 * HOUR);
    CHECK_INT(clock_read(clock_of("resolve"), NOON + 3 * HOUR).consumed_us, 3 * HOUR);
}

TEST(what_was_defined_and_not_applied_is_for_what_begins_later)
{
    filed();
    policy(2, 20, 5, NULL);
    CHECK(!goes_on());
    policy(3, 30, 5, "open");
    policy(4, 40, 5, NULL);
    goes_on_by("resolve", 3, 1, "policy");
}

TEST(a_version_that_says_the_same_changes_no_plan)
{
    filed();
    policy(2, 10, 5, "open");
    CHECK(!goes_on());
    calendar("always", 2, &none, "open");
    CHECK(!goes_on());
}

TEST(a_calendar_is_applied_without_its_policy)
{
    filed();
    calendar("always", 2, &hours, NULL);
    CHECK(!goes_on());
    calendar("always", 3, &hours, "open");
    goes_on_by("acknowledge", 1, 3, "calendar");
    is_planned(1);
    goes_on_by("resolve", 1, 3, "calendar");
    is_planned(1);
    CHECK(!goes_on());
}

TEST(a_policy_that_is_applied_leaves_its_calendar_at_its_version)
{
    filed();
    calendar("always", 2, &hours, NULL);
    policy(2, 20, 5, "open");
    goes_on_by("resolve", 2, 1, "policy");
}

TEST(a_clock_that_the_policy_has_no_more_ends)
{
    filed();
    policy(2, 0, 5, "open");
    CHECK(goes_on());
    CHECK_TEXT(found.clock, "resolve");
    CHECK(!found.calendar);
    is_planned(1);
    CHECK_INT(clock_of("resolve")->ended_as, CLOCK_DROPPED);
    CHECK(!goes_on());
}

TEST(paused_is_open_and_ended_is_not_until_it_is_reopened)
{
    filed();
    asks(1, Q1);
    happens(FROM_REPORT, 2, EVENT(ReportQuestionAnswered, .report_id = R1, .question_id = Q1));
    asks(2, Q2);
    policy(2, 20, 7, "open");
    goes_on_by("resolve", 2, 1, "policy");
    is_planned(3);
    CHECK_INT(clock_read(clock_of("resolve"), NOON + 3 * HOUR).due_at, 0);
    goes_on_by("answer:" Q2, 2, 1, "policy");
    filed();
    moves(1, "RESOLVED");
    policy(2, 20, 5, "open");
    CHECK(!goes_on());
    moves(2, "IN_PROGRESS");
    goes_on_by("resolve", 2, 1, "policy");
}

TEST(what_starts_later_runs_by_what_was_applied)
{
    filed();
    policy(2, 10, 7, "open");
    policy(3, 10, 9, NULL);
    asks(1, Q1);
    CHECK_INT(clock_of("answer:" Q1)->terms->policy_version, 2);
    CHECK(!goes_on());
}

/* What was applied before the event counts, whatever came since. */
TEST(the_report_says_that_it_is_to_go_on_once_something_happens_to_it)
{
    filed();
    policy(2, 20, 5, "open");
    CHECK(!r.wants_plan);
    CHECK(next_is() != NEXT_PLAN);
    acknowledged(1);
    CHECK(r.wants_plan);
    CHECK_INT(next_is(), NEXT_PLAN);
    goes_on_by("resolve", 2, 1, "policy");
    is_planned(1);
    CHECK(!r.wants_plan);
}

static const char *plans(void)
{
    scoped_text out = {0};
    append_open_plans(&r, &out);
    return arena_text(&arena, text_value(&out));
}

TEST(reports_that_run_by_the_same_are_one_group)
{
    filed();
    CHECK_TEXT(plans(), "acknowledge default 1 always 1;resolve default 1 always 1;");
    asks(1, Q1);
    acknowledged(1);
    const char *one = plans();
    CHECK_TEXT(one, "resolve default 1 always 1;answer default 1 always 1;");
    asks(1, Q2);
    CHECK_TEXT(plans(), one);
    moves(2, "CLOSED");
    CHECK_TEXT(plans(), "");
}
