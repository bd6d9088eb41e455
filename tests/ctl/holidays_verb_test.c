/* holidays_verb_test.c -- holidays out of iCalendar files: recurrences, what is excluded, events of
 * several days; and the verb that prints them as a calendar's. */
#include "tests/support/harness.h"

#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "ctl/ical.h"

static struct arena arena;
__attribute__((destructor)) static void release(void)
{
    arena_release(&arena);
}

static int64_t day_of(const char *date)
{
    int64_t us = 0;
    CHECK_OK(time_read(arena_join(&arena, date, "T00:00:00Z", ""), &us));
    return us / (INT64_C(86400) * 1000000);
}

#define EVENT_OF(lines) "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\n"
#define FILE_OF(events) \
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" events "END:VCALENDAR\r\n"

/* From 2026 to 2036: "<date> <name>", a line each. */
static const char *days_of(const char *file)
{
    struct ical_days days;
    const char *why;
    scoped_text rows = {0};
    if (!ical_days(file, day_of("2026-01-01"), day_of("2037-01-01"), &arena, &days, &why))
        return why;
    for (int i = 0; i < days.count; i++) {
        char at[TIME_TEXT];
        text_printf(&rows, "%.10s %s\n", time_format(days.at[i].day * INT64_C(86400) * 1000000, at),
                    days.at[i].name);
    }
    return arena_text(&arena, text_value(&rows));
}

TEST(an_event_of_a_day_is_that_day)
{
    CHECK_TEXT(days_of(FILE_OF(
                   EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20260817\r\nSUMMARY:Hari Kemerdekaan\r\n")
                       EVENT_OF("UID:2\r\nDTSTART;VALUE=DATE:20251225\r\nSUMMARY:Past\r\n")
                           EVENT_OF("UID:3\r\nDTSTART;VALUE=DATE:20370101\r\nSUMMARY:Far\r\n"))),
               "2026-08-17 Hari Kemerdekaan\n");
}

TEST(a_yearly_event_comes_for_ten_years_without_what_is_excluded)
{
    CHECK_TEXT(days_of(FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:19701225\r\n"
                                        "RRULE:FREQ=YEARLY\r\n"
                                        "EXDATE;VALUE=DATE:20281225,20301225\r\n"
                                        "EXDATE;VALUE=DATE:20331225\r\nSUMMARY:Natal\r\n"))),
               "2026-12-25 Natal\n2027-12-25 Natal\n2029-12-25 Natal\n2031-12-25 Natal\n"
               "2032-12-25 Natal\n2034-12-25 Natal\n2035-12-25 Natal\n2036-12-25 Natal\n");
}

TEST(a_rule_may_have_an_end_and_a_date_besides)
{
    CHECK_TEXT(days_of(FILE_OF(EVENT_OF(
                   "UID:1\r\nDTSTART;VALUE=DATE:20240229\r\nRRULE:FREQ=YEARLY;UNTIL=20330101\r\n"
                   "RDATE;VALUE=DATE:20270301\r\nSUMMARY:Leap day\r\n"))),
               "2027-03-01 Leap day\n2028-02-29 Leap day\n2032-02-29 Leap day\n");
    CHECK_TEXT(days_of(FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20260525\r\n"
                                        "RRULE:FREQ=YEARLY;COUNT=2;BYMONTH=5;BYDAY=-1MO\r\n"
                                        "SUMMARY:Last Monday\r\n"))),
               "2026-05-25 Last Monday\n2027-05-31 Last Monday\n");
}

TEST(an_event_of_several_days_is_each_of_them)
{
    CHECK_TEXT(days_of(FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20260320\r\n"
                                        "DTEND;VALUE=DATE:20260323\r\nSUMMARY:Idul Fitri\r\n"))),
               "2026-03-20 Idul Fitri\n2026-03-21 Idul Fitri\n2026-03-22 Idul Fitri\n");
    CHECK_TEXT(days_of(FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20251230\r\nDURATION:P4D\r\n"
                                        "SUMMARY:Turn of the year\r\n"))),
               "2026-01-01 Turn of the year\n2026-01-02 Turn of the year\n");
    CHECK_TEXT(days_of(FILE_OF(EVENT_OF("UID:1\r\nDTSTART:20260320T220000\r\n"
                                        "DTEND:20260322T000000\r\nSUMMARY:Nights\r\n"))),
               "2026-03-20 Nights\n2026-03-21 Nights\n");
    CHECK_TEXT(days_of(FILE_OF(EVENT_OF("UID:1\r\nDTSTART:20260320T080000\r\n"
                                        "DTEND:20260320T120000\r\nSUMMARY:A morning\r\n"))),
               "2026-03-20 A morning\n");
    CHECK_TEXT(days_of(FILE_OF(EVENT_OF("UID:1\r\nDTSTART:20260320T080000Z\r\n"
                                        "SUMMARY:A moment\r\n"))),
               "2026-03-20 A moment\n");
}

TEST(days_that_recur_together_are_excluded_together)
{
    CHECK_TEXT(days_of(FILE_OF(EVENT_OF(
                   "UID:1\r\nDTSTART;VALUE=DATE:20340101\r\nDTEND;VALUE=DATE:20340103\r\n"
                   "RRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20350101\r\nSUMMARY:Two days\r\n"))),
               "2034-01-01 Two days\n2034-01-02 Two days\n"
               "2036-01-01 Two days\n2036-01-02 Two days\n");
}

TEST(one_that_was_moved_or_cancelled_stands_where_it_is_now)
{
    CHECK_TEXT(
        days_of(FILE_OF(
            EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20340501\r\n"
                     "RRULE:FREQ=YEARLY\r\nSUMMARY:May\r\n")
                EVENT_OF("UID:1\r\nRECURRENCE-ID;VALUE=DATE:20350501\r\n"
                         "DTSTART;VALUE=DATE:20350502\r\nSUMMARY:Moved\r\n")
                    EVENT_OF("UID:1\r\nRECURRENCE-ID;VALUE=DATE:20360501\r\n"
                             "DTSTART;VALUE=DATE:20360501\r\n"
                             "STATUS:CANCELLED\r\nSUMMARY:Cancelled\r\n")
                        EVENT_OF("UID:2\r\nDTSTART;VALUE=DATE:20360601\r\n"
                                 "STATUS:CANCELLED\r\nSUMMARY:Not at all\r\n")
                            EVENT_OF("UID:3\r\nRECURRENCE-ID;VALUE=DATE:20340501\r\n"
                                     "DTSTART;VALUE=DATE:20340601\r\nSUMMARY:Of another\r\n"))),
        "2034-05-01 May\n2034-06-01 Of another\n2035-05-02 Moved\n");
    CHECK_TEXT(days_of(FILE_OF(EVENT_OF("UID:1\r\nRECURRENCE-ID;VALUE=DATE:20350501\r\n"
                                        "DTSTART;VALUE=DATE:20350501\r\nSUMMARY:Renamed\r\n"))),
               "2035-05-01 Renamed\n");
}

TEST(a_day_has_the_names_of_all_that_falls_on_it)
{
    CHECK_TEXT(days_of(FILE_OF(
                   EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:Natal\r\n")
                       EVENT_OF("UID:2\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:Nat\r\n") EVENT_OF(
                           "UID:3\r\nDTSTART;VALUE=DATE:20261225\r\n"
                           "SUMMARY:Natal\r\n") EVENT_OF("UID:4\r\nDTSTART;VALUE=DATE:20261226\r\n"
                                                         "SUMMARY:A\\nB \\, C\r\n")
                           EVENT_OF("UID:5\r\nDTSTART;VALUE=DATE:20261227\r\n"))),
               "2026-12-25 Natal / Nat\n2026-12-26 A B , C\n2026-12-27 Holiday\n");
    char file[1024], name[131] = {0};
    for (size_t i = 0; i < 65; i++)
        memcpy(name + 2 * i, "\xc3\xa4", 2); /* 65 characters, too many to be there twice */
    snprintf(file, sizeof(file),
             FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:%s%s\r\n")
                         EVENT_OF("UID:2\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:%s\r\n")),
             name, name, name);
    CHECK_INT(text_characters(days_of(file), strlen(days_of(file))), 10 + 1 + 100 + 1);
}

TEST(what_cannot_be_read_is_told)
{
    static const struct {
        const char *file, *why;
    } rows[] = {
        {"", "It is no iCalendar file."},
        {"hello", "It is no iCalendar file."},
        {EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20261225\r\n"), "It is no iCalendar file."},
        {FILE_OF(EVENT_OF("UID:1\r\nSUMMARY:x\r\n")), "It has an event without a start."},
        {FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=NEVER\r\n")),
         "It has an event with a time or a rule that is not understood."},
        {FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:someday\r\n")),
         "It has an event with a time or a rule that is not understood."},
        {FILE_OF(EVENT_OF("UID:1\r\nDTSTART:20260101T000000\r\nRRULE:FREQ=SECONDLY\r\n")),
         "It has an event that recurs too often."},
        {FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:\xff\r\n")),
         "It has an event whose name is not UTF-8."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        test_text(__FILE__, __LINE__, rows[i].file, days_of(rows[i].file), rows[i].why);
    CHECK_TEXT(days_of(FILE_OF("")), "");
}

TEST(several_calendars_in_a_row_are_all_read)
{
    CHECK_TEXT(
        days_of(FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:A\r\n"))
                    FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20261226\r\nSUMMARY:B\r\n"))),
        "2026-12-25 A\n2026-12-26 B\n");
}

/* ---- the verb ---- */

static char output[262144];

/* `input` is its standard input; returns its exit code. */
static int __attribute__((format(printf, 2, 3))) run(const char *input, const char *format, ...)
{
    char words[1024], path[] = "/tmp/holidays-XXXXXX", command[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    int fd = mkstemp(path);
    CHECK(write(fd, input, strlen(input)) == (ssize_t)strlen(input));
    close(fd);
    snprintf(command, sizeof(command), CITYWATCHCTL " sla %s <%s 2>&1", words, path);
    FILE *f = popen(command, "re");
    output[fread(output, 1, sizeof(output) - 1, f)] = '\0';
    int status = pclose(f);
    unlink(path);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int this_year(void)
{
    char now[TIME_TEXT];
    return (int)strtol(time_format(time_now(), now), NULL, 10);
}

#define YEARLY                                                                                    \
    FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20001225\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Natal" \
                     "\r\n"))

TEST(the_holidays_of_a_file_are_printed_as_a_member_of_a_body)
{
    CHECK_INT(run(YEARLY, "import-holidays --ical - --years 1"), 0);
    CHECK_TEXT(output, arena_printf(&arena,
                                    "{\"holidays\":[{\"date\":\"%d-12-25\",\"name\":\"Natal\"},"
                                    "{\"date\":\"%d-12-25\",\"name\":\"Natal\"}]}\n",
                                    this_year(), this_year() + 1));
    CHECK_INT(run(YEARLY, "import-holidays --ical -"), 0);
    CHECK(strstr(output, arena_printf(&arena, "%d-12-25", this_year() + 10)) != NULL);
    CHECK(!strstr(output, arena_printf(&arena, "%d-12-25", this_year() + 11)));
}

TEST(a_calendar_gets_those_that_it_lacks)
{
    char path[] = "/tmp/holidays-calendar-XXXXXX";
    const char *calendar = arena_printf(
        &arena,
        "{\"calendar_id\":\"x\",\"version\":3,\"zone\":\"Asia/Jakarta\",\"hours\":[{\"day\":"
        "\"monday\",\"from\":\"08:00\",\"to\":\"16:00\"}],\"holidays\":[{\"date\":\"%d-12-25\","
        "\"name\":\"Ours\"}],\"zone_changes\":[],\"success\":true}",
        this_year());
    int fd = mkstemp(path);
    CHECK(write(fd, calendar, strlen(calendar)) > 0);
    close(fd);
    CHECK_INT(run(YEARLY, "import-holidays --ical - --calendar %s --years 1", path), 0);
    CHECK_TEXT(
        output,
        arena_printf(&arena,
                     "{\"zone\":\"Asia/Jakarta\",\"hours\":[{\"day\":\"monday\",\"from\":\"08:00\","
                     "\"to\":\"16:00\"}],\"holidays\":[{\"date\":\"%d-12-25\",\"name\":\"Ours\"},"
                     "{\"date\":\"%d-12-25\",\"name\":\"Natal\"}]}\n",
                     this_year(), this_year() + 1));
    CHECK_INT(run("{\"zone\":\"UTC\"}", "import-holidays --ical %s --calendar -", path), 1);
    CHECK(strstr(output, "hours") != NULL);
    unlink(path);
}

/* The holidays of the body that is printed for a calendar with these. */
static const char *refreshed(const char *file, const char *holidays)
{
    char path[] = "/tmp/holidays-calendar-XXXXXX";
    const char *calendar = arena_printf(
        &arena, "{\"zone\":\"UTC\",\"hours\":[],\"holidays\":[%s],\"success\":true}", holidays);
    int fd = mkstemp(path);
    CHECK(write(fd, calendar, strlen(calendar)) > 0);
    close(fd);
    CHECK_INT(run(file, "import-holidays --ical - --calendar %s --source national --years 1", path),
              0);
    unlink(path);
    char *begin = strstr(output, "\"holidays\":["), *end = begin ? strchr(begin, ']') : NULL;
    return end ? arena_bytes(&arena, begin + 12, (size_t)(end - begin - 12)) : output;
}

#define NEXT_YEARS(day, name, more) \
    arena_printf(&arena, "{\"date\":\"%d-" day "\",\"name\":\"" name "\"" more "}", this_year() + 1)
#define LAST_YEARS(day, name, more) \
    arena_printf(&arena, "{\"date\":\"%d-" day "\",\"name\":\"" name "\"" more "}", this_year() - 1)
#define NATIONAL ",\"source\":\"national\""

static const char *all_of(const char *a, const char *b, const char *c)
{
    return arena_join(&arena, a, arena_join(&arena, ",", b, ","), c);
}

TEST(another_import_of_a_source_replaces_what_it_brought_and_keeps_the_rest)
{
    const char *file = arena_printf(
        &arena, FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:%d0601\r\nSUMMARY:New\r\n")),
        this_year() + 1);
    const char *past = LAST_YEARS("06-01", "Counted", NATIONAL),
               *by_hand = NEXT_YEARS("05-01", "Ours", ""),
               *others = NEXT_YEARS("05-02", "Theirs", ",\"source\":\"district\""),
               *moved = NEXT_YEARS("05-03", "Moved", NATIONAL),
               *renamed = NEXT_YEARS("06-01", "Old", NATIONAL),
               *fresh = NEXT_YEARS("06-01", "New", NATIONAL);
    const char *once = refreshed(file, arena_join(&arena, all_of(past, by_hand, others), ",",
                                                  arena_join(&arena, moved, ",", renamed)));
    CHECK_TEXT(once, arena_join(&arena, all_of(past, by_hand, others), ",", fresh));
    CHECK_TEXT(refreshed(file, once), once); /* the same again: the same body */
    by_hand = NEXT_YEARS("06-01", "Ours", "");
    CHECK_TEXT(refreshed(file, by_hand), by_hand);
    CHECK_TEXT(refreshed(FILE_OF(""), fresh), "");
}

TEST(what_has_begun_stays_as_it_was_counted)
{
    char now[TIME_TEXT];
    const char *today = arena_printf(&arena, "{\"date\":\"%.10s\",\"name\":\"Now\"" NATIONAL "}",
                                     time_format(time_now(), now));
    CHECK_TEXT(refreshed(FILE_OF(""), today), today);
}

TEST(what_no_calendar_takes_is_not_printed)
{
    CHECK_INT(run(FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=DAILY\r\n")),
                  "import-holidays --ical -"),
              1);
    CHECK(strstr(output, "At most 400 items.") && !strstr(output, "\"date\""));
    CHECK_INT(run(FILE_OF(EVENT_OF("UID:1\r\nDTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=DAILY\r\n")),
                  "import-holidays --ical - --years 0"),
              0);
    CHECK_INT(run("no", "import-holidays --ical -"), 1);
    CHECK(strstr(output, "It is no iCalendar file.") != NULL);
    CHECK_INT(run("", "import-holidays --ical /nonexistent"), 1);
    CHECK(strstr(output, "No such file") != NULL);
}

TEST(wrong_words_are_2)
{
    static const char *const wrong[] = {"",
                                        "import-holidays",
                                        "import --ical -",
                                        "import-holidays --ical - --calendar -",
                                        "import-holidays --ical - --years 11",
                                        "import-holidays --ical - --years x",
                                        "import-holidays --ical - --source Ours",
                                        "import-holidays --ical - more"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        test_int(__FILE__, __LINE__, wrong[i], run("", "%s", wrong[i]), 2);
}
