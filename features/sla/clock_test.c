/* clock_test.c -- what one clock says after what happened to it. Times are hours since Monday,
 * 2024-01-01 00:00 UTC; offices work from 8 to 16. */
#include "tests/support/harness.h"

#include "features/sla/clock.h"

#define HOUR     (3600 * INT64_C(1000000))
#define MONDAY   (1704067200 * INT64_C(1000000))
#define AT(hour) (MONDAY + (int64_t)(hour)*HOUR)

static const struct working_time always[1];
static const struct work_hours office_hours[] = {
    {0, 480, 960}, {1, 480, 960}, {2, 480, 960}, {3, 480, 960}, {4, 480, 960}};
static const struct working_time office[] = {{.hours = office_hours, .hours_count = 5}};

static const struct sla_level levels[] = {
    {.name = "w75", .share_percent = 75},
    {.name = "due", .share_percent = 100},
    {.name = "late4h", .after_due_s = 4 * 3600},
    {.name = "late1d", .after_due_s = 24 * 3600},
};
enum { W75, DUE, LATE4H, LATE1D };
static const struct sla_level patient_levels[] = {
    {.name = "due"}, {.name = "late4h", .after_due_s = 4 * 3600, .office_hours = true}};

#define TERMS(hours, calendar, rows)                                        \
    {                                                                       \
        .allotted_us = (hours)*HOUR, .levels = (rows),                      \
        .level_count = sizeof(rows) / sizeof((rows)[0]), .time = (calendar) \
    }
static const struct sla_terms two_days[] = {TERMS(48, always, levels)};
static const struct sla_terms one_day[] = {TERMS(24, always, levels)};
static const struct sla_terms eight_hours[] = {TERMS(8, always, levels)};
static const struct sla_terms in_office[] = {TERMS(12, office, levels)};
static const struct sla_terms patient[] = {TERMS(12, office, patient_levels)};
static const struct sla_terms without_levels[] = {{.allotted_us = 48 * HOUR, .time = always}};

static struct sla_clock clock_of(const struct sla_terms *terms, int64_t hour)
{
    struct sla_clock c;
    clock_start(&c, "resolve", terms, AT(hour));
    return c;
}

/* Whole hours, since Monday or of an amount. */
static void reads(const struct sla_clock *c, int64_t hour, int64_t consumed, int64_t due)
{
    struct clock_reading r = clock_read(c, AT(hour));
    CHECK_INT(r.consumed_us, consumed * HOUR);
    CHECK_INT(r.remaining_us, c->terms->allotted_us - consumed * HOUR);
    CHECK_INT(r.due_at, due ? AT(due) : 0);
}

static void comes(const struct sla_clock *c, int64_t now, int level, int64_t hour)
{
    struct clock_reading r = clock_read(c, AT(now));
    CHECK_INT(r.next, level);
    CHECK_INT(r.next_at, hour ? AT(hour) : 0);
    CHECK(!r.next_passed);
}

static void is_passed(const struct sla_clock *c, int64_t now, int level, int64_t hour)
{
    struct clock_reading r = clock_read(c, AT(now));
    CHECK_INT(r.next, level);
    CHECK_INT(r.next_at, AT(hour));
    CHECK(r.next_passed);
}

TEST(a_clock_that_runs_consumes_all_time_round_the_clock)
{
    struct sla_clock c = clock_of(two_days, 1);
    reads(&c, 1, 0, 49);
    reads(&c, 31, 30, 49);
    CHECK(!clock_read(&c, AT(49) - 1).overdue);
    CHECK(clock_read(&c, AT(49)).overdue);
    reads(&c, 60, 59, 49);
}

TEST(in_office_hours_only_those_count)
{
    struct sla_clock c = clock_of(in_office, 4);
    reads(&c, 20, 8, 24 + 12);
    reads(&c, 24 + 12, 12, 24 + 12);
    c = clock_of(in_office, 4 * 24 + 12); /* Friday noon */
    reads(&c, 6 * 24, 4, 7 * 24 + 16);
}

TEST(a_clock_whose_time_ends_with_the_office_hours_is_due_that_evening)
{
    struct sla_clock c = clock_of(in_office, 12);
    clock_end(&c, AT(24 + 20)); /* 4 + 8 hours until 16:00 */
    CHECK_INT(c.ended_as, CLOCK_LATE);
    CHECK_INT(c.due_since, AT(24 + 16));
}

TEST(a_paused_clock_stands_still_is_due_at_no_time_and_fires_nothing)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_pause(&c, AT(36) - 1, PAUSED_BY_QUESTION);
    CHECK_INT(clock_read(&c, AT(100)).consumed_us, 36 * HOUR - 1);
    CHECK_INT(clock_read(&c, AT(100)).due_at, 0);
    comes(&c, 100, W75, 0);
    clock_resume(&c, AT(100) - 1, PAUSED_BY_QUESTION);
    reads(&c, 101, 37, 112);
    comes(&c, 101, W75, 100);
}

TEST(a_level_reached_at_the_very_moment_of_a_pause_comes_when_it_resumes)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_pause(&c, AT(36), PAUSED_BY_HOLD);
    clock_resume(&c, AT(50), PAUSED_BY_HOLD);
    comes(&c, 55, W75, 50);
}

TEST(of_two_pauses_the_clock_waits_for_both_to_end)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_pause(&c, AT(10), PAUSED_BY_QUESTION);
    clock_pause(&c, AT(20), PAUSED_BY_HOLD);
    clock_resume(&c, AT(30), PAUSED_BY_QUESTION);
    reads(&c, 40, 10, 0);
    clock_resume(&c, AT(40), PAUSED_BY_HOLD);
    reads(&c, 41, 11, 78);
}

TEST(a_pause_told_twice_ends_once)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_pause(&c, AT(10), PAUSED_BY_HOLD);
    clock_pause(&c, AT(12), PAUSED_BY_HOLD);
    clock_resume(&c, AT(15), PAUSED_BY_HOLD);
    clock_resume(&c, AT(18), PAUSED_BY_HOLD);
    reads(&c, 20, 15, 53);
}

TEST(a_new_policy_loses_neither_a_pause_nor_what_was_consumed)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_pause(&c, AT(10), PAUSED_BY_QUESTION);
    clock_repolicy(&c, AT(20), one_day);
    reads(&c, 30, 10, 0);
    clock_resume(&c, AT(30), PAUSED_BY_QUESTION);
    reads(&c, 30, 10, 44);
    comes(&c, 30, W75, 38);
}

TEST(a_new_calendar_counts_from_then_on)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_repolicy(&c, AT(6), in_office);
    reads(&c, 20, 14, 14);
    clock_repolicy(&c, AT(20), two_days);
    reads(&c, 21, 15, 54);
}

TEST(levels_that_fired_stay_fired_by_name_through_policies_that_lack_them)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_fire(&c, AT(36), "w75");
    comes(&c, 37, DUE, 48);
    clock_repolicy(&c, AT(37), without_levels);
    CHECK_INT(clock_read(&c, AT(38)).next, -1);
    CHECK_INT(clock_read(&c, AT(38)).next_at, NEVER);
    clock_repolicy(&c, AT(39), two_days);
    comes(&c, 40, DUE, 48);
}

TEST(levels_that_a_shorter_policy_has_behind_it_come_at_once_and_as_passed)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_repolicy(&c, AT(10), eight_hours);
    is_passed(&c, 10, W75, 10);
    clock_fire(&c, AT(10), "w75");
    is_passed(&c, 11, DUE, 10);
    CHECK_INT(clock_read(&c, AT(11)).due_at, AT(10));
    clock_fire(&c, AT(11), "due");
    comes(&c, 11, LATE4H, 14);
}

TEST(a_level_that_nobody_fired_came_when_it_came_whatever_happened_since)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_pause(&c, AT(40), PAUSED_BY_HOLD);
    clock_resume(&c, AT(44), PAUSED_BY_HOLD);
    comes(&c, 60, W75, 36);
    clock_repolicy(&c, AT(60), one_day);
    comes(&c, 61, W75, 36);
    clock_fire(&c, AT(61), "w75");
    comes(&c, 61, DUE, 52);
}

TEST(a_longer_policy_takes_back_what_has_come_but_not_fired)
{
    struct sla_clock c = clock_of(eight_hours, 0);
    clock_fire(&c, AT(6), "w75");
    clock_repolicy(&c, AT(20), two_days);
    CHECK(!clock_read(&c, AT(20)).overdue);
    comes(&c, 20, DUE, 48);
    clock_fire(&c, AT(48), "due");
    comes(&c, 48, LATE4H, 52); /* it has no overrun of the old policy */
}

TEST(the_overrun_stays_if_the_clock_was_due_and_still_is)
{
    struct sla_clock c = clock_of(eight_hours, 0);
    clock_fire(&c, AT(6), "w75");
    clock_fire(&c, AT(8), "due");
    clock_repolicy(&c, AT(11), in_office); /* 12 hours: no longer due */
    CHECK(!clock_read(&c, AT(11)).overdue);
    comes(&c, 11, LATE4H, 16);
    clock_repolicy(&c, AT(14), eight_hours);
    CHECK_INT(clock_read(&c, AT(14)).due_at, AT(12));
    comes(&c, 14, LATE4H, 16);
}

TEST(late_levels_come_at_night_too_unless_they_wait_for_office_hours)
{
    struct sla_clock c = clock_of(in_office, 4);
    clock_fire(&c, AT(34), "w75");
    clock_fire(&c, AT(36), "due");
    comes(&c, 36, LATE4H, 40);
    clock_fire(&c, AT(40), "late4h");
    clock_pause(&c, AT(42), PAUSED_BY_HOLD);
    clock_resume(&c, AT(42), PAUSED_BY_HOLD);
    comes(&c, 42, LATE1D, 60);
    c = clock_of(patient, 6);
    comes(&c, 6, 0, 36);
    clock_fire(&c, AT(36), "due");
    comes(&c, 36, 1, 40);
    c = clock_of(patient, 10);
    clock_fire(&c, AT(38), "due");
    comes(&c, 38, 1, 2 * 24 + 10); /* two hours until 16:00, two on the next day */
}

TEST(a_pause_does_not_count_towards_late_levels)
{
    struct sla_clock c = clock_of(eight_hours, 0);
    clock_fire(&c, AT(6), "w75");
    clock_fire(&c, AT(8), "due");
    clock_pause(&c, AT(10), PAUSED_BY_QUESTION);
    comes(&c, 100, LATE4H, 0);
    CHECK(clock_read(&c, AT(100)).overdue);
    clock_resume(&c, AT(100), PAUSED_BY_QUESTION);
    CHECK_INT(clock_read(&c, AT(100)).due_at, AT(8));
    comes(&c, 100, LATE4H, 102);
}

TEST(of_two_levels_that_come_at_once_the_first_of_the_terms_is_next)
{
    static const struct sla_level rows[] = {{.name = "late"},
                                            {.name = "due", .share_percent = 100}};
    static const struct sla_terms terms[] = {TERMS(8, always, rows)};
    struct sla_clock c = clock_of(terms, 0);
    comes(&c, 0, 0, 8);
    clock_fire(&c, AT(8), "late");
    comes(&c, 8, 1, 8);
}

TEST(a_share_is_reached_at_the_first_microsecond_that_is_not_too_early)
{
    static const struct sla_level rows[] = {{.name = "third", .share_percent = 33}};
    static const struct sla_terms terms[] = {
        {.allotted_us = 10000001, .levels = rows, .level_count = 1, .time = always}};
    struct sla_clock c = clock_of(terms, 0);
    CHECK_INT(clock_read(&c, AT(0)).next_at, AT(0) + 3300001); /* of 3300000.33 */
}

TEST(a_clock_ends_met_or_late_or_is_dropped_and_the_first_end_stands)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_end(&c, AT(48) - 1);
    clock_end(&c, AT(60));
    clock_drop(&c, AT(61));
    CHECK_INT(c.ended_as, CLOCK_MET);
    CHECK_INT(c.ended_at, AT(48) - 1);
    struct clock_reading r = clock_read(&c, AT(70));
    CHECK_INT(r.consumed_us, 48 * HOUR - 1);
    CHECK(r.due_at == 0 && r.next == -1 && r.next_at == 0 && !r.overdue);
    c = clock_of(two_days, 0);
    clock_pause(&c, AT(50), PAUSED_BY_HOLD);
    clock_end(&c, AT(51));
    CHECK_INT(c.ended_as, CLOCK_LATE);
    c = clock_of(two_days, 0);
    clock_drop(&c, AT(40));
    CHECK_INT(c.ended_as, CLOCK_DROPPED);
}

TEST(a_reopened_clock_goes_on_with_what_it_had_and_what_fired_stays_fired)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_fire(&c, AT(36), "w75");
    clock_end(&c, AT(40));
    clock_reopen(&c, AT(100));
    CHECK_INT(c.ended_at, 0);
    reads(&c, 101, 41, 108);
    comes(&c, 101, DUE, 108);
}

TEST(a_clock_reopened_while_held_stands_still)
{
    struct sla_clock c = clock_of(two_days, 0);
    clock_end(&c, AT(10));
    clock_pause(&c, AT(20), PAUSED_BY_HOLD);
    clock_reopen(&c, AT(30));
    reads(&c, 40, 10, 0);
    clock_resume(&c, AT(50), PAUSED_BY_HOLD);
    reads(&c, 50, 10, 88);
}

TEST(an_event_with_an_earlier_time_counts_as_its_predecessors)
{
    struct sla_clock c = clock_of(two_days, 5);
    clock_pause(&c, AT(3), PAUSED_BY_HOLD);
    clock_resume(&c, AT(10), PAUSED_BY_HOLD);
    clock_end(&c, AT(9));
    CHECK_INT(c.consumed_us, 0);
    CHECK_INT(c.ended_at, AT(10));
    CHECK_INT(clock_read(&c, AT(1)).consumed_us, 0);
}

TEST(more_fired_names_than_there_is_room_for_forget_those_that_the_terms_lack)
{
    static char names[CLOCK_FIRED_MAX + 4][8];
    struct sla_clock c = clock_of(two_days, 0);
    clock_fire(&c, AT(36), "w75");
    for (int i = 0; i < CLOCK_FIRED_MAX + 4; i++) {
        snprintf(names[i], sizeof(names[i]), "old%d", i);
        clock_fire(&c, AT(37), names[i]);
    }
    CHECK_INT(c.fired_count, CLOCK_FIRED_MAX);
    CHECK_TEXT(c.fired[0], "w75");
    CHECK_TEXT(c.fired[1], "old5");
    comes(&c, 38, DUE, 48);
}

TEST(a_name_that_fired_is_kept_as_the_terms_spell_it)
{
    char name[] = "w75";
    struct sla_clock c = clock_of(two_days, 0);
    clock_fire(&c, AT(36), name);
    memset(name, 'x', 3);
    comes(&c, 37, DUE, 48);
}

TEST(a_clock_without_office_hours_ahead_is_never_due)
{
    static const struct work_hours one[] = {{0, 480, 960}};
    static struct holiday mondays[600];
    for (int i = 0; i < 600; i++)
        mondays[i] = (struct holiday){MONDAY / (24 * HOUR) + 7 * (int64_t)i, "closed"};
    const struct working_time closed = {
        .hours = one, .hours_count = 1, .holidays = mondays, .holiday_count = 600};
    const struct sla_terms terms = TERMS(8, &closed, levels);
    struct sla_clock c = clock_of(&terms, 0);
    CHECK_INT(clock_read(&c, AT(0)).due_at, NEVER);
    CHECK_INT(clock_read(&c, AT(0)).next_at, NEVER);
}
