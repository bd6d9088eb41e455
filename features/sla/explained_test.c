/* explained_test.c -- what an officer reads of the clocks of a report: intervals, levels, versions,
 * in two languages. Hours since NOON, a Friday; the office works from 8 to 16, Monday is a holiday.
 */
#include "tests/support/sentences.h"

#include "features/sla/explained.h"

#define HOUR (INT64_C(3600) * 1000000)

static const struct PolicyLevel levels[] = {
    {.name = "w50", .share_percent = 50, .target = "officer"},
    {.name = "due", .number = 1, .target = "agency"},
    {.name = "late4h", .number = 2, .after_due_seconds = 14400, .target = "supervisor"}};
static const struct PolicyLevel due_level[] = {{.name = "due", .number = 1, .target = "agency"}};
static const struct shape_list of_resolve = {3, levels}, of_due = {1, due_level}, none = {0, NULL};
static const struct PolicyClock four_hours = {4 * 3600, "always", &of_due},
                                twelve_hours = {12 * 3600, "office", &of_resolve},
                                an_hour = {3600, "always", &of_due};
static const struct PolicyDefined by_default = {.policy_id = "default",
                                                .acknowledge = &four_hours,
                                                .resolve = &twelve_hours,
                                                .active = true,
                                                .defined_at = NOON},
                                  fast = {.policy_id = "fast",
                                          .priority = "urgent",
                                          .resolve = &an_hour,
                                          .active = true,
                                          .defined_at = NOON};
static const struct CalendarHours office_hours[] = {{"tuesday", "08:00", "16:00"},
                                                    {"friday", "08:00", "16:00"}};
static const struct CalendarHoliday holidays[] = {{"2026-01-05", "Founders' Day", NULL}};
static const struct shape_list days = {2, office_hours}, free_days = {1, holidays};
static const struct CalendarDefined always = {"always", "UTC", &none, &none, &none, NOON, NULL},
                                    office = {"office", "UTC", &days, &free_days,
                                              &none,    NOON,  NULL};
static const struct PolicyVersion policy_rows[] = {{7, &by_default}, {2, &fast}};
static const struct CalendarVersion calendar_rows[] = {{3, &always}, {5, &office}};
static const struct shape_list policy_list = {2, policy_rows}, calendar_list = {2, calendar_rows};

/* ---- given, then ---- */

static struct arena arena;
static struct ReportClocks report;
static struct sla_catalog catalog;
static struct text told;

static void happens(double hour, struct event e)
{
    struct event *kept = arena_alloc(&arena, sizeof(*kept));
    *kept = e;
    report_clocks_apply(&report, &catalog,
                        &(struct clock_fact){e.type == CaseHeld || e.type == CaseResumed ? FROM_CASE
                                             : e.type == SlaRepoliced                    ? FROM_SLA
                                                                      : FROM_REPORT,
                                             1, NOON + (int64_t)(hour * (double)HOUR), kept},
                        &arena);
}

static const char *record(double hour, const char *language)
{
    scoped_text json = {0};
    const struct ClockRecord r = {NOON + (int64_t)(hour * (double)HOUR), language, &report,
                                  &policy_list, &calendar_list};
    shape_write(&ClockRecord_shape, &r, &json);
    return arena_text(&arena, text_value(&json));
}

/* The catalog is what the record says; so it is read from one without a report's events. */
static void filed(void)
{
    arena_release(&arena);
    struct explained_report r;
    report = (struct ReportClocks){.report_id = R1, .owner_agency = "A", .category = "c"};
    report.visibility = "PUBLIC";
    report.priority = "medium";
    report.status = "RECEIVED";
    report.entries = &none;
    CHECK_OK(explained_read(record(0, NULL), &arena, &r));
    catalog = r.catalog;
    report = (struct ReportClocks){.report_id = NULL};
    happens(0, created("PUBLIC"));
}

static void explained(double hour, const char *language)
{
    struct explained_report r;
    text_release(&told);
    CHECK_OK(explained_read(record(hour, language), &arena, &r));
    explained_write(&r, &told);
}

static void tells(const char *part)
{
    if (!strstr(text_value(&told), part))
        test_fail(__FILE__, __LINE__, "it does not tell", part, text_value(&told));
}

static void tells_not(const char *part)
{
    if (strstr(text_value(&told), part))
        test_fail(__FILE__, __LINE__, "it tells", part, text_value(&told));
}

#define INTERVAL(from, to, counts, seconds, why, by, holiday, words)                        \
    "{\"from\":\"2026-01-" from ":00:00.000000Z\",\"to\":\"2026-01-" to                     \
    ":00:00.000000Z\",\"counts\":" counts ",\"counted_seconds\":" seconds ",\"why\":\"" why \
    "\",\"paused_by\":[" by "],\"holiday\":" holiday ",\"text\":\"" words "\"}"

static void a_week_end_with_a_question(void)
{
    filed();
    happens(1, EVENT(ReportStatusUpdated, .report_id = R1, .new_status = "IN_PROGRESS"));
    happens(2, EVENT(ReportQuestionAsked, .report_id = R1, .question_id = R1));
    happens(3, EVENT(ReportQuestionAnswered, .report_id = R1, .question_id = R1));
}

TEST(every_interval_is_told_in_words_and_numbers)
{
    a_week_end_with_a_question();
    explained(94, "en");
    tells("\"clock\":\"resolve\",\"state\":\"running\","
          "\"text\":\"It runs: 5 h of 12 h are used.\"");
    tells("\"intervals\":[" INTERVAL("02T12", "02T14", "true", "7200", "counted", "",
                                     "null", "Counted: the clock ran, within office hours.") "," INTERVAL("02T14", "02T15", "false", "0", "paused", "\"question\"", "null", "Not counted: a question to the author was open.") "," INTERVAL("02T15", "02T16", "true", "3600", "counted", "", "null", "Counted: the clock ran, within office hours.") "," INTERVAL("02T16",
                                                                                                                                                                                                                                                                                                                                                                  "05T00",
                                                                                                                                                                                                                                                                                                                                                                  "false", "0", "out_of_hours", "", "null",
                                                                                                                                                                                                                                                                                                                                                                  "Not counted: out of office hours.") "," INTERVAL("05T00",
                                                                                                                                                                                                                                                                                                                                                                                                                    "06T00",
                                                                                                                                                                                                                                                                                                                                                                                                                    "false",
                                                                                                                                                                                                                                                                                                                                                                                                                    "0",
                                                                                                                                                                                                                                                                                                                                                                                                                    "holiday", "", "\"Founders' Day\"", "Not counted: a holiday, Founders' Day.") "," INTERVAL("06T00",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "06T08", "false", "0", "out_of_hours", "",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "null",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "Not counted: out of office hours.") "," INTERVAL("06T08", "06T10", "true", "7200", "counted", "",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                 "null",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                 "Counted: the clock ran, within office hours.") "],\"left_out\":0");
    tells("\"allotted_seconds\":43200,\"consumed_seconds\":18000,\"remaining_seconds\":25200");
}

TEST(the_words_are_in_the_language_that_was_asked_for)
{
    a_week_end_with_a_question();
    explained(94, "id");
    tells("Berjalan: 5 h dari 12 h sudah terpakai.");
    tells("Tidak dihitung: hari libur, Founders' Day.");
    tells("Tidak dihitung: pertanyaan kepada pelapor belum dijawab.");
    tells_not("ounted:");
}

TEST(versions_and_what_comes_are_told)
{
    a_week_end_with_a_question();
    explained(94, "en");
    tells("\"terms\":[{\"since\":\"2026-01-02T12:00:00.000000Z\",\"policy\":\"default\","
          "\"policy_version\":7,\"calendar\":\"office\",\"calendar_version\":5,"
          "\"allotted_seconds\":43200,\"reason\":null}]");
    tells("{\"name\":\"w50\",\"number\":0,\"target\":\"officer\",\"share_percent\":50,"
          "\"after_due_seconds\":null,\"office_hours\":false,"
          "\"comes_at\":\"2026-01-06T11:00:00.000000Z\",\"fired_at\":null}");
    tells("\"due_at\":\"2026-01-09T09:00:00.000000Z\"");
    tells("\"comes_at\":\"2026-01-09T13:00:00.000000Z\",\"fired_at\":null}]");
}

TEST(a_level_that_fired_says_when_it_came_and_when_it_fired)
{
    a_week_end_with_a_question();
    happens(95.5, EVENT(ReportEscalated, .report_id = R1, .clock = "resolve", .level = "w50"));
    explained(96, "en");
    tells("\"comes_at\":\"2026-01-06T11:00:00.000000Z\","
          "\"fired_at\":\"2026-01-06T11:30:00.000000Z\"}");
}

TEST(an_ended_clock_is_told_of_too)
{
    a_week_end_with_a_question();
    explained(94, "en");
    tells("\"clock\":\"acknowledge\",\"state\":\"met\","
          "\"text\":\"It ended in time: 1 h of 4 h were used.\"");
    tells("\"ended_at\":\"2026-01-02T13:00:00.000000Z\",\"due_at\":null");
    tells("\"intervals\":[" INTERVAL(
        "02T12", "02T13", "true", "3600", "counted", "", "null",
        "Counted: the clock ran.") "," INTERVAL("02T13", "06T10", "false", "0", "ended", "", "null",
                                                "Not counted: the clock had ended.") "]");
}

TEST(a_hold_and_a_question_are_told_apart)
{
    filed();
    happens(1, EVENT(ReportQuestionAsked, .report_id = R1, .question_id = R1));
    happens(2, EVENT(CaseHeld, .report_id = R1));
    happens(3, EVENT(ReportQuestionAnswered, .report_id = R1, .question_id = R1));
    explained(4, "en");
    tells("\"state\":\"paused\",\"text\":\"It is paused: 1 h of 12 h are used.\"");
    tells(
        "\"paused_by\":[\"question\",\"hold\"],\"holiday\":null,\"text\":\"Not counted: a question "
        "to the author was open, and the case was on hold.\"");
    tells("\"why\":\"paused\",\"paused_by\":[\"hold\"],\"holiday\":null,"
          "\"text\":\"Not counted: the case was on hold.\"");
    tells("\"due_at\":null,\"overdue\":false,\"paused_by\":[\"hold\"]");
}

TEST(another_policy_is_told_with_its_version_and_what_had_fired_before)
{
    filed();
    happens(3.5, EVENT(ReportEscalated, .report_id = R1, .clock = "resolve", .level = "w50"));
    happens(4, EVENT(SlaRepoliced, .report_id = R1, .clock = "resolve", .reason = "priority",
                     .policy = "fast", .policy_version = 2, .calendar = "always",
                     .calendar_version = 3));
    explained(5, "en");
    tells("{\"since\":\"2026-01-02T16:00:00.000000Z\",\"policy\":\"fast\",\"policy_version\":2,"
          "\"calendar\":\"always\",\"calendar_version\":3,\"allotted_seconds\":3600,"
          "\"reason\":\"priority\"}]");
    tells("\"text\":\"It is overdue: 5 h of 1 h are used.\"");
    tells("\"overdue\":true");
    tells("\"remaining_seconds\":-14400");
    tells("\"former_levels\":[{\"name\":\"w50\",\"fired_at\":\"2026-01-02T15:30:00.000000Z\"}]");
}

TEST(what_was_withdrawn_was_neither_met_nor_missed)
{
    filed();
    happens(1, EVENT(ReportStatusUpdated, .report_id = R1, .new_status = "WITHDRAWN"));
    explained(2, "en");
    tells("\"state\":\"dropped\",\"text\":\"It ended without being met or missed");
}

TEST(amounts_are_as_exact_as_the_clock)
{
    filed();
    happens(0.5 + 1.0 / 3600 / 1000000 * 2,
            EVENT(ReportStatusUpdated, .report_id = R1, .new_status = "IN_PROGRESS"));
    explained(1, "en");
    tells("\"consumed_seconds\":1800.000002,\"remaining_seconds\":12599.999998");
    scoped_arena a = {0};
    CHECK_TEXT(amount_text(0, &a), "0 s");
    CHECK_TEXT(amount_text(61 * INT64_C(1000000), &a), "1 min 1 s");
    CHECK_TEXT(amount_text(48 * HOUR, &a), "48 h");
}

TEST(of_a_long_time_the_rest_is_summed_up)
{
    filed();
    explained(24.0 * 7 * 1000, "en");
    tells("further intervals, summed up.\"}],\"left_out\":");
    tells_not("summed up.\"}],\"left_out\":0");
    CHECK(told.length < 400 * 1000);
}

TEST(what_is_no_record_is_an_error)
{
    struct explained_report r;
    scoped_arena a = {0};
    CHECK(explained_read("{\"now\":1}", &a, &r) == INTERNAL);
    CHECK(explained_read("no JSON", &a, &r) == INTERNAL);
}
