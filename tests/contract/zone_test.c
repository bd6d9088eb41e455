/* zone_test.c -- the offsets of time zones: which names are taken, which changes are rows. */
#include "tests/support/harness.h"

#include "base/text.h"
#include "base/time.h"
#include "base/zone.h"
#include "base/banned.h"

static int64_t moment(const char *s)
{
    int64_t us = 0;
    CHECK_OK(time_read(s, &us));
    return us;
}

/* The rows as text: "<at> <offset in minutes>", a line each. */
static void changes_are(const char *zone, const char *from, const char *to, const char *expected)
{
    scoped_arena a = {0};
    scoped_text rows = {0};
    const struct zone_change *changes = NULL;
    int count = 0;
    char at[TIME_TEXT];
    CHECK_OK(zone_changes(zone, moment(from), moment(to), &a, &changes, &count));
    for (int i = 0; i < count; i++)
        text_printf(&rows, "%.20s %+d\n", time_format(changes[i].at, at),
                    (int)(changes[i].offset_s / 60));
    test_text(__FILE__, __LINE__, zone, text_value(&rows), expected);
}

TEST(summer_time_begins_and_ends)
{
    changes_are("Europe/Berlin", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z",
                "2024-01-01T00:00:00. +60\n"
                "2024-03-31T01:00:00. +120\n"
                "2024-10-27T01:00:00. +60\n");
}

TEST(a_zone_without_changes_has_one_row)
{
    changes_are("Asia/Jakarta", "2020-01-01T00:00:00Z", "2037-01-01T00:00:00Z",
                "2020-01-01T00:00:00. +420\n");
    changes_are("UTC", "2020-01-01T00:00:00Z", "2037-01-01T00:00:00Z", "2020-01-01T00:00:00. +0\n");
    changes_are("Asia/Kathmandu", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z",
                "2020-01-01T00:00:00. +345\n");
}

TEST(a_zone_that_gave_summer_time_up_changes_no_more)
{
    changes_are("Europe/Istanbul", "2015-12-01T00:00:00Z", "2020-01-01T00:00:00Z",
                "2015-12-01T00:00:00. +120\n"
                "2016-03-27T01:00:00. +180\n"); /* on 2016-09-07 its summer time became standard */
    changes_are("America/Sao_Paulo", "2018-07-01T00:00:00Z", "2022-01-01T00:00:00Z",
                "2018-07-01T00:00:00. -180\n"
                "2018-11-04T03:00:00. -120\n"
                "2019-02-17T02:00:00. -180\n");
}

TEST(a_zone_skipped_a_day)
{
    changes_are("Pacific/Apia", "2011-12-01T00:00:00Z", "2012-01-15T00:00:00Z",
                "2011-12-01T00:00:00. -600\n"
                "2011-12-30T10:00:00. +840\n");
}

TEST(from_is_included_and_to_is_not)
{
    changes_are("Europe/Berlin", "2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z",
                "2024-03-31T01:00:00. +120\n");
    changes_are("Europe/Berlin", "2024-03-31T00:59:59.999999Z", "2024-10-27T01:00:00.000001Z",
                "2024-03-31T00:59:59. +60\n"
                "2024-03-31T01:00:00. +120\n"
                "2024-10-27T01:00:00. +60\n");
    changes_are("Europe/Berlin", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z",
                "1969-12-31T23:59:59. +60\n");
}

TEST(many_changes_are_all_there)
{
    scoped_arena a = {0};
    const struct zone_change *changes;
    int count = 0;
    CHECK_OK(zone_changes("Europe/Berlin", moment("2000-01-01T00:00:00Z"),
                          moment("2100-01-01T00:00:00Z"), &a, &changes, &count));
    CHECK_INT(count, 201);
    for (int i = 1; i < count; i++) {
        CHECK(changes[i].at > changes[i - 1].at);
        CHECK_INT(changes[i].offset_s, i % 2 ? 7200 : 3600);
    }
}

TEST(what_names_no_place_is_no_zone)
{
    static const char *const names[] = {
        "",
        "Europe/Berlim",
        "europe/berlin",
        "Etc/Unknown",
        "GMT+7",
        "+07:00",
        "EST",
        "WIB",
        "Europe/",
        "Asia/Jakarta ",
        "Jakarta",
        "Europe/Köln",
        "utc",
        "Asia/Jakarta/",
        "../etc/passwd",
        "Area/01234567890123456789012345678901234567890123456789012345678901234567890123456789"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        scoped_arena a = {0};
        const struct zone_change *changes = NULL;
        int count = 7;
        const struct problem *p = zone_changes(names[i], 0, 1, &a, &changes, &count);
        test_problem(__FILE__, __LINE__, names[i], p, NO_SUCH_ZONE);
        CHECK(!changes && count == 7);
    }
}

TEST(the_database_has_a_version)
{
    CHECK(strlen(zone_database()) >= 5 && text_starts(zone_database(), "20"));
}
