/* tail_test.c -- what `citywatchctl tail` shows, where it begins, and that it ends with its reader.
 */
#include "tests/ctl/small_city.h"

#include <signal.h>

#include "base/time.h"

static struct arena kept;

__attribute__((destructor)) static void release(void)
{
    arena_release(&kept);
}

static int count_of(const char *words)
{
    int n = 0;
    for (const char *at = output; (at = strstr(at, words)); at++)
        n++;
    return n;
}

/* Its exit code, with what stands behind it: a pipe to a reader, or another place. */
static int ctl_to(const struct small_city *c, const char *words, const char *rest)
{
    char command[4096];
    const char *code = arena_printf(&kept, "%s/code", test_folder());
    ctl_command(c, words, "", command);
    FILE *f = popen(arena_printf(&kept, "{ %s; echo $? >%s; } %s", command, code, rest), "re");
    size_t n = fread(output, 1, sizeof(output) - 1, f);
    output[n] = '\0';
    pclose(f);
    int64_t result = -1;
    char line[16] = "";
    f = fopen(code, "re");
    if (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        text_to_int(line, &result);
    }
    if (f)
        fclose(f);
    return (int)result;
}

TEST(tail_shows_what_is_asked_for_and_ends)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "tail --from 1 --to 11"), 0);
    CHECK_INT(count_of("\n"), 11);
    CHECK(count_of("T03:04:05.000000Z\"") > 0 && !count_of(":05Z")); /* stored without decimals */
    CHECK_INT(ctl(&c, "tail --from 1 --to 11 --json"), 0);
    CHECK(count_of("T03:04:05.000000Z\"") > 0 && !count_of(":05Z"));
    CHECK_INT(ctl(&c, "tail --from 1 --to 11 --type report.upvoted,report.status.updated"), 0);
    CHECK_INT(count_of("\n"), 4);
    CHECK_INT(ctl(&c, "tail --from 4 --to 11 --category report"), 0);
    CHECK_INT(count_of("\n"), 6);
    CHECK_INT(
        ctl(&c, "tail --since 1h --to 11 --subject report-00000000-0000-7000-8000-000000000003"),
        0);
    CHECK_INT(count_of("\n"), 3);
    CHECK_INT(ctl(&c, "tail --since 1960-01-01t00:00:00+07:00 --to 11"), 0);
    CHECK_INT(count_of("\n"), 11);
    CHECK_INT(ctl(&c, "tail --since 2100-01-01T00:00:00Z --to 11"), 0);
    CHECK_TEXT(output, "");
    change(c.log, "UPDATE es_event SET recorded = now() - interval '2 hours' WHERE position < 6");
    CHECK_INT(ctl(&c, "tail --since 1h --to 11"), 0);
    CHECK_INT(count_of("\n"), 6);
    city_leave(&c);
}

TEST(tail_begins_with_the_last_events_that_fit)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "tail --last 3 --no-follow"), 0);
    CHECK_INT(count_of("\n"), 3);
    CHECK(text_starts(output, "9  "));
    CHECK_INT(ctl(&c, "tail --last 5 --type report.status.updated,report.upvoted --no-follow"), 0);
    CHECK_INT(count_of("\n"), 4);
    CHECK_INT(ctl(&c, "tail --last 1 --category vote --no-follow --json"), 0);
    CHECK(said("\"sequence\":\"00000000000000000010\""));
    CHECK_INT(count_of("\n"), 1);
    CHECK_INT(ctl(&c, "tail --last 2 --to 5"), 0);
    CHECK(text_starts(output, "4  "));
    CHECK_INT(count_of("\n"), 2);
    CHECK_INT(ctl(&c, "tail --last 99 --no-follow"), 0);
    CHECK_INT(count_of("\n"), 11);
    CHECK_INT(ctl(&c, "tail --last 5 --type category.defined --no-follow"), 0);
    CHECK_TEXT(output, "");
    city_leave(&c);
}

/* More than one window of positions lies before the only event that fits. */
TEST(the_last_event_that_fits_may_be_long_ago)
{
    struct small_city c = city_found();
    file_report(&c, 1);
    change(c.log,
           arena_printf(
               &kept,
               "INSERT INTO es_event (position, stream, version, category, event_id, type, schema, "
               "data, meta) SELECT n, 'vote-' || n, 1, 'vote', gen_random_uuid(), '%s', %d, '%s', "
               "'{}' FROM generate_series(2, 12000) n; UPDATE es_counter SET position = 12000",
               event_name(ReportUpvoted), event_version(ReportUpvoted),
               event_sample(&kept, ReportUpvoted, "{}")));
    CHECK_INT(ctl(&c, "tail --last 2 --type report.created --no-follow"), 0);
    CHECK_INT(count_of("\n"), 1);
    CHECK_INT(ctl_to(&c, "tail --last 7000 --no-follow", "| wc -l"), 0);
    CHECK(said("7000"));
    city_leave(&c);
}

/* A reader that leaves: what shows ends by itself, or by the signal if it writes once more. */
static bool ends(int code)
{
    return code == 0 || code == 128 + SIGPIPE;
}

/* `head` leaves after its lines; the log is silent from then on. A parent may ignore SIGPIPE. */
TEST(what_shows_ends_with_its_reader)
{
    static const char *const words[] = {"tail --from 1", "tail --from 1 --json", "tail",
                                        "tail --last 3"};
    static const char *const readers[] = {"| head -n 1", "| true", "| head -n 3"};
    struct small_city c = city_of_a_day();
    for (int i = 0; i < 12; i++) {
        int64_t begun = time_monotonic();
        signal(SIGPIPE, i % 2 ? SIG_IGN : SIG_DFL);
        if (!text_equal(words[i / 3], "tail") || i % 3 == 1) /* which shows nothing by itself */
            CHECK(ends(ctl_to(&c, words[i / 3], readers[i % 3])));
        CHECK(time_monotonic() - begun < 10000000);
    }
    signal(SIGPIPE, SIG_DFL);
    static const char *const verbs[] = {"lag",
                                        "groups",
                                        "verify",
                                        "parked list",
                                        "epoch show",
                                        "--help",
                                        "trim --dry-run",
                                        "tail --last 3 --no-follow",
                                        "settings markdown"};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        CHECK(ends(ctl_to(&c, verbs[i], "| true")));
    city_leave(&c);
}

/* What changes something is brought to its end though nobody reads how far it is. */
TEST(a_change_does_not_end_with_its_reader)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl_to(&c, "rebuild report_list --yes", "| true"), 0);
    CHECK_INT(number(c.views, "SELECT version FROM engine.view WHERE name = 'report_list'"), 2);
    CHECK_INT(ctl_to(&c, "trim --keep 1 --yes", "| true"), 0);
    city_leave(&c);
}

TEST(a_full_disk_is_a_failure)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl_to(&c, "tail --last 3 --no-follow", ">/dev/full"), 1);
    CHECK_INT(ctl_to(&c, "--help", ">/dev/full"), 1);
    city_leave(&c);
}
