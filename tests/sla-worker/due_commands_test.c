/* due_commands_test.c -- the command that a report's clocks ask for, and when. */
#include "tests/support/harness.h"

#include "sla-worker/due_commands.h"

#define R1     "019b7f00-0000-7000-8000-000000000001"
#define SECOND INT64_C(1000000)
#define FILED  INT64_C(1767355200000000)

static const struct PolicyLevel levels[] = {
    {.name = "w50", .share_percent = 50, .target = "officer"},
    {.name = "due", .number = 1, .target = "agency"}};
static const struct shape_list two_levels = {2, levels};
static const struct PolicyClock ten_seconds = {10, "always", &two_levels};
static const struct policy policies[] = {
    {1, {.policy_id = "default", .resolve = &ten_seconds, .active = true}},
    {4,
     {.policy_id = "fast",
      .rank = 1,
      .priority = "urgent",
      .resolve = &ten_seconds,
      .active = true}}};
static const struct sla_calendar calendars[] = {{.id = "always", .version = 2}};
static const struct sla_catalog catalog = {policies, 2, calendars, 1, 0};

static struct arena arena;
static struct ReportClocks r;
static struct due_command d;

static void happens(enum clock_source from, int64_t version, int64_t at, struct event e)
{
    struct event *kept = arena_alloc(&arena, sizeof(*kept));
    *kept = e;
    report_clocks_apply(&r, &catalog,
                        &(struct clock_fact){from, version, FILED + at * SECOND, kept}, &arena);
}

static void filed(void)
{
    arena_release(&arena);
    r = (struct ReportClocks){.report_id = NULL};
    happens(FROM_REPORT, 1, 0,
            EVENT(ReportCreated, .report_id = R1, .visibility = "PUBLIC", .category = "x",
                  .owner_agency = "A", .status = "RECEIVED"));
}

static bool is_due(int64_t us)
{
    due_command_release(&d);
    d = (struct due_command){.late_us = 0};
    return due_command_fill(&d, &r, &catalog, FILED + us);
}

TEST(a_level_is_fired_when_it_has_come_and_not_before)
{
    filed();
    CHECK(!is_due(5 * SECOND - 1));
    CHECK(is_due(5 * SECOND));
    const struct FireLevel *f = &d.pending.command.FireLevel;
    CHECK_INT(d.pending.command.type, FireLevel);
    CHECK_TEXT(d.pending.command.target, R1);
    CHECK_INT(d.pending.command.actor.role, SYSTEM);
    CHECK_TEXT(f->clock, "resolve");
    CHECK_TEXT(f->level, "w50");
    CHECK_TEXT(f->reason, "SLA_WARNING");
    CHECK_INT(f->came_at, FILED + 5 * SECOND);
    CHECK_INT(f->due_at, FILED + 10 * SECOND);
    CHECK(!f->late);
    CHECK_INT(f->report_version, 1);
    CHECK_INT(f->case_version, 0);
}

TEST(long_after_its_time_it_is_late)
{
    filed();
    CHECK(is_due(5 * SECOND + 11 * SECOND));
    CHECK_TEXT(d.pending.command.FireLevel.level, "w50"); /* one after the other */
    CHECK(d.pending.command.FireLevel.late);
    CHECK_INT(d.late_us, 11 * SECOND);
}

static bool fires_silently(void)
{
    CHECK_INT(d.pending.command.type, FireLevel);
    return d.pending.command.FireLevel.superseded;
}

/* Both came while nobody was there. */
TEST(of_late_levels_of_one_clock_the_highest_alone_is_told)
{
    filed();
    CHECK(is_due(9 * SECOND));
    CHECK(!fires_silently());
    CHECK(is_due(16 * SECOND));
    CHECK(fires_silently());
    happens(FROM_REPORT, 2, 16,
            EVENT(ReportEscalated, .report_id = R1, .clock = "resolve", .level = "w50"));
    CHECK(is_due(30 * SECOND));
    CHECK_TEXT(d.pending.command.FireLevel.level, "due");
    CHECK(!fires_silently());
}

/* Who is told of it in time is told of each. */
TEST(what_is_not_late_is_told_though_a_higher_level_has_come)
{
    filed();
    CHECK(is_due(14 * SECOND)); /* w50 has come 9 s ago, due 4 s ago */
    CHECK(!d.pending.command.FireLevel.late);
    CHECK(!fires_silently());
}

/* It was told when it fired. */
TEST(a_higher_level_that_has_fired_supersedes_nothing)
{
    filed();
    happens(FROM_REPORT, 2, 11,
            EVENT(ReportEscalated, .report_id = R1, .clock = "resolve", .level = "due"));
    CHECK(is_due(30 * SECOND));
    CHECK_TEXT(d.pending.command.FireLevel.level, "w50");
    CHECK(!fires_silently());
}

TEST(the_key_is_of_report_clock_and_level)
{
    char first[DIGEST_TEXT];
    filed();
    CHECK(is_due(5 * SECOND));
    snprintf(first, sizeof(first), "%s", d.pending.key);
    CHECK(is_due(9 * SECOND));
    CHECK_TEXT(d.pending.key, first);
    happens(FROM_REPORT, 2, 5,
            EVENT(ReportEscalated, .report_id = R1, .clock = "resolve", .level = "w50"));
    CHECK(is_due(10 * SECOND));
    CHECK_TEXT(d.pending.command.FireLevel.level, "due");
    CHECK_TEXT(d.pending.command.FireLevel.reason, "SLA_BREACH");
    CHECK_INT(d.pending.command.FireLevel.report_version, 2);
    CHECK(!text_equal(d.pending.key, first));
}

TEST(another_policy_begins_with_what_was_consumed)
{
    filed();
    happens(FROM_REPORT, 2, 3, EVENT(ReportPriorityChanged, .report_id = R1, .priority = "urgent"));
    CHECK(is_due(4 * SECOND));
    const struct ChangePolicy *p = &d.pending.command.ChangePolicy;
    CHECK_INT(d.pending.command.type, ChangePolicy);
    CHECK_TEXT(p->policy, "fast");
    CHECK_INT(p->policy_version, 4);
    CHECK_TEXT(p->calendar, "always");
    CHECK_INT(p->calendar_version, 2);
    CHECK_TEXT(p->reason, "priority");
    CHECK_INT(p->consumed_us, 4 * SECOND);
}

/* Though nothing has happened to the report since. */
TEST(what_was_applied_is_planned_before_anything_fires)
{
    static const struct PolicyClock minute = {60, "always", &two_levels};
    static const struct policy newer[] = {
        {1, {.policy_id = "default", .resolve = &ten_seconds, .active = true}},
        {2, {.policy_id = "default", .resolve = &minute, .active = true, .apply = "open"}}};
    const struct sla_catalog applied = {newer, 2, calendars, 1, 1};
    filed();
    due_command_release(&d);
    d = (struct due_command){.late_us = 0};
    CHECK(due_command_fill(&d, &r, &applied, FILED + 11 * SECOND));
    const struct PlanClock *p = &d.pending.command.PlanClock;
    CHECK_INT(d.pending.command.type, PlanClock);
    CHECK_TEXT(p->clock, "resolve");
    CHECK_TEXT(p->policy, "default");
    CHECK_INT(p->policy_version, 2);
    CHECK_TEXT(p->calendar, "always");
    CHECK_INT(p->calendar_version, 2);
    CHECK_TEXT(p->reason, "policy");
    CHECK_INT(p->consumed_us, 11 * SECOND);
    CHECK_INT(p->due_at, FILED + 60 * SECOND);
    CHECK_INT(p->report_version, 1);
    CHECK_INT(d.late_us, 0);
}

TEST(a_hold_ends_and_a_resolved_report_is_closed)
{
    const int64_t until = FILED + 8 * SECOND;
    filed();
    happens(FROM_CASE, 1, 1, EVENT(CaseHeld, .report_id = R1, .until = &until));
    CHECK(!is_due(8 * SECOND - 1));
    CHECK(is_due(8 * SECOND));
    CHECK_INT(d.pending.command.type, ResumeCase);
    filed();
    happens(FROM_REPORT, 2, 2,
            EVENT(ReportStatusUpdated, .report_id = R1, .new_status = "RESOLVED"));
    CHECK(!is_due(2 * SECOND + CLOSES_AFTER_US - 1));
    CHECK(is_due(2 * SECOND + CLOSES_AFTER_US));
    CHECK_INT(d.pending.command.type, UpdateReportStatus);
    CHECK_TEXT(d.pending.command.UpdateReportStatus.status, "CLOSED");
}

/* What was read of the view is gone when the writer decides. */
TEST(the_command_borrows_nothing_of_the_state)
{
    filed();
    happens(FROM_REPORT, 2, 3, EVENT(ReportPriorityChanged, .report_id = R1, .priority = "urgent"));
    scoped_text json = {0};
    shape_write(&ReportClocks_shape, &r, &json);
    struct arena own = {0};
    struct ReportClocks again;
    CHECK_OK(shape_read_stored(&ReportClocks_shape, text_value(&json), &own, &again, NULL));
    due_command_release(&d);
    d = (struct due_command){.late_us = 0};
    CHECK(due_command_fill(&d, &again, &catalog, FILED + 4 * SECOND));
    arena_release(&own);
    scoped_text body = {0};
    shape_write(command_shape(ChangePolicy), d.pending.command.body, &body); /* under ASan */
    CHECK(strstr(text_value(&body), "\"reason\":\"priority\"") != NULL);
}
