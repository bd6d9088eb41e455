/* calendar_test.c -- calendars as facts: what an admin may say, what is refused and why. */
#include "tests/support/sentences.h"

#include "base/shape_copy.h"
#include "base/time.h"
#include "features/calendar/definition.h"

static struct CalendarHours hours[42];
static struct CalendarHoliday holidays[400];
static struct CalendarChange changes[3];
static struct shape_list hours_list, holiday_list, change_list;

static int64_t moment(const char *s)
{
    int64_t us = 0;
    CHECK_OK(time_read(s, &us));
    return us;
}

/* Begins a body: no hours, no holidays. */
static void empty(void)
{
    given_nothing();
    hours_list = (struct shape_list){0, hours};
    holiday_list = (struct shape_list){0, holidays};
    change_list = (struct shape_list){1, changes};
    changes[0] = (struct CalendarChange){moment("2025-01-01T00:00:00Z"), 7 * 3600};
}

static void with_hours(const char *day, const char *from, const char *to)
{
    hours[hours_list.count++] = (struct CalendarHours){day, from, to};
}

static void with_holiday(const char *date, const char *name)
{
    holidays[holiday_list.count++] = (struct CalendarHoliday){.date = date, .name = name};
}

static struct command define_in(const char *zone)
{
    struct command c =
        COMMAND(DefineCalendar, .zone = zone, .hours = &hours_list, .holidays = &holiday_list);
    c.target = "office";
    return c;
}

static struct event defined_in(const char *zone)
{
    return EVENT(CalendarDefined, .calendar_id = "office", .zone = zone, .hours = &hours_list,
                 .holidays = &holiday_list, .zone_changes = &change_list, .defined_at = NOON);
}

static void refused(const struct problem *p, const char *field, const char *detail)
{
    when(&admin, define_in("Asia/Jakarta"));
    then_refused(p);
    CHECK_TEXT(decided()->fault.field, field);
    CHECK_TEXT(decided()->fault.detail, detail);
}

TEST(an_admin_defines_a_calendar)
{
    empty();
    with_hours("monday", "08:00", "12:00");
    with_hours("monday", "13:00", "16:00");
    with_hours("friday", "22:00", "06:00");
    with_holiday("2026-12-25", "Christmas");
    when(&admin, define_in("Asia/Jakarta"));
    then("calendar-office", "sla", defined_in("Asia/Jakarta"));
    CHECK_INT(asked_for(), 0);
}

TEST(the_order_of_hours_and_holidays_means_nothing)
{
    empty();
    with_hours("sunday", "08:00", "09:00");
    with_hours("monday", "13:00", "16:00");
    with_hours("monday", "08:00", "12:00");
    with_holiday("2026-12-26", "Second");
    with_holiday("2026-12-25", "First");
    when(&admin, define_in("Asia/Jakarta"));
    CHECK_OK(decided_outcome());
    const struct CalendarDefined *e = &decided()->emitted[0].event.CalendarDefined;
    const struct CalendarHours *rows = e->hours->at;
    CHECK_TEXT(rows[0].from, "08:00");
    CHECK_TEXT(rows[1].from, "13:00");
    CHECK_TEXT(rows[2].day, "sunday");
    CHECK_TEXT(((const struct CalendarHoliday *)e->holidays->at)[0].name, "First");
}

TEST(the_same_calendar_again_is_success_without_an_event)
{
    empty();
    with_hours("monday", "08:00", "12:00");
    with_hours("tuesday", "08:00", "12:00");
    given_in("calendar-office", defined_in("Asia/Jakarta"));
    hours[0] = (struct CalendarHours){"tuesday", "08:00", "12:00"};
    hours[1] = (struct CalendarHours){"monday", "08:00", "12:00"};
    when(&admin, define_in("Asia/Jakarta"));
    then_nothing();
    hours[1].to = "12:30";
    when(&admin, define_in("Asia/Jakarta"));
    CHECK_INT(decided()->emitted_count, 1);
}

TEST(what_is_said_already_is_applied_to_open_clocks_by_an_event_once)
{
    struct command c;
    empty();
    c = define_in("Asia/Jakarta");
    struct event e = defined_in("Asia/Jakarta");
    given_in("calendar-office", e);
    c.DefineCalendar.apply = e.CalendarDefined.apply = "open";
    when(&admin, c);
    then("calendar-office", "sla", e);
    empty();
    given_in("calendar-office", e);
    when(&admin, c);
    then_nothing();
    c.DefineCalendar.apply = NULL; /* what was applied stays so */
    when(&admin, c);
    then_nothing();
}

TEST(the_system_does_not_change_a_calendar_back)
{
    empty();
    given(defined_in("Asia/Jakarta"));
    when(&system_actor, define_in("UTC"));
    then_nothing();
}

TEST(another_name_of_the_same_clocks_is_another_calendar)
{
    empty();
    given(defined_in("Asia/Jakarta"));
    when(&admin, define_in("Asia/Pontianak"));
    then("calendar-office", "sla", defined_in("Asia/Pontianak"));
}

TEST(new_rules_of_a_zone_make_a_new_version_when_an_admin_asks)
{
    empty();
    changes[0].offset_s = 8 * 3600; /* so it was thought to be */
    given(defined_in("Asia/Jakarta"));
    when(&system_actor, define_in("Asia/Jakarta"));
    then_nothing();
    empty();
    changes[0].offset_s = 8 * 3600;
    given_in("calendar-office", defined_in("Asia/Jakarta"));
    changes[0].offset_s = 7 * 3600;
    when(&admin, define_in("Asia/Jakarta"));
    then("calendar-office", "sla", defined_in("Asia/Jakarta"));
}

/* A year later: the window has moved on, and what has passed means nothing. */
TEST(time_that_passes_makes_no_new_version_of_a_zone_without_changes)
{
    empty();
    given_in("calendar-office", defined_in("Asia/Jakarta"));
    struct command c = define_in("Asia/Jakarta");
    c.now = NOON + 365 * DAY;
    when(&admin, c);
    then_nothing();
    empty();
    changes[0].at = moment("2020-01-01T00:00:00Z");
    changes[0].offset_s = 8 * 3600;
    changes[1] = (struct CalendarChange){moment("2025-01-01T00:00:00Z"), 7 * 3600};
    change_list.count = 2;
    given_in("calendar-office", defined_in("Asia/Jakarta"));
    when(&admin, define_in("Asia/Jakarta"));
    then_nothing();
    empty();
    changes[1] = (struct CalendarChange){moment("2030-01-01T00:00:00Z"), 8 * 3600};
    change_list.count = 2;
    given_in("calendar-office", defined_in("Asia/Jakarta"));
    when(&admin, define_in("Asia/Jakarta"));
    change_list.count = 1;
    then("calendar-office", "sla", defined_in("Asia/Jakarta"));
}

TEST(the_offsets_are_kept_from_the_year_before_to_the_tenth_year_after)
{
    empty();
    when(&admin, define_in("Europe/Berlin"));
    CHECK_OK(decided_outcome());
    const struct shape_list *list = decided()->emitted[0].event.CalendarDefined.zone_changes;
    const struct CalendarChange *rows = list->at;
    CHECK_INT(list->count, 1 + 12 * 2);
    CHECK_INT(rows[0].at, moment("2025-01-01T00:00:00Z"));
    CHECK_INT(rows[1].at, moment("2025-03-30T01:00:00Z"));
    CHECK_INT(rows[1].offset_s, 7200);
    CHECK_INT(rows[24].at, moment("2036-10-26T01:00:00Z"));
    CHECK_INT(rows[24].offset_s, 3600);
}

TEST(a_zone_is_one_that_there_is)
{
    empty();
    when(&admin, define_in("Asia/Bandung"));
    then_refused(NO_SUCH_ZONE);
    CHECK_TEXT(decided()->fault.field, "zone");
}

TEST(times_are_hours_and_minutes)
{
    static const char *const wrong[] = {"8:00", "24:00", "08:60", "08-00", "0800",  "08:0",
                                        "",     "-1:00", "08:0x", "1:000", "08:000"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        empty();
        with_hours("monday", "08:00", "12:00");
        with_hours("tuesday", wrong[i], "12:00");
        refused(BAD_TEXT, "hours[1].from", "Expected HH:MM, from 00:00 to 23:59.");
        empty();
        with_hours("tuesday", "12:00", wrong[i]);
        refused(BAD_TEXT, "hours[0].to", "Expected HH:MM, from 00:00 to 23:59.");
    }
}

TEST(hours_do_not_overlap_also_not_over_the_end_of_a_week)
{
    static const struct {
        struct CalendarHours one, other;
        bool overlap;
    } rows[] = {
        {{"monday", "08:00", "12:00"}, {"monday", "12:00", "16:00"}, false},
        {{"monday", "08:00", "12:00"}, {"monday", "11:59", "16:00"}, true},
        {{"monday", "11:59", "16:00"}, {"monday", "08:00", "12:00"}, true},
        {{"monday", "08:00", "12:00"}, {"monday", "08:00", "12:00"}, true},
        {{"monday", "08:00", "12:00"}, {"tuesday", "08:00", "12:00"}, false},
        {{"monday", "22:00", "06:00"}, {"tuesday", "06:00", "12:00"}, false},
        {{"monday", "22:00", "06:00"}, {"tuesday", "05:59", "12:00"}, true},
        {{"sunday", "22:00", "06:00"}, {"monday", "05:59", "12:00"}, true},
        {{"monday", "00:00", "01:00"}, {"sunday", "22:00", "00:01"}, true},
        {{"monday", "00:00", "01:00"}, {"sunday", "22:00", "00:00"}, false},
        {{"monday", "08:00", "08:00"}, {"tuesday", "08:00", "08:00"}, false},
        {{"monday", "08:00", "08:00"}, {"tuesday", "07:59", "08:00"}, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        empty();
        with_hours("thursday", "08:00", "12:00");
        with_hours(rows[i].one.day, rows[i].one.from, rows[i].one.to);
        with_hours(rows[i].other.day, rows[i].other.from, rows[i].other.to);
        if (rows[i].overlap)
            refused(HOURS_OVERLAP, "hours[2]", "They overlap with hours[1].");
        else {
            when(&admin, define_in("UTC"));
            CHECK_OK(decided_outcome());
        }
    }
}

TEST(a_holiday_is_a_day_that_there_is_and_named_once)
{
    empty();
    with_holiday("2028-02-29", "Leap day");
    with_holiday("2027-02-29", "No leap day");
    refused(OUT_OF_RANGE, "holidays[1].date", "Expected a day as YYYY-MM-DD.");
    empty();
    with_holiday("25.12.2026", "Christmas");
    refused(BAD_TEXT, "holidays[0].date", "Expected a day as YYYY-MM-DD.");
    empty();
    with_holiday("2026-1-1", "New year");
    refused(BAD_TEXT, "holidays[0].date", "Expected a day as YYYY-MM-DD.");
    empty();
    with_holiday("2026-12-25", "Christmas");
    with_holiday("2026-12-26", "Boxing day");
    with_holiday("2026-12-25", "Natal");
    refused(HOLIDAY_TWICE, "holidays[2].date", "That day is holidays[0] already.");
}

TEST(a_time_of_a_day_is_no_day)
{
    int64_t day = 7;
    CHECK_PROBLEM(date_read("2026-12-25T00:00:00.0000000000Z", &day), BAD_TEXT);
    CHECK_INT(day, 7);
    CHECK_OK(date_read("1969-12-31", &day));
    CHECK_INT(day, -1);
}

TEST(a_calendar_has_up_to_400_holidays)
{
    static char dates[400][12];
    empty();
    for (int i = 0; i < 400; i++) {
        snprintf(dates[i], sizeof(dates[i]), "20%02d-12-%02d", 26 + i / 31, 1 + i % 31);
        with_holiday(dates[i], "A day");
    }
    when(&admin, define_in("Asia/Jakarta"));
    then("calendar-office", "sla", defined_in("Asia/Jakarta"));
}

TEST(an_id_is_a_word)
{
    struct command c;
    empty();
    c = define_in("UTC");
    c.target = "Office!";
    when(&admin, c);
    then_refused(NO_SUCH_ITEM);
}

TEST(a_calendar_of_another_version_than_if_match_is_not_changed)
{
    struct command c;
    empty();
    given(defined_in("Asia/Jakarta"));
    c = define_in("UTC");
    c.if_match = (struct precondition){.given = true, .count = 1, .versions = {2}};
    when(&admin, c);
    then_refused(VERSION_MISMATCH);
}

TEST(the_definition_is_what_is_counted_by)
{
    scoped_arena a = {0};
    struct working_time w;
    empty();
    with_hours("friday", "08:00", "16:00");
    with_hours("friday", "22:00", "06:00");
    with_holiday("2026-03-13", "A Friday");
    struct event e = defined_in("Asia/Jakarta");
    working_time_of(&e.CalendarDefined, &a, &w);
    CHECK_INT(w.hours_count, 2);
    CHECK_INT(w.change_count, 1);
    CHECK_INT(w.holiday_count, 1);
    CHECK_TEXT(w.holidays[0].name, "A Friday");
    CHECK_INT(working_between(&w, moment("2026-03-06T00:00:00+07:00"),
                              moment("2026-03-20T00:00:00+07:00")),
              16 * INT64_C(3600000000));
    CHECK_INT(working_until(&w, moment("2026-03-06T15:00:00+07:00"), 2 * INT64_C(3600000000)),
              moment("2026-03-06T23:00:00+07:00"));
}

TEST(the_state_outlives_the_event)
{
    char name[] = "Christmas";
    scoped_arena a = {0};
    struct calendar *state = arena_alloc(&a, sizeof(*state));
    empty();
    with_holiday("2026-12-25", name);
    struct event e = defined_in("UTC");
    stream_decider("calendar-office")->evolve(state, &e, &a);
    name[0] = 'x';
    CHECK_TEXT(((const struct CalendarHoliday *)state->now.holidays->at)->name, "Christmas");
}
