/* simulation_test.c -- the same events by the rules there were and by others. Hours since NOON. */
#include "tests/support/sentences.h"

#include "features/sla/simulation.h"

#define HOUR (INT64_C(3600) * 1000000)

static const struct shape_list none = {0, NULL};
static const struct PolicyClock two_days = {48 * 3600, "always", &none},
                                two_hours = {2 * 3600, "always", &none};
static const struct CalendarDefined always = {"always", "UTC", &none, &none, &none, NOON, NULL};

static struct arena arena;
static struct sla_catalog real, other;
static struct simulated_report report;

static void policy(struct sla_catalog *c, const char *id, const struct PolicyClock *resolve,
                   const char *priority)
{
    catalog_add(c,
                &EVENT(PolicyDefined, .policy_id = id, .rank = 1, .priority = priority,
                       .resolve = resolve, .active = true, .defined_at = NOON),
                1, &arena);
}

static void happens(double hour, enum clock_source source, struct event e)
{
    struct event *kept = arena_alloc(&arena, sizeof(*kept));
    *kept = e;
    simulate_event(&report, &real, &other,
                   &(struct clock_fact){source, 1, NOON + (int64_t)(hour * (double)HOUR), kept},
                   &arena);
}

/* Tried: two hours in place of two days. */
static void filed(void)
{
    arena_release(&arena);
    real = other = (struct sla_catalog){.policy_count = 0};
    report = (struct simulated_report){.real = {.report_id = NULL}};
    catalog_add(&real, &(struct event){.type = CalendarDefined, .CalendarDefined = always}, 1,
                &arena);
    catalog_add(&other, &(struct event){.type = CalendarDefined, .CalendarDefined = always}, 1,
                &arena);
    policy(&real, "default", &two_days, NULL);
    policy(&real, "fast", &two_hours, "urgent");
    policy(&other, "default", &two_hours, NULL);
    policy(&other, "fast", &two_days, "urgent");
    happens(0, FROM_REPORT, created("PUBLIC"));
}

static bool breached(const struct ReportClocks *r, const struct sla_catalog *c, double hour)
{
    struct sla_clock *clocks;
    int count = report_clocks_fold(r, c, &arena, &clocks);
    return clock_breached(clock_named(clocks, count, "resolve"),
                          NOON + (int64_t)(hour * (double)HOUR));
}

TEST(an_open_report_breaches_by_the_shorter_time_alone)
{
    filed();
    CHECK(!breached(&report.other, &other, 1.9));
    CHECK(breached(&report.other, &other, 2));
    CHECK(!breached(&report.real, &real, 2));
}

TEST(what_was_resolved_counts_as_it_was_then)
{
    filed();
    happens(3, FROM_REPORT, EVENT(ReportStatusUpdated, .report_id = R1, .new_status = "RESOLVED"));
    CHECK(breached(&report.other, &other, 100));
    CHECK(!breached(&report.real, &real, 100));
}

TEST(another_policy_begins_by_the_rules_that_are_tried)
{
    filed();
    happens(1, FROM_REPORT, EVENT(ReportPriorityChanged, .report_id = R1, .priority = "urgent"));
    happens(1, FROM_SLA,
            EVENT(SlaRepoliced, .report_id = R1, .clock = "resolve", .policy = "fast",
                  .policy_version = 1, .calendar = "always", .calendar_version = 1));
    CHECK_TEXT(report.other.policy, "fast");
    CHECK(!breached(&report.other, &other, 3));
    CHECK(breached(&report.real, &real, 3));
}

TEST(a_clock_that_there_is_not_has_not_breached)
{
    CHECK(!clock_breached(NULL, NOON));
}
