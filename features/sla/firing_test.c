/* firing_test.c -- what clocks ask for: a level fires once, and nothing is done that was decided on
 * what has moved since. */
#include "tests/support/sentences.h"

#include "features/sla/plan.h"

#define REPORT "report-" R1
#define CASE   "case-" R1

static struct command fire(int64_t report, int64_t casefile, int64_t sla)
{
    return COMMAND(FireLevel, .clock = "resolve", .level = "due", .escalation_level = 1,
                   .reason = "SLA_BREACH", .came_at = NOON - 5, .due_at = NOON - 5,
                   .policy = "default", .policy_version = 3, .target = "agency",
                   .report_version = report, .case_version = casefile, .sla_version = sla);
}

static struct event escalated(const char *level)
{
    return EVENT(ReportEscalated, .report_id = R1, .reason = "SLA_BREACH", .escalation_level = 1,
                 .level = level, .clock = "resolve", .due_at = NOON - 5, .fired_at = NOON,
                 .policy = "default", .policy_version = 3, .target = "agency",
                 .owner_agency = "AGENCY_INFRA", .visibility = "PUBLIC");
}

static struct command change(int64_t report, int64_t casefile, int64_t sla)
{
    return COMMAND(ChangePolicy, .clock = "resolve", .reason = "priority", .consumed_us = 7,
                   .policy = "fast", .policy_version = 1, .calendar = "always",
                   .calendar_version = 2, .report_version = report, .case_version = casefile,
                   .sla_version = sla);
}

static struct command plan(int64_t report, int64_t casefile, int64_t sla)
{
    return COMMAND(PlanClock, .clock = "acknowledge", .reason = "policy", .consumed_us = 7,
                   .policy = "default", .policy_version = 4, .calendar = "always",
                   .calendar_version = 2, .due_at = NOON + 9, .report_version = report,
                   .case_version = casefile, .sla_version = sla);
}

static struct event planned(void)
{
    return EVENT(SlaPlanned, .report_id = R1, .clock = "acknowledge", .reason = "policy",
                 .consumed_us = 7, .policy = "default", .policy_version = 4, .calendar = "always",
                 .calendar_version = 2, .due_at = NOON + 9, .planned_at = NOON);
}

static struct event repoliced(void)
{
    return EVENT(SlaRepoliced, .report_id = R1, .clock = "resolve", .reason = "priority",
                 .consumed_us = 7, .policy = "fast", .policy_version = 1, .calendar = "always",
                 .calendar_version = 2, .repoliced_at = NOON);
}

static void filed(void)
{
    given_nothing();
    given_in(REPORT, created("PUBLIC"));
}

TEST(a_level_fires_on_the_reports_stream_and_not_before_it_came)
{
    filed();
    when(&system_actor, fire(1, 0, 0));
    then(REPORT, "report", escalated("due"));
    CHECK_INT(decided()->not_before, NOON - 5);
    CHECK_INT(asked_for(), 0);
}

TEST(the_event_says_whether_a_higher_level_is_told_in_its_place)
{
    struct command c = fire(1, 0, 0);
    struct event e = escalated("due");
    c.FireLevel.late = c.FireLevel.superseded = true;
    e.ReportEscalated.late = e.ReportEscalated.superseded = true;
    filed();
    when(&system_actor, c);
    then(REPORT, "report", e);
}

TEST(of_a_private_report_on_its_private_stream)
{
    struct event e = escalated("due");
    e.ReportEscalated.visibility = "PRIVATE";
    given_nothing();
    given_in(REPORT, created("PRIVATE"));
    when(&system_actor, fire(1, 0, 0));
    then(REPORT, "report-private", e);
}

/* Whoever asks, with whatever key and whatever they have seen. */
TEST(a_level_fires_once)
{
    filed();
    given_in(REPORT, escalated("due"));
    when(&system_actor, fire(2, 0, 0));
    then_nothing();
    when(&system_actor, fire(1, 0, 0));
    then_nothing();
    filed();
    given_in(REPORT, escalated("w75"));
    when(&system_actor, fire(2, 0, 0));
    then(REPORT, "report", escalated("due"));
}

TEST(what_has_moved_since_is_looked_at_again)
{
    filed();
    given_in(REPORT, moved("RECEIVED", "IN_PROGRESS"));
    when(&system_actor, fire(1, 0, 0));
    then_refused(CLOCK_MOVED);
    when(&system_actor, fire(2, 0, 0));
    then(REPORT, "report", escalated("due"));
    filed(); /* a first hold: the stream was not there when the worker looked */
    given_in(CASE, EVENT(CaseHeld, .report_id = R1, .owner_agency = "AGENCY_INFRA",
                         .reason = "a part", .since = NOON, .held_at = NOON));
    when(&system_actor, fire(1, 0, 0));
    then_refused(CLOCK_MOVED);
    filed();
    given_in("sla-" R1, repoliced());
    when(&system_actor, fire(1, 0, 0));
    then_refused(CLOCK_MOVED);
    when(&system_actor, fire(1, 0, 1));
    then(REPORT, "report", escalated("due"));
}

TEST(another_policy_begins_on_the_stream_of_the_clocks)
{
    filed();
    when(&system_actor, change(1, 0, 0));
    then("sla-" R1, "sla", repoliced());
    filed();
    given_in("sla-" R1, repoliced());
    when(&system_actor, change(1, 0, 0));
    then_refused(CLOCK_MOVED);
}

TEST(only_the_worker_may)
{
    filed();
    when(&admin, fire(1, 0, 0));
    then_refused(NO_SUCH_ITEM);
    when(&admin, change(1, 0, 0));
    then_refused(NO_SUCH_ITEM);
    given_nothing();
    when(&system_actor, fire(0, 0, 0));
    then_refused(NO_SUCH_REPORT);
}

TEST(a_clock_goes_on_by_another_plan_once)
{
    filed();
    when(&system_actor, plan(1, 0, 0));
    then("sla-" R1, "sla", planned());
    filed();
    given_in("sla-" R1, planned());
    when(&system_actor, plan(1, 0, 1));
    then_nothing();
    when(&system_actor, plan(1, 0, 0)); /* before the view has shown it */
    then_nothing();
    struct command newer = plan(1, 0, 1);
    newer.PlanClock.policy_version = 5;
    struct event e = planned();
    e.SlaPlanned.policy_version = 5;
    when(&system_actor, newer);
    then("sla-" R1, "sla", e);
}

TEST(a_plan_that_rests_on_what_has_moved_is_refused)
{
    filed();
    when(&system_actor, plan(2, 0, 0));
    then_refused(CLOCK_MOVED);
    when(&system_actor, plan(1, 1, 0));
    then_refused(CLOCK_MOVED);
    when(&system_actor, plan(1, 0, 1));
    then_refused(CLOCK_MOVED);
    when(&admin, plan(1, 0, 0));
    then_refused(NO_SUCH_ITEM);
}
