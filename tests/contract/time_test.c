/* time_test.c -- a time as RFC 3339 has it: what is read, what is refused and why, what is written.
 */
#include "tests/support/harness.h"

#include <time.h>

#include "base/text.h"
#include "base/time.h"
#include "events/command.h"
#include "base/banned.h"

/* Read, and written as every output shows it. */
static void shown_as(const char *given, const char *shown)
{
    char text[TIME_TEXT];
    int64_t us;
    const struct problem *p = time_read(given, &us);
    if (p)
        test_fail(__FILE__, __LINE__, given, p->name, shown);
    else
        test_text(__FILE__, __LINE__, given, time_format(us, text), shown);
}

TEST(every_form_of_rfc_3339_is_taken_and_shown_in_one)
{
    shown_as("2026-01-02T20:00:00Z", "2026-01-02T20:00:00.000000Z");
    shown_as("2026-01-02t20:00:00z", "2026-01-02T20:00:00.000000Z");
    shown_as("2026-01-02T20:00:00.5Z", "2026-01-02T20:00:00.500000Z");
    shown_as("2026-01-02T20:00:00.123456Z", "2026-01-02T20:00:00.123456Z");
    shown_as("2026-01-02T20:00:00.1234569Z", "2026-01-02T20:00:00.123456Z");
    shown_as("2026-01-02T20:00:00.99999999999999999999999999999999999999999Z",
             "2026-01-02T20:00:00.999999Z");
    shown_as("2026-01-02T20:00:00+07:00", "2026-01-02T13:00:00.000000Z");
    shown_as("2026-01-02T20:00:00-09:30", "2026-01-03T05:30:00.000000Z");
    shown_as("2026-01-02T20:00:00-00:00", "2026-01-02T20:00:00.000000Z");
    shown_as("2026-01-01T23:59:00+23:59", "2026-01-01T00:00:00.000000Z");
    shown_as("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z");
}

TEST(a_moment_before_1971_is_one_like_any_other)
{
    int64_t us = 7;
    shown_as("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z");
    shown_as("1970-01-01T00:00:00.000001Z", "1970-01-01T00:00:00.000001Z");
    shown_as("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z");
    shown_as("1945-08-17T10:00:00+09:00", "1945-08-17T01:00:00.000000Z");
    shown_as("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z");
    shown_as("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z");
    CHECK_OK(time_read("1970-01-01T00:00:00Z", &us));
    CHECK_INT(us, 0);
    CHECK_OK(time_read("1969-12-31T23:59:59.5Z", &us));
    CHECK_INT(us, -500000);
}

TEST(a_leap_second_is_kept_as_the_next_second)
{
    shown_as("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z");
    shown_as("2015-06-30T23:59:60.25Z", "2015-07-01T00:00:00.250000Z");
    shown_as("2016-12-31T18:59:60-05:00", "2017-01-01T00:00:00.000000Z");
    shown_as("2017-01-01T06:59:60+07:00", "2017-01-01T00:00:00.000000Z");
}

static void refused(const struct problem *p, const char *given)
{
    int64_t us = 7;
    const struct problem *is = time_read(given, &us);
    if (is != p)
        test_fail(__FILE__, __LINE__, given, is ? is->name : "taken", p->name);
    CHECK_INT(us, 7);
}

TEST(a_clock_or_calendar_that_there_is_not_is_out_of_range)
{
    static const char *const times[] = {
        "2026-01-02T24:00:00Z",      "2026-01-02T25:00:00Z",      "2026-01-02T20:60:00Z",
        "2026-01-02T20:00:61Z",      "2026-01-02T20:00:99Z",      "2026-13-02T20:00:00Z",
        "2026-00-02T20:00:00Z",      "2026-01-00T20:00:00Z",      "2026-01-32T20:00:00Z",
        "2026-02-29T20:00:00Z",      "1900-02-29T20:00:00Z",      "2026-04-31T20:00:00Z",
        "2026-01-02T20:00:00+24:00", "2026-01-02T20:00:00+07:60", "0000-12-31T00:00:00Z",
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:00-00:01", "9999-12-31T23:59:60Z",
        "2026-01-02T20:00:60Z",      "2016-12-31T22:59:60Z",      "2016-12-31T23:58:60Z",
        "2016-12-30T23:59:60Z",      "2016-03-31T23:59:60Z",      "2016-09-30T23:59:60Z",
        "2016-12-31T23:59:60+07:00", "2017-01-01T00:59:60Z"};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        refused(OUT_OF_RANGE, times[i]);
}

TEST(another_form_is_said_to_be_one)
{
    static const char *const times[] = {
        "",
        "yesterday",
        "2026-01-02",
        "2026-01-02 20:00:00Z",
        "2026-01-02T20:00:00",
        "2026-01-02T20:00Z",
        "2026-01-02T20:00:00.Z",
        "2026-01-02T20:00:00,5Z",
        "2026-01-02T20:00:00+0700",
        "2026-01-02T20:00:00+07",
        "2026-01-02T20:00:00Z ",
        " 2026-01-02T20:00:00Z",
        "2026-01-02T20:00:00ZZ",
        "2026-1-2T20:00:00Z",
        "+2026-01-02T20:00:00Z",
        "-0001-01-02T20:00:00Z",
        "12026-01-02T20:00:00Z",
        "2026-W01-5T20:00:00Z",
        "20260102T200000Z",
        "2026-01-02T20:00:00.1-",
        "1767384000",
    };
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        refused(BAD_TEXT, times[i]);
}

TEST(a_time_is_written_as_strftime_writes_it)
{
    static const int64_t parts[] = {0, 1, 100000, 123400, 999999, 500000};
    for (int64_t second = -62135596800; second < 253402300799;
         second += 1 + (second < 0 ? -second : second) / 3 + 12345)
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            char ours[TIME_TEXT], theirs[3 * TIME_TEXT];
            struct tm tm;
            int64_t again;
            gmtime_r(&(time_t){second}, &tm);
            snprintf(theirs, sizeof(theirs), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                     tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                     (int)parts[i]);
            CHECK_TEXT(time_format(second * 1000000 + parts[i], ours), theirs);
            CHECK_OK(time_read(ours, &again));
            CHECK_INT(again, second * 1000000 + parts[i]);
        }
}

TEST(the_first_moment_of_1970_is_not_absent)
{
    static const char json[] =
        "{\"content\":\"x\",\"category\":\"x\",\"occurred_at\":\"1970-01-01T00:00:00Z\"}";
    scoped_arena a = {0};
    scoped_text out = {0};
    struct CreateReport body;
    CHECK_OK(shape_read(command_shape(CreateReport), json, strlen(json), &a, &body, NULL));
    CHECK(body.occurred_at && *body.occurred_at == 0);
    shape_write(command_shape(CreateReport), &body, &out);
    CHECK(strstr(text_value(&out), "\"occurred_at\":\"1970-01-01T00:00:00.000000Z\"") != NULL);
    static const char without[] = "{\"content\":\"x\",\"category\":\"x\"}";
    CHECK_OK(shape_read(command_shape(CreateReport), without, strlen(without), &a, &body, NULL));
    CHECK(!body.occurred_at);
}
