/* working_test.c -- working time: over midnight, holidays, clocks that are set, and what holds of
 * any calendar. */
#include "tests/support/harness.h"

#include "base/time.h"
#include "features/calendar/calendar.h"
#include "base/banned.h"

static const int64_t MINUTE = 60 * INT64_C(1000000), DAY = 1440 * 60 * INT64_C(1000000);
enum { MON, TUE, WED, THU, FRI, SAT, SUN };

/* "2026-03-02T08:00+07:00"; UTC without an offset. */
static int64_t moment(const char *s)
{
    char full[TIME_TEXT];
    int64_t us = 0;
    snprintf(full, sizeof(full), "%.16s:00%s", s, s[16] ? s + 16 : "Z");
    CHECK_OK(time_read(full, &us));
    return us;
}

static int64_t day_of(const char *date)
{
    char midnight[TIME_TEXT];
    snprintf(midnight, sizeof(midnight), "%sT00:00", date);
    return moment(midnight) / DAY;
}

/* Of the rows of zones, until the program ends. */
static struct arena arena;
__attribute__((destructor)) static void release(void)
{
    arena_release(&arena);
}

/* Of a place, as it is known from 2011 to 2030. */
static struct working_time in_zone(const char *zone)
{
    struct working_time w = {0};
    CHECK_OK(zone_changes(zone, moment("2011-01-01T00:00"), moment("2030-01-01T00:00"), &arena,
                          &w.changes, &w.change_count));
    return w;
}

static const struct work_hours OFFICE[] = {
    {MON, 480, 960}, {TUE, 480, 960}, {WED, 480, 960}, {THU, 480, 960}, {FRI, 480, 960}};
/* Two parts of a day, in no order; Saturday morning is given twice in part. */
static const struct work_hours SHOP[] = {
    {MON, 840, 1080}, {MON, 480, 720}, {SAT, 540, 780}, {SAT, 600, 720}};
/* Until six o'clock of the next day. */
static const struct work_hours NIGHTS[] = {{FRI, 1320, 1800}, {SUN, 1320, 1800}};
static const struct work_hours EVERY_DAY[] = {{MON, 0, 1440}, {TUE, 0, 1440}, {WED, 0, 1440},
                                              {THU, 0, 1440}, {FRI, 0, 1440}, {SAT, 0, 1440},
                                              {SUN, 0, 1440}};
#define SET_HOURS(w, rows)                                     \
    do {                                                       \
        (w).hours = (rows);                                    \
        (w).hours_count = (int)(sizeof(rows) / sizeof(*rows)); \
    } while (0)

static void counts(const struct working_time *w, const char *from, const char *to, int64_t minutes)
{
    int64_t us = working_between(w, moment(from), moment(to));
    test_int(__FILE__, __LINE__, from, us, minutes * MINUTE);
}

static void comes_at(const struct working_time *w, const char *from, int64_t minutes,
                     const char *expected)
{
    char is[TIME_TEXT], should[TIME_TEXT];
    int64_t at = working_until(w, moment(from), minutes * MINUTE);
    test_text(__FILE__, __LINE__, from, at == NEVER ? "never" : time_format(at, is),
              time_format(moment(expected), should));
}

TEST(round_the_clock_every_instant_counts_holidays_too)
{
    const struct holiday christmas[] = {{day_of("2024-12-25"), "Christmas"}};
    struct working_time w = {.holidays = christmas, .holiday_count = 1};
    counts(&w, "2024-12-24T00:00", "2024-12-27T00:00", 3 * 1440);
    comes_at(&w, "2024-12-24T23:00", 90, "2024-12-25T00:30");
}

TEST(an_office_works_by_the_clocks_on_its_walls)
{
    struct working_time w = in_zone("Asia/Jakarta");
    SET_HOURS(w, OFFICE);
    counts(&w, "2026-03-02T00:00+07:00", "2026-03-03T00:00+07:00", 480);
    counts(&w, "2026-03-02T15:00+07:00", "2026-03-03T09:30+07:00", 150);
    counts(&w, "2026-03-06T16:00+07:00", "2026-03-09T08:00+07:00", 0); /* a weekend */
    counts(&w, "2026-03-06T15:59+07:00", "2026-03-09T08:01+07:00", 2);
    counts(&w, "2026-03-02T12:00+07:00", "2026-03-02T12:00+07:00", 0);
    counts(&w, "2026-03-03T12:00+07:00", "2026-03-02T12:00+07:00", 0);
    comes_at(&w, "2026-03-06T15:30+07:00", 60, "2026-03-09T08:30+07:00");
    comes_at(&w, "2026-03-07T12:00+07:00", 480, "2026-03-09T16:00+07:00"); /* not Tuesday's 8:00 */
    comes_at(&w, "2026-03-07T12:00+07:00", 0, "2026-03-07T12:00+07:00");
    CHECK_INT(working_between(&w, moment("2026-03-02T01:00") - 1, moment("2026-03-02T01:00") + 2),
              2);
}

TEST(several_hours_a_day_in_any_order_count_once)
{
    struct working_time w = in_zone("Asia/Jakarta");
    SET_HOURS(w, SHOP);
    counts(&w, "2026-03-02T00:00+07:00", "2026-03-03T00:00+07:00", 480);
    counts(&w, "2026-03-02T11:00+07:00", "2026-03-02T15:00+07:00", 120);
    counts(&w, "2026-03-07T00:00+07:00", "2026-03-08T00:00+07:00", 240);
    comes_at(&w, "2026-03-02T11:00+07:00", 60, "2026-03-02T12:00+07:00");
    comes_at(&w, "2026-03-02T11:00+07:00", 61, "2026-03-02T14:01+07:00");
}

TEST(hours_over_midnight_belong_to_the_day_they_begin_on)
{
    struct working_time w = in_zone("Asia/Jakarta");
    SET_HOURS(w, NIGHTS);
    counts(&w, "2026-03-06T00:00+07:00", "2026-03-08T00:00+07:00", 480);
    counts(&w, "2026-03-07T00:00+07:00", "2026-03-08T00:00+07:00", 360);
    counts(&w, "2026-03-09T00:00+07:00", "2026-03-10T00:00+07:00", 360); /* Sunday's, on Monday */
    const struct holiday saturday[] = {{day_of("2026-03-07"), "A Saturday"}};
    w.holidays = saturday;
    w.holiday_count = 1;
    counts(&w, "2026-03-06T00:00+07:00", "2026-03-08T00:00+07:00", 480);
    const struct holiday friday[] = {{day_of("2026-03-06"), "A Friday"}};
    w.holidays = friday;
    counts(&w, "2026-03-06T00:00+07:00", "2026-03-08T00:00+07:00", 0);
}

TEST(hours_that_begin_on_a_holiday_do_not_count)
{
    const struct holiday days[] = {{day_of("2024-02-29"), "Leap day"},
                                   {day_of("2024-03-04"), "A Monday"},
                                   {day_of("2024-03-09"), "A Saturday"}};
    struct working_time w = in_zone("Asia/Jakarta");
    SET_HOURS(w, OFFICE);
    counts(&w, "2024-02-26T00:00+07:00", "2024-03-11T00:00+07:00", 10 * 480);
    w.holidays = days;
    w.holiday_count = 3;
    counts(&w, "2024-02-26T00:00+07:00", "2024-03-11T00:00+07:00", 8 * 480);
    comes_at(&w, "2024-02-28T15:00+07:00", 90, "2024-03-01T08:30+07:00");
    comes_at(&w, "2024-03-01T15:00+07:00", 90, "2024-03-05T08:30+07:00");
}

TEST(the_29th_of_february_is_a_day_of_leap_years_alone)
{
    struct working_time w = in_zone("UTC");
    SET_HOURS(w, EVERY_DAY);
    counts(&w, "2024-02-28T00:00", "2024-03-01T00:00", 2 * 1440);
    counts(&w, "2023-02-28T00:00", "2023-03-01T00:00", 1440);
    SET_HOURS(w, OFFICE);
    counts(&w, "2024-02-29T09:00", "2024-03-01T09:00", 480); /* Thursday, Friday */
    counts(&w, "2000-02-29T00:00", "2000-03-01T00:00", 480); /* a Tuesday */
}

TEST(weeks_go_back_before_1970)
{
    struct working_time w = in_zone("UTC");
    SET_HOURS(w, OFFICE);
    counts(&w, "1969-07-20T00:00", "1969-07-27T00:00", 5 * 480); /* Sunday to Saturday */
    counts(&w, "1969-07-21T00:00", "1969-07-22T00:00", 480);
    counts(&w, "1969-07-20T00:00", "1969-07-21T00:00", 0);
    comes_at(&w, "1969-07-18T15:00", 120, "1969-07-21T09:00");
}

TEST(an_hour_that_is_left_out_does_not_count_and_one_that_comes_twice_counts_twice)
{
    static const struct work_hours early[] = {{SUN, 60, 240}}; /* 1:00 to 4:00 */
    static const struct work_hours gap[] = {{SUN, 120, 180}};  /* 2:00 to 3:00 */
    struct working_time w = in_zone("Europe/Berlin");
    SET_HOURS(w, early);
    counts(&w, "2024-03-31T00:00+01:00", "2024-04-01T00:00+02:00", 120);
    counts(&w, "2024-10-27T00:00+02:00", "2024-10-28T00:00+01:00", 240);
    counts(&w, "2024-11-03T00:00+01:00", "2024-11-04T00:00+01:00", 180);
    comes_at(&w, "2024-03-31T00:00+01:00", 90, "2024-03-31T03:30+02:00");
    comes_at(&w, "2024-10-27T00:00+02:00", 150, "2024-10-27T02:30+01:00");
    SET_HOURS(w, gap);
    counts(&w, "2024-03-31T00:00+01:00", "2024-04-01T00:00+02:00", 0);
    counts(&w, "2024-10-27T00:00+02:00", "2024-10-28T00:00+01:00", 120);
    SET_HOURS(w, EVERY_DAY);
    counts(&w, "2024-03-31T00:00+01:00", "2024-04-01T00:00+02:00", 23 * 60);
    counts(&w, "2024-10-27T00:00+02:00", "2024-10-28T00:00+01:00", 25 * 60);
}

TEST(office_hours_stay_the_same_when_summer_time_begins_and_ends)
{
    struct working_time w = in_zone("Europe/Berlin");
    SET_HOURS(w, OFFICE);
    counts(&w, "2024-03-29T00:00+01:00", "2024-04-02T00:00+02:00", 2 * 480);
    comes_at(&w, "2024-03-29T15:30+01:00", 60, "2024-04-01T08:30+02:00");
    comes_at(&w, "2024-10-25T15:30+02:00", 60, "2024-10-28T08:30+01:00");
}

TEST(a_zone_that_changes_its_rules_takes_its_hours_along)
{
    struct working_time istanbul = in_zone("Europe/Istanbul"), paulo = in_zone("America/Sao_Paulo");
    SET_HOURS(istanbul, OFFICE);
    SET_HOURS(paulo, OFFICE);
    counts(&istanbul, "2016-01-12T06:00", "2016-01-12T14:00", 480); /* +02:00 */
    counts(&istanbul, "2017-01-12T05:00", "2017-01-12T13:00", 480); /* +03:00, in winter too */
    counts(&istanbul, "2017-01-12T05:00", "2017-01-12T06:00", 60);
    counts(&paulo, "2018-12-04T10:00", "2018-12-04T18:00", 480); /* -02:00 */
    counts(&paulo, "2019-12-04T11:00", "2019-12-04T19:00",
           480); /* -03:00: summer time is no more */
    counts(&paulo, "2019-12-04T10:00", "2019-12-04T11:00", 0);
}

TEST(a_day_that_a_place_skips_has_no_hours)
{
    struct working_time w = in_zone("Pacific/Apia");
    SET_HOURS(w, OFFICE);
    counts(&w, "2011-12-29T00:00-10:00", "2012-01-01T00:00+14:00", 480); /* Thursday, Saturday */
}

TEST(what_does_not_come_within_eleven_years_never_comes)
{
    static const struct work_hours rare[] = {{SUN, 120, 121}};
    struct working_time w = in_zone("Asia/Jakarta");
    SET_HOURS(w, rare);
    CHECK(working_until(&w, moment("2026-01-01T00:00"), 500 * MINUTE) < NEVER);
    CHECK(working_until(&w, moment("2026-01-01T00:00"), 600 * MINUTE) == NEVER);
    CHECK(working_until(&w, moment("2026-01-01T00:00"), INT64_MAX) == NEVER);
    for (int i = 0; i < 2; i++) {
        int64_t from = moment("2026-01-01T12:34");
        w.hours_count = 0;
        if (i)
            SET_HOURS(w, EVERY_DAY);
        CHECK_INT(working_until(&w, from, 11 * 366 * DAY), from + 11 * 366 * DAY);
        CHECK(working_until(&w, from, 11 * 366 * DAY + 1) == NEVER);
        CHECK(working_until(&w, from, INT64_MAX) == NEVER);
    }
    const struct holiday monday = {day_of("2026-01-05"), "A Monday"};
    SET_HOURS(w, OFFICE);
    w.holidays = &monday;
    w.holiday_count = 1;
    comes_at(&w, "2026-01-04T00:00", 1, "2026-01-06T08:01+07:00");
}

/* ---- spans ---- */

struct expected_span {
    const char *to;
    int why;
    const char *holiday;
};

static void spans_are(const struct working_time *w, const char *from, const char *to,
                      const struct expected_span *spans, int count)
{
    int64_t at = moment(from), end = moment(to);
    struct working_span s;
    for (int i = 0; i < count; i++) {
        char is[TIME_TEXT], should[TIME_TEXT];
        if (!working_span_at(w, at, end, &s)) {
            test_fail(__FILE__, __LINE__, from, "no span", spans[i].to);
            return;
        }
        CHECK_INT(s.from, at);
        CHECK_TEXT(time_format(s.to, is), time_format(moment(spans[i].to), should));
        CHECK_INT(s.why, spans[i].why);
        CHECK_INT(s.counts, spans[i].why == OFFICE_HOURS);
        CHECK_TEXT(s.holiday, spans[i].holiday);
        at = s.to;
    }
    CHECK(!working_span_at(w, at, end, &s));
}

TEST(a_span_says_why_time_does_not_count)
{
    const struct holiday days[] = {{day_of("2024-12-25"), "Christmas"},
                                   {day_of("2024-12-26"), "Boxing day"}};
    struct working_time w = in_zone("Europe/Berlin");
    SET_HOURS(w, OFFICE);
    w.holidays = days;
    w.holiday_count = 2;
    static const struct expected_span expected[] = {
        {"2024-12-24T16:00+01:00", OFFICE_HOURS, NULL},
        {"2024-12-25T00:00+01:00", OUT_OF_HOURS, NULL},
        {"2024-12-26T00:00+01:00", ON_HOLIDAY, "Christmas"},
        {"2024-12-27T00:00+01:00", ON_HOLIDAY, "Boxing day"},
        {"2024-12-27T08:00+01:00", OUT_OF_HOURS, NULL},
        {"2024-12-27T16:00+01:00", OFFICE_HOURS, NULL},
        {"2024-12-30T08:00+01:00", OUT_OF_HOURS, NULL},
        {"2024-12-30T09:00+01:00", OFFICE_HOURS, NULL},
    };
    spans_are(&w, "2024-12-24T10:00+01:00", "2024-12-30T09:00+01:00", expected, 8);
}

TEST(a_holiday_takes_its_night_along_and_leaves_that_of_the_day_before)
{
    static const struct work_hours every_night[] = {{THU, 1320, 1800}, {FRI, 1320, 1800}};
    const struct holiday days[] = {{day_of("2026-03-06"), "A Friday"}};
    struct working_time w = in_zone("Asia/Jakarta");
    SET_HOURS(w, every_night);
    w.holidays = days;
    w.holiday_count = 1;
    static const struct expected_span expected[] = {
        {"2026-03-05T22:00+07:00", OUT_OF_HOURS, NULL},
        {"2026-03-06T06:00+07:00", OFFICE_HOURS, NULL},
        {"2026-03-07T06:00+07:00", ON_HOLIDAY, "A Friday"},
        {"2026-03-08T00:00+07:00", OUT_OF_HOURS, NULL},
    };
    spans_are(&w, "2026-03-05T12:00+07:00", "2026-03-08T00:00+07:00", expected, 4);
}

TEST(round_the_clock_is_one_span)
{
    static const struct expected_span expected[] = {{"2030-01-01T00:00", OFFICE_HOURS, NULL}};
    struct working_time w = {0};
    spans_are(&w, "2024-01-01T00:00", "2030-01-01T00:00", expected, 1);
}

/* ---- any calendar, any time ---- */

static unsigned random_state;

static int pick(int below)
{
    random_state = random_state * 1103515245 + 12345;
    return (int)((random_state >> 8) % (unsigned)below);
}

/* By the definition, an instant by itself. */
static bool is_within(const struct working_time *w, int64_t at)
{
    int i = 0;
    while (i + 1 < w->change_count && w->changes[i + 1].at <= at)
        i++;
    int64_t local = at + w->changes[i].offset_s * 1000000;
    for (int ago = 0; ago < 2; ago++) {
        int64_t day = local / DAY - ago, minute = local % DAY / MINUTE + ago * 1440;
        bool holiday = false;
        for (int h = 0; h < w->holiday_count; h++)
            holiday = holiday || w->holidays[h].day == day;
        for (int h = 0; h < w->hours_count && !holiday; h++)
            if (w->hours[h].day == (day + 3) % 7 && w->hours[h].from <= minute &&
                minute < w->hours[h].to)
                return true;
    }
    return false;
}

struct any_calendar {
    struct working_time time;
    struct work_hours hours[6];
    struct holiday holidays[4];
};

static void make(struct any_calendar *any, const char *zone, int64_t around)
{
    any->time = in_zone(zone);
    any->time.hours = any->hours;
    any->time.hours_count = 1 + pick(6);
    for (int i = 0; i < any->time.hours_count; i++) {
        int from = pick(1440);
        any->hours[i] = (struct work_hours){pick(7), from, from + 1 + pick(1440)};
    }
    any->time.holidays = any->holidays;
    any->time.holiday_count = pick(5);
    for (int i = 0; i < any->time.holiday_count; i++)
        any->holidays[i] = (struct holiday){around / DAY + i * 2 - pick(2), "A day"};
}

/* Around the turns of clocks, minute by minute; and each sum is that of its parts. */
static void check_minutes(const struct working_time *w, int64_t from)
{
    int64_t sum = 0, end = from + 6 * DAY, half = from + pick(6 * 1440) * MINUTE;
    for (int64_t at = from; at < end; at += MINUTE)
        sum += is_within(w, at) ? MINUTE : 0;
    CHECK_INT(working_between(w, from, end), sum);
    CHECK_INT(working_between(w, from, half) + working_between(w, half, end), sum);
    if (sum) {
        int64_t amount = 1 + pick((int)(sum / MINUTE)) * MINUTE;
        int64_t at = working_until(w, from, amount);
        CHECK_INT(working_between(w, from, at), amount);
        CHECK_INT(working_between(w, from, at - 1), amount - 1);
    }
    int64_t spans = 0;
    struct working_span s;
    for (int64_t at = from; working_span_at(w, at, end, &s); at = s.to) {
        CHECK_INT(s.counts, is_within(w, at));
        spans += s.counts ? s.to - s.from : 0;
    }
    CHECK_INT(spans, sum);
}

TEST(what_is_counted_is_what_counts_minute_by_minute)
{
    static const char *const zones[] = {"Europe/Berlin", "Asia/Jakarta", "Europe/Istanbul",
                                        "America/Sao_Paulo", "Australia/Lord_Howe"};
    static const char *const around[] = {"2016-03-27T01:00", "2016-11-06T02:00", "2018-11-04T03:00",
                                         "2024-02-29T12:00", "2024-10-27T01:00"};
    for (random_state = 1; random_state < 2000000000; random_state += 40000000) {
        unsigned seed = random_state;
        int64_t at = moment(around[pick(5)]);
        struct any_calendar any;
        make(&any, zones[pick(5)], at);
        check_minutes(&any.time, at - 3 * DAY + pick(1440) * MINUTE);
        random_state = seed;
    }
}
