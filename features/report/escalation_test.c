/* escalation_test.c -- which levels of a report's clocks have fired. */
#include "tests/support/sentences.h"

static struct event escalated(const char *clock, const char *level)
{
    return EVENT(ReportEscalated, .report_id = R1, .reason = "SLA_BREACH", .escalation_level = 1,
                 .level = level, .clock = clock, .due_at = NOON, .fired_at = NOON,
                 .policy = "default", .policy_version = 1, .target = "agency",
                 .owner_agency = "AGENCY_INFRA", .visibility = "PUBLIC");
}

static const struct report *after_the_move(void)
{
    when(&officer_infra, COMMAND(UpdateReportStatus, .status = "IN_PROGRESS"));
    then("report-" R1, "report", moved("RECEIVED", "IN_PROGRESS"));
    return decided_state();
}

TEST(a_level_of_a_clock_fires_once)
{
    given_nothing();
    given(created("PUBLIC"));
    given(escalated("resolve", "w75"));
    given(escalated("answer:" N1, "due"));
    const struct report *r = after_the_move();
    CHECK(!may_fire(r, "resolve", "w75"));
    CHECK(!may_fire(r, "answer:" N1, "due"));
    CHECK(may_fire(r, "resolve", "due"));
    CHECK(may_fire(r, "acknowledge", "w75"));
}

TEST(what_has_fired_stays_fired_whatever_becomes_of_the_report)
{
    given_nothing();
    given(created("PUBLIC"));
    given(escalated("resolve", "due"));
    given(moved("RECEIVED", "RESOLVED"));
    given(moved("RESOLVED", "IN_PROGRESS"));
    given(EVENT(ReportForwarded, .report_id = R1, .old_owner_agency = "AGENCY_INFRA",
                .owner_agency = "AGENCY_HEALTH", .old_category = "infrastruktur",
                .category = "infrastruktur", .old_kind = "issue", .kind = "issue",
                .old_status = "IN_PROGRESS", .new_status = "IN_PROGRESS", .visibility = "PUBLIC",
                .note = "yours", .forwarded_at = NOON));
    when(&officer_health, COMMAND(AcknowledgeCase));
    CHECK_INT(decided()->emitted_count, 1);
    CHECK(!may_fire(decided_state(), "resolve", "due"));
}

TEST(past_so_many_no_level_fires_any_more)
{
    scoped_arena a = {0};
    struct report r = {0};
    const struct decider *d = stream_decider("report-" R1);
    char clock[16] = "";
    for (int i = 0; i < FIRINGS_MAX; i++) {
        snprintf(clock, sizeof(clock), "answer:%d", i);
        CHECK(may_fire(&r, clock, "due"));
        struct event e = escalated(clock, "due");
        d->evolve(&r, &e, &a);
        CHECK(!may_fire(&r, clock, "due")); /* whose text it has copied */
    }
    CHECK(!may_fire(&r, "resolve", "due"));
}
