/* report_clocks_test.c -- what each event of a report does to its clocks: the table of the README,
 * row by row. Hours since NOON. */
#include "tests/support/sentences.h"

#include "features/sla/report_clocks.h"

#define HOUR (INT64_C(3600) * 1000000)
#define Q1   "019b7f00-0000-7000-8000-0000000000a1"
#define Q2   "019b7f00-0000-7000-8000-0000000000a2"

/* ---- policies: `default`, and `fast` for what is urgent ---- */

static const struct PolicyLevel resolve_levels[] = {
    {.name = "w75", .share_percent = 75, .target = "officer"},
    {.name = "due", .number = 1, .target = "agency"},
    {.name = "late4h", .number = 2, .after_due_seconds = 14400, .target = "supervisor"}};
static const struct PolicyLevel due_level[] = {{.name = "due", .number = 1, .target = "agency"}};
static const struct shape_list of_resolve = {3, resolve_levels}, of_due = {1, due_level};
static const struct PolicyClock four_hours = {4 * 3600, "always", &of_due},
                                day = {24 * 3600, "always", &of_due},
                                two_days = {48 * 3600, "always", &of_resolve},
                                eight_hours = {8 * 3600, "always", &of_resolve};
static const struct policy policies[] = {
    {1,
     {.policy_id = "default",
      .acknowledge = &four_hours,
      .resolve = &two_days,
      .answer = &day,
      .active = true}},
    {1,
     {.policy_id = "fast",
      .rank = 1,
      .priority = "urgent",
      .acknowledge = &four_hours,
      .resolve = &eight_hours,
      .active = true}},
    {1, {.policy_id = "never", .rank = 1, .category = "other", .active = true}}};
static const struct sla_calendar calendars[] = {{.id = "always", .version = 3}};
static const struct sla_catalog catalog = {policies, 3, calendars, 1, 0};

/* ---- given, then ---- */

static struct arena arena;
static struct ReportClocks r;

static void happens(enum clock_source from, double hour, struct event e)
{
    int64_t *versions[] = {&r.report_version, &r.case_version, &r.sla_version};
    struct event *kept = arena_alloc(&arena, sizeof(*kept));
    *kept = e;
    report_clocks_apply(&r, &catalog,
                        &(struct clock_fact){from, *versions[from] + 1,
                                             NOON + (int64_t)(hour * (double)HOUR), kept},
                        &arena);
}

static void filed(void)
{
    arena_release(&arena);
    r = (struct ReportClocks){.report_id = NULL};
    happens(FROM_REPORT, 0, created("PUBLIC"));
}

static void moves(double hour, const char *to)
{
    happens(FROM_REPORT, hour, EVENT(ReportStatusUpdated, .report_id = R1, .new_status = to));
}

static void asks(double hour, const char *id)
{
    happens(FROM_REPORT, hour, EVENT(ReportQuestionAsked, .report_id = R1, .question_id = id));
}

static void answers(double hour, const char *id)
{
    happens(FROM_REPORT, hour, EVENT(ReportQuestionAnswered, .report_id = R1, .question_id = id));
}

static void holds(double hour, const int64_t *until)
{
    happens(FROM_CASE, hour, EVENT(CaseHeld, .report_id = R1, .until = until));
}

static void goes_on(double hour)
{
    happens(FROM_CASE, hour, EVENT(CaseResumed, .report_id = R1));
}

static void becomes(double hour, const char *priority)
{
    happens(FROM_REPORT, hour, EVENT(ReportPriorityChanged, .report_id = R1, .priority = priority));
}

static const struct sla_clock *clock_of(const char *name)
{
    struct sla_clock *clocks;
    int count = report_clocks_fold(&r, &catalog, &arena, &clocks);
    return clock_named(clocks, count, name);
}

/* Hours that it has consumed at that hour; due at which hour, 0: not. */
static void reads(const char *name, double hour, double consumed, double due)
{
    const struct sla_clock *c = clock_of(name);
    CHECK(c != NULL);
    struct clock_reading now = clock_read(c, NOON + (int64_t)(hour * (double)HOUR));
    CHECK_INT(now.consumed_us, (int64_t)(consumed * (double)HOUR));
    CHECK_INT(now.due_at, due > 0 ? NOON + (int64_t)(due * (double)HOUR) : 0);
}

static void is(const char *name, enum clock_state state)
{
    const struct sla_clock *c = clock_of(name);
    CHECK(c && c->ended_at);
    CHECK_INT(c ? (int)c->ended_as : -1, state);
}

static struct clocks_next next(void)
{
    struct sla_clock *clocks;
    int count = report_clocks_fold(&r, &catalog, &arena, &clocks);
    return report_clocks_next(&r, clocks, count);
}

static void comes(double hour, const char *clock, const char *level)
{
    struct clocks_next n = next();
    CHECK_INT(n.what, NEXT_LEVEL);
    CHECK_INT(n.at, NOON + (int64_t)(hour * (double)HOUR));
    CHECK_TEXT(n.clock->name, clock);
    CHECK_TEXT(n.level->name, level);
}

static void nothing_comes(void)
{
    CHECK_INT(next().what, NEXT_NOTHING);
    CHECK_INT(next().at, NEVER);
}

static void fires(double hour, const char *clock, const char *level)
{
    happens(FROM_REPORT, hour,
            EVENT(ReportEscalated, .report_id = R1, .clock = clock, .level = level));
}

/* ---- the table ---- */

TEST(a_report_starts_acknowledge_and_resolve_by_what_is_in_force_then)
{
    filed();
    reads("acknowledge", 1, 1, 4);
    reads("resolve", 1, 1, 48);
    CHECK_TEXT(clock_of("resolve")->terms->policy, "default");
    CHECK_INT(clock_of("resolve")->terms->calendar_version, 3);
    comes(4, "acknowledge", "due");
}

TEST(acknowledged_ends_acknowledge_and_so_does_a_later_status)
{
    filed();
    happens(FROM_REPORT, 1, EVENT(ReportAcknowledged, .report_id = R1));
    is("acknowledge", CLOCK_MET);
    comes(36, "resolve", "w75");
    filed();
    moves(1, "ASSIGNED");
    reads("acknowledge", 2, 2, 4);
    moves(5, "IN_PROGRESS");
    is("acknowledge", CLOCK_LATE);
    filed();
    moves(1, "RESOLVED");
    is("acknowledge", CLOCK_MET);
}

TEST(resolve_waits_while_any_question_is_open_and_each_question_has_a_clock)
{
    filed();
    asks(2, Q1);
    asks(3, Q2);
    reads("resolve", 10, 2, 0);
    reads("answer:" Q1, 10, 8, 26);
    answers(10, Q1);
    is("answer:" Q1, CLOCK_MET);
    reads("resolve", 11, 2, 0);
    answers(12, Q2);
    reads("resolve", 13, 3, 58);
}

TEST(a_hold_stops_all_clocks_those_that_start_in_it_too)
{
    filed();
    holds(2, NULL);
    nothing_comes();
    asks(3, Q1);
    reads("answer:" Q1, 5, 0, 0);
    reads("acknowledge", 5, 2, 0);
    goes_on(6);
    reads("acknowledge", 7, 3, 8);
    reads("answer:" Q1, 7, 1, 30);
    reads("resolve", 7, 2, 0); /* the question is still open */
}

TEST(a_hold_ends_at_its_time)
{
    const int64_t until = NOON + 5 * HOUR, later = NOON + 9 * HOUR;
    filed();
    holds(2, &until);
    CHECK_INT(next().what, NEXT_HOLD_ENDS);
    CHECK_INT(next().at, until);
    holds(3, &later); /* another time: it is one hold */
    CHECK_INT(next().at, later);
    goes_on(4);
    reads("resolve", 5, 3, 50);
}

TEST(resolved_and_rejected_end_the_clocks_and_closing_follows_after_14_days)
{
    filed();
    asks(1, Q1);
    moves(2, "RESOLVED");
    is("resolve", CLOCK_MET);
    is("answer:" Q1, CLOCK_MET);
    CHECK_INT(next().what, NEXT_CLOSE);
    CHECK_INT(next().at, NOON + 2 * HOUR + 14 * DAY);
    moves(3, "CLOSED");
    nothing_comes();
    filed();
    moves(50, "REJECTED");
    is("resolve", CLOCK_LATE);
    nothing_comes();
}

TEST(a_reopened_report_goes_on_with_what_was_consumed_and_what_has_fired)
{
    filed();
    moves(1, "IN_PROGRESS");
    fires(36, "resolve", "w75");
    moves(40, "RESOLVED");
    moves(100, "IN_PROGRESS");
    reads("resolve", 101, 41, 108);
    comes(108, "resolve", "due");
}

TEST(a_withdrawn_report_has_no_clocks_that_were_met_or_missed)
{
    filed();
    moves(1, "WITHDRAWN");
    is("acknowledge", CLOCK_DROPPED);
    is("resolve", CLOCK_DROPPED);
    nothing_comes();
}

TEST(a_level_that_has_fired_does_not_come_again)
{
    filed();
    fires(4, "acknowledge", "due");
    comes(36, "resolve", "w75");
    fires(36, "resolve", "w75");
    comes(48, "resolve", "due");
    fires(48, "resolve", "due");
    comes(52, "resolve", "late4h");
    fires(52, "resolve", "late4h");
    nothing_comes();
}

TEST(another_policy_is_asked_for_first_and_keeps_what_was_consumed)
{
    filed();
    becomes(2, "urgent");
    CHECK_INT(next().what, NEXT_POLICY);
    CHECK_INT(next().at, NOON + 2 * HOUR);
    CHECK_TEXT(r.wants_policy, "priority");
    becomes(3, "high"); /* back before anything was done */
    CHECK(!r.wants_policy);
    becomes(3, "urgent");
    happens(FROM_SLA, 4,
            EVENT(SlaRepoliced, .report_id = R1, .clock = "resolve", .policy = "fast",
                  .policy_version = 1, .calendar = "always", .calendar_version = 3));
    CHECK(!r.wants_policy);
    reads("resolve", 5, 5, 8);
    reads("acknowledge", 5, 5, 4); /* keeps its own; overdue since then */
    fires(4, "acknowledge", "due");
    comes(6, "resolve", "w75");
}

TEST(a_clock_that_the_new_policy_lacks_ends)
{
    filed();
    happens(FROM_REPORT, 1,
            EVENT(ReportEdited, .report_id = R1, .owner_agency = "A", .category = "other"));
    CHECK_TEXT(r.wants_policy, "edited");
    happens(FROM_SLA, 2,
            EVENT(SlaRepoliced, .report_id = R1, .clock = "resolve", .policy = "never",
                  .policy_version = 1));
    is("resolve", CLOCK_DROPPED);
    CHECK(!r.wants_policy);
}

TEST(a_report_keeps_the_versions_it_started_with)
{
    static const struct PolicyClock an_hour = {3600, "always", &of_due};
    static const struct policy newer[] = {
        {1, {.policy_id = "default", .resolve = &two_days, .active = true}},
        {2, {.policy_id = "default", .resolve = &an_hour, .active = true}}};
    static const struct sla_calendar times[] = {{.id = "always", .version = 3},
                                                {.id = "always", .version = 4}};
    const struct sla_catalog later = {newer, 2, times, 2, 0};
    struct sla_clock *clocks;
    filed();
    int count = report_clocks_fold(&r, &later, &arena, &clocks);
    CHECK_INT(clock_named(clocks, count, "resolve")->terms->allotted_us, 48 * HOUR);
    CHECK_INT(clock_named(clocks, count, "resolve")->terms->calendar_version, 3);
    struct event e = created("PUBLIC");
    r = (struct ReportClocks){.report_id = NULL};
    report_clocks_apply(&r, &later, &(struct clock_fact){FROM_REPORT, 1, NOON, &e}, &arena);
    count = report_clocks_fold(&r, &later, &arena, &clocks);
    CHECK_INT(clock_named(clocks, count, "resolve")->terms->allotted_us, HOUR);
    CHECK_INT(clock_named(clocks, count, "resolve")->terms->calendar_version, 4);
}

TEST(a_merged_report_has_no_running_clock_and_gets_them_back)
{
    filed();
    struct event merged = EVENT(ReportMerged, .report_id = R1, .merged_report_id = R1);
    struct event target = EVENT(ReportMerged, .report_id = R1, .merged_report_id = C1);
    happens(FROM_REPORT, 1, target);
    comes(4, "acknowledge", "due");
    happens(FROM_REPORT, 2, merged);
    nothing_comes();
    happens(FROM_REPORT, 5, EVENT(ReportUnmerged, .report_id = R1, .merged_report_id = R1));
    reads("resolve", 6, 3, 51);
    comes(7, "acknowledge", "due");
}

TEST(an_earlier_time_counts_as_that_of_the_event_before)
{
    filed();
    asks(3, Q1);
    answers(1, Q1);
    reads("resolve", 4, 4, 48);
    CHECK_INT(r.last_at, NOON + 3 * HOUR);
}

TEST(every_event_moves_the_version_of_its_stream)
{
    filed();
    happens(FROM_REPORT, 1, EVENT(ReportCommented, .report_id = R1));
    happens(FROM_CASE, 1, EVENT(CaseNoted, .report_id = R1));
    CHECK_INT(r.report_version, 2);
    CHECK_INT(r.case_version, 1);
    CHECK_INT(r.sla_version, 0);
}

static void write_and_read(void)
{
    struct ReportClocks again;
    scoped_text json = {0};
    shape_write(&ReportClocks_shape, &r, &json);
    CHECK_OK(shape_read_stored(&ReportClocks_shape, text_value(&json), &arena, &again, NULL));
    r = again;
}

TEST(what_is_kept_is_written_and_read_again)
{
    filed();
    asks(3, Q1);
    holds(4, NULL);
    write_and_read();
    goes_on(5);
    answers(6, Q1);
    reads("resolve", 7, 4, 51);
}

TEST(a_report_that_no_policy_is_for_has_no_clocks)
{
    const struct sla_catalog none = {.policy_count = 0};
    struct event e = created("PUBLIC");
    arena_release(&arena);
    r = (struct ReportClocks){.report_id = NULL};
    report_clocks_apply(&r, &none, &(struct clock_fact){FROM_REPORT, 1, NOON, &e}, &arena);
    write_and_read();
    CHECK(!clock_of("resolve"));
    asks(1, Q1);
    holds(2, NULL);
    answers(3, Q1);
    moves(4, "RESOLVED");
    CHECK_INT(next().what, NEXT_CLOSE);
}
