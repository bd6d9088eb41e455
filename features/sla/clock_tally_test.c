/* clock_tally_test.c -- as what a clock counts in the summary, and how its time is rounded. */
#include "tests/support/harness.h"

#include "features/sla/clock_tally.h"

#define HOUR (3600 * INT64_C(1000000))

static const struct working_time always[1];
static const struct sla_level levels[] = {{.name = "w75", .share_percent = 75},
                                          {.name = "due", .number = 1},
                                          {.name = "late", .number = 2}};
static const struct sla_terms four_hours[] = {
    {.allotted_us = 4 * HOUR, .levels = levels, .level_count = 3, .time = always}};
static const struct sla_terms eight_hours[] = {
    {.allotted_us = 8 * HOUR, .levels = levels + 1, .level_count = 2, .time = always}};

static struct sla_clock started(void)
{
    struct sla_clock c;
    clock_start(&c, "resolve", four_hours, HOUR);
    return c;
}

/* `word` is what the row of a table would say. */
static void counts(const struct sla_clock *c, int64_t hour, const char *word, int64_t hours)
{
    struct clock_cell cell;
    if (!clock_cell_of(c, hour * HOUR, &cell)) {
        CHECK_TEXT("nothing", word);
        return;
    }
    CHECK_TEXT(cell.ended      ? cell.breached ? "late"
                                 : cell.warned ? "met, warned"
                                               : "met"
               : cell.breached ? "overdue"
               : cell.warned   ? "open, warned"
                               : "open",
               word);
    CHECK(!(cell.breached && cell.warned));
    CHECK_INT(cell.step, cell.ended ? time_step(hours * HOUR) : 0);
}

TEST(an_open_clock_is_breached_once_something_happens_after_it_is_due)
{
    struct sla_clock c = started();
    counts(&c, 1, "open", 0);
    clock_fire(&c, 4 * HOUR, "w75");
    counts(&c, 4, "open, warned", 0);
    clock_pause(&c, 5 * HOUR, PAUSED_BY_HOLD); /* at the very moment */
    counts(&c, 5, "overdue", 0);
    counts(&c, 9, "overdue", 0);
}

TEST(a_clock_that_ended_in_time_is_met_and_stays_warned)
{
    struct sla_clock c = started(), d = started();
    clock_end(&c, 3 * HOUR);
    counts(&c, 9, "met", 2);
    clock_fire(&d, 4 * HOUR, "w75");
    clock_end(&d, 5 * HOUR - 1000000);
    counts(&d, 9, "met, warned", 4);
}

TEST(a_clock_that_ended_late_is_no_longer_warned)
{
    struct sla_clock c = started();
    clock_fire(&c, 4 * HOUR, "w75");
    clock_fire(&c, 5 * HOUR, "due");
    clock_end(&c, 8 * HOUR);
    counts(&c, 8, "late", 7);
}

TEST(a_level_that_is_no_warning_warns_of_nothing)
{
    struct sla_clock c = started();
    clock_fire(&c, 2 * HOUR, "due");
    counts(&c, 2, "open", 0);
    clock_fire(&c, 2 * HOUR, "w75");
    counts(&c, 2, "open, warned", 0);
    clock_repolicy(&c, 2 * HOUR, eight_hours); /* which have no such level */
    counts(&c, 2, "open", 0);
}

TEST(a_reopened_clock_is_open_with_what_it_had_consumed)
{
    struct sla_clock c = started();
    clock_end(&c, 4 * HOUR);
    counts(&c, 4, "met", 3);
    clock_reopen(&c, 24 * HOUR);
    counts(&c, 24, "open", 0);
    counts(&c, 25, "overdue", 0);
    clock_end(&c, 25 * HOUR);
    counts(&c, 25, "late", 4);
}

TEST(a_dropped_clock_counts_as_nothing)
{
    struct sla_clock c = started();
    clock_drop(&c, 2 * HOUR);
    counts(&c, 9, "nothing", 0);
}

TEST(the_time_of_a_step_is_near_and_keeps_the_order)
{
    int last = 0;
    for (int64_t us = 1000000; us < 3000 * 24 * HOUR; us += 1 + us / 1009) {
        int step = time_step(us);
        int64_t time = time_of_step(step);
        if (llabs(time - us) * 32 > us || step < last || step > last + 1 || time_step(time) != step)
            test_int(__FILE__, __LINE__, "time of a step", time, us);
        last = step;
    }
    CHECK_INT(time_step(0), 0);
    CHECK_INT(time_step(999999), 0);
    CHECK_INT(time_step(1000000), 1);
    CHECK_INT(time_of_step(0), 0);
    CHECK_INT(time_of_step(1), 1031250);
    CHECK_INT(time_step((INT64_C(1) << 30) * 1000000 - 1), TIME_STEPS - 1);
    CHECK_INT(time_step(INT64_MAX), TIME_STEPS - 1);
}

static void add(struct clock_tally *t, int step, int clocks)
{
    for (int i = 0; i < clocks; i++)
        CHECK(clock_tally_add(t, &(struct clock_cell){.ended = true, .step = step}, 1));
}

TEST(half_of_the_clocks_ended_within_the_median)
{
    struct clock_tally t = {0};
    CHECK_INT(clock_tally_time(&t, 5), -1);
    CHECK(clock_tally_add(&t, &(struct clock_cell){.breached = true}, 1));
    CHECK_INT(clock_tally_time(&t, 5), -1); /* an open one took no time */
    add(&t, 7, 5);
    add(&t, 300, 4);
    add(&t, 31, 1);
    CHECK_INT(clock_tally_time(&t, 5), time_of_step(7));
    CHECK_INT(clock_tally_time(&t, 9), time_of_step(300));
    add(&t, 0, 1);
    add(&t, 31, 1);
    CHECK_INT(clock_tally_time(&t, 5), time_of_step(7));
    add(&t, 31, 1);
    CHECK_INT(clock_tally_time(&t, 5), time_of_step(31));
    CHECK_INT(t.ended, 13);
    CHECK_INT(t.met, 13);
}

TEST(what_was_not_counted_cannot_be_taken_away)
{
    static const struct clock_cell open[1], late[1] = {{true, true, false, 3}},
                                            met[1] = {{true, false, false, 3}};
    struct clock_tally t = {0}, none = {0};
    CHECK(clock_tally_add(&t, open, 1));
    CHECK(clock_tally_add(&t, late, 1));
    CHECK(clock_tally_add(&t, open, -1));
    CHECK(clock_tally_add(&t, late, -1));
    CHECK(memcmp(&t, &none, sizeof(t)) == 0);
    CHECK(!clock_tally_add(&t, open, -1));
    CHECK(clock_tally_add(&t, met, 1)); /* of the same step */
    CHECK(!clock_tally_add(&t, late, -1));
    CHECK(clock_tally_add(&t, met, -1));
    CHECK(memcmp(&t, &none, sizeof(t)) == 0);
}
