/* explain_test.c -- the intervals of a clock, as people read them. Hours since Monday, 2024-01-01
 * 00:00 UTC; the office works from 8 to 16, and Tuesday is a holiday. */
#include "tests/support/harness.h"

#include "features/sla/explain.h"

#define HOUR     (3600 * INT64_C(1000000))
#define MONDAY   (1704067200 * INT64_C(1000000))
#define AT(hour) (MONDAY + (int64_t)(hour)*HOUR)

static const struct work_hours office_hours[] = {
    {0, 480, 960}, {1, 480, 960}, {2, 480, 960}, {3, 480, 960}, {4, 480, 960}};
static const struct holiday tuesday[] = {{MONDAY / (24 * HOUR) + 1, "Founders' Day"}};
static const struct working_time always[1],
    office[] = {{.hours = office_hours, .hours_count = 5, .holidays = tuesday, .holiday_count = 1}};
static const struct sla_terms in_office[] = {{.allotted_us = 12 * HOUR, .time = office}};
static const struct sla_terms two_days[] = {{.allotted_us = 48 * HOUR, .time = always}};

static struct clock_event begins(const struct sla_terms *terms, int64_t hour)
{
    return (struct clock_event){.kind = CLOCK_STARTED, .at = AT(hour), .terms = terms};
}

static struct clock_event becomes(enum clock_event_kind kind, int64_t hour, unsigned reasons)
{
    return (struct clock_event){.kind = kind, .at = AT(hour), .reasons = reasons};
}

#define EXPLAIN(now, ...)                              \
    const struct clock_event events[] = {__VA_ARGS__}; \
    scoped_arena a = {0};                              \
    const struct clock_interval *rows;                 \
    int count = clock_explain(events, sizeof(events) / sizeof(events[0]), AT(now), &a, &rows)

static void shows(const struct clock_interval *i, int64_t from, int64_t to, enum clock_why why)
{
    CHECK_INT(i->from, AT(from));
    CHECK_INT(i->to, AT(to));
    CHECK_INT(i->why, why);
    CHECK_INT(i->counted_us, why == COUNTED ? (to - from) * HOUR : 0);
}

TEST(office_hours_nights_and_a_holiday_are_intervals_of_their_own)
{
    EXPLAIN(58, begins(in_office, 6));
    CHECK_INT(count, 6);
    shows(&rows[0], 6, 8, BEYOND_HOURS);
    shows(&rows[1], 8, 16, COUNTED);
    shows(&rows[2], 16, 24, BEYOND_HOURS);
    shows(&rows[3], 24, 48, BEYOND_BY_HOLIDAY);
    CHECK_TEXT(rows[3].holiday, "Founders' Day");
    shows(&rows[4], 48, 56, BEYOND_HOURS);
    shows(&rows[5], 56, 58, COUNTED);
}

TEST(a_pause_is_one_interval_for_each_set_of_reasons)
{
    EXPLAIN(20, begins(two_days, 0), becomes(CLOCK_PAUSED, 5, PAUSED_BY_QUESTION),
            becomes(CLOCK_PAUSED, 7, PAUSED_BY_HOLD), becomes(CLOCK_PAUSED, 8, PAUSED_BY_HOLD),
            becomes(CLOCK_RESUMED, 9, PAUSED_BY_QUESTION),
            becomes(CLOCK_RESUMED, 12, PAUSED_BY_HOLD));
    CHECK_INT(count, 5);
    shows(&rows[0], 0, 5, COUNTED);
    shows(&rows[1], 5, 7, WHILE_PAUSED);
    CHECK_INT(rows[1].reasons, PAUSED_BY_QUESTION);
    shows(&rows[2], 7, 9, WHILE_PAUSED);
    CHECK_INT(rows[2].reasons, PAUSED_BY_QUESTION | PAUSED_BY_HOLD);
    shows(&rows[3], 9, 12, WHILE_PAUSED);
    CHECK_INT(rows[3].reasons, PAUSED_BY_HOLD);
    shows(&rows[4], 12, 20, COUNTED);
}

TEST(an_ended_clock_is_explained_until_now_and_through_its_reopening)
{
    EXPLAIN(50, begins(two_days, 0), becomes(CLOCK_ENDED, 10, 0),
            becomes(CLOCK_PAUSED, 12, PAUSED_BY_HOLD), becomes(CLOCK_RESUMED, 15, PAUSED_BY_HOLD),
            becomes(CLOCK_REOPENED, 20, 0), becomes(CLOCK_GIVEN_UP, 30, 0));
    CHECK_INT(count, 4);
    shows(&rows[1], 10, 20, AFTER_THE_END);
    shows(&rows[2], 20, 30, COUNTED);
    shows(&rows[3], 30, 50, AFTER_THE_END);
}

TEST(new_terms_begin_an_interval_that_names_them)
{
    EXPLAIN(16, begins(two_days, 0),
            ((struct clock_event){.kind = CLOCK_REPOLICIED, .at = AT(10), .terms = in_office}));
    CHECK_INT(count, 2);
    shows(&rows[0], 0, 10, COUNTED);
    CHECK(rows[0].terms == two_days);
    shows(&rows[1], 10, 16, COUNTED);
    CHECK(rows[1].terms == in_office);
}

TEST(what_takes_no_time_is_no_interval)
{
    EXPLAIN(2, begins(two_days, 5), becomes(CLOCK_PAUSED, 4, PAUSED_BY_HOLD),
            becomes(CLOCK_RESUMED, 5, PAUSED_BY_HOLD));
    CHECK_INT(count, 0);
    CHECK(rows);
}

TEST(past_a_thousand_intervals_the_last_one_sums_up_the_rest)
{
    EXPLAIN(24 * 7 * 1000, begins(in_office, 0));
    CHECK_INT(count, CLOCK_INTERVALS_MAX + 1);
    const struct clock_interval *sum = &rows[CLOCK_INTERVALS_MAX];
    struct sla_clock c;
    int64_t counted = 0;
    clock_start(&c, "resolve", in_office, AT(0));
    for (int i = 0; i < count; i++)
        counted += rows[i].counted_us;
    CHECK_INT(counted, clock_read(&c, AT(24 * 7 * 1000)).consumed_us);
    CHECK_INT(sum->why, LEFT_OUT);
    CHECK_INT(sum->from, rows[CLOCK_INTERVALS_MAX - 1].to);
    CHECK_INT(sum->to, AT(24 * 7 * 1000));
    /* before the first day; then each week has five days and five nights, the last of them until
     * Monday, and the first week a holiday in place of a day */
    CHECK_INT(sum->left_out, 10 * 1000 + 1 - CLOCK_INTERVALS_MAX);
}
