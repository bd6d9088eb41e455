/* verify_test.c -- citywatchctl verify says nothing of a city that is whole, and names each
 * difference that is planted: one at a time, in each part. */
#include "tests/ctl/small_city.h"

#include <unistd.h>

#include "ctl/verify.h"

static void redis(const char *command)
{
    test_shell("redis-cli -p %d %s >/dev/null", test_redis_port(), command);
}

/* Entry `position` of a key again, with one field changed by a sed expression on the list of fields
 * and values; a later entry must not be there. */
static void rewrite_last(const char *key, int64_t position, const char *sed)
{
    test_shell("p=%d; k='%s'; redis-cli -p $p --raw XRANGE $k %lld-0 %lld-0 | tail -n +2 | "
               "sed -E '%s' > %s/entry; redis-cli -p $p XDEL $k %lld-0 >/dev/null; "
               "redis-cli -p $p DEL $k:copy >/dev/null; "
               "python3 - $p $k %lld %s/entry <<'END'\n"
               "import subprocess, sys\n"
               "port, key, position, path = sys.argv[1:]\n"
               "fields = open(path).read().split('\\n')[:34]\n"
               "def redis(*words): return subprocess.run(['redis-cli', '-p', port, *words], "
               "check=True, stdout=subprocess.PIPE, text=True).stdout\n"
               "redis('XADD', key + ':copy', position + '-0', *fields)\n"
               "redis('RENAME', key + ':copy', key)\nEND",
               test_redis_port(), key, (long long)position, (long long)position, sed, test_folder(),
               (long long)position, (long long)position, test_folder());
}

TEST(a_city_that_is_whole_shows_no_difference)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "verify"), 0);
    CHECK(said("No difference."));
    CHECK(said("store log: 11 events compared, up to event 11."));
    CHECK(said("store es_stream: 9 streams compared."));
    CHECK(said("redis {events}:all: 11 entries compared, up to event 11."));
    CHECK(said("views report_list: 7 rows compared, up to event 11."));
    CHECK_INT(number(c.views, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'verify%'"), 0);
    CHECK_INT(ctl(&c, "verify views --json"), 0);
    CHECK(said("{\"part\":\"views\",\"name\":\"report_list\",\"position\":11,\"compared\":7,"
               "\"unit\":\"rows\"}"));
    CHECK_INT(ctl(&c, "verify nothing"), 2);
    city_leave(&c);
}

/* More rows than a page, in the log, in Redis and in a view. */
TEST(pages_follow_one_another)
{
    struct small_city c = city_found();
    for (int n = 1; n <= 2100; n++)
        file_report(&c, n);
    publish_all(&c);
    project_all(&c);
    CHECK_INT(ctl(&c, "verify store redis report_list case_counts"), 0);
    change(c.views, "UPDATE report_list.report_list SET content = 'x' WHERE position = 2050; "
                    "DELETE FROM report_list.report_list WHERE position IN (1000, 1001, 2100)");
    CHECK_INT(ctl(&c, "verify report_list"), 1);
    CHECK(said("4 differences."));
    CHECK(said("000000002050\"}: differs from the fold in content"));
    CHECK(said("000000002100\"}: this row is missing"));
    city_leave(&c);
}

TEST(an_event_that_was_changed_is_named_in_redis_and_in_the_view)
{
    struct small_city c = city_of_a_day();
    change(
        c.log,
        "UPDATE es_event SET data = data::jsonb || '{\"content\": \"else\"}' WHERE position = 2");
    CHECK_INT(ctl(&c, "verify store"), 0);
    CHECK_INT(ctl(&c, "verify redis"), 1);
    CHECK(said("redis {events}:all 2: data is not that of the store's event"));
    CHECK(said("redis {events}:report 2: data is not that of the store's event"));
    CHECK_INT(ctl(&c, "verify report_list"), 1);
    CHECK(said("views report_list 11: report_list {\"report_id\": "
               "\"00000000-0000-7000-8000-000000000002\"}: differs from the fold in content"));
    city_leave(&c);
}

TEST(a_position_that_is_missing_is_named)
{
    struct small_city c = city_of_a_day();
    change(c.log, "DELETE FROM es_event WHERE position = 5");
    CHECK_INT(ctl(&c, "verify store --json"), 1);
    CHECK(said("{\"part\":\"store\",\"name\":\"log\",\"position\":5,\"difference\":\"this position "
               "is missing\"}"));
    CHECK(said("es_stream says version 1, there are 0 events"));
    change(c.log, "UPDATE es_counter SET position = 13");
    CHECK_INT(ctl(&c, "verify store"), 1);
    CHECK(said("store log 12: positions are missing up to 13"));
    city_leave(&c);
}

TEST(versions_and_es_stream_must_agree)
{
    struct small_city c = city_of_a_day();
    const char *third = "store report-00000000-0000-7000-8000-000000000003: ";
    scoped_arena a = {0};
    change(c.log, "UPDATE es_event SET version = 7 WHERE position = 11");
    CHECK_INT(ctl(&c, "verify store"), 1);
    CHECK(said(arena_printf(&a, "%sevent 3 of this stream has another version", third)));
    change(c.log, "UPDATE es_event SET version = 3 WHERE position = 11; "
                  "UPDATE es_stream SET position = 8 WHERE version = 3");
    CHECK_INT(ctl(&c, "verify store"), 1);
    CHECK(said(arena_printf(&a, "%ses_stream says position 8, its last event has 11", third)));
    change(c.log, "DELETE FROM es_stream WHERE version = 3");
    CHECK_INT(ctl(&c, "verify store"), 1);
    CHECK(said("es_stream has no such stream"));
    city_leave(&c);
}

TEST(an_entry_that_was_changed_or_lost_is_named)
{
    struct small_city c = city_of_a_day();
    redis("XDEL '{events}:all' 4-0");
    redis("XDEL '{events}:vote' 9-0"); /* the first one: like trimmed */
    redis("XDEL '{events}:report' 3-0");
    CHECK_INT(ctl(&c, "verify redis"), 1);
    CHECK(said("redis {events}:all 4: this entry is missing"));
    CHECK(said("redis {events}:report 3: this entry is missing"));
    CHECK(said("2 differences."));
    rewrite_last("{events}:vote", 10, "s/^c-1$/c-2/");
    CHECK_INT(ctl(&c, "verify redis"), 1);
    CHECK(said("redis {events}:vote 10: correlationid is \"c-2\", the store says \"c-1\""));
    city_leave(&c);
}

TEST(a_chain_that_is_broken_is_named)
{
    struct small_city c = city_of_a_day();
    redis("XDEL '{events}:vote' 9-0");
    rewrite_last("{events}:vote", 10, "/^prev$/{n;s/9/7/}");
    CHECK_INT(ctl(&c, "verify redis"), 1);
    CHECK(said("redis {events}:vote 10: prev is \"7\", the store says \"9\""));
    city_leave(&c);
}

TEST(what_no_relay_wrote_is_named)
{
    struct small_city c = city_of_a_day();
    redis("XADD '{events}:vote' 11-0 a b");
    CHECK_INT(ctl(&c, "verify redis"), 1);
    CHECK(said("redis {events}:vote 11: entry 11-0 does not have the form of an entry"));
    redis("DEL '{events}:vote'");
    CHECK_INT(ctl(&c, "verify redis"), 1);
    CHECK(said("redis {events}:vote 10: the key ends at 0, the store goes on"));
    redis("HSET '{events}:meta' epoch 4");
    CHECK_INT(ctl(&c, "verify redis"), 1);
    CHECK(said("redis {events}:meta: epoch is 4, the store says 1"));
    redis("XADD '{events}:all' 99-0 a b");
    CHECK_INT(ctl(&c, "verify redis"), 1);
    CHECK(said("redis {events}:all 99: the store ends at 11"));
    city_leave(&c);
}

TEST(rows_of_a_view_are_named)
{
    struct small_city c = city_of_a_day();
    change(c.views, "UPDATE report_detail.report_detail SET status = 'CLOSED' WHERE version = 3; "
                    "DELETE FROM report_rank.report_rank WHERE report_id = "
                    "'00000000-0000-7000-8000-000000000004'; "
                    "UPDATE case_counts.case_counts SET status = 'WITHDRAWN' WHERE status = "
                    "'RESOLVED'; DROP TABLE category_list.category_list");
    CHECK_INT(ctl(&c, "verify"), 1);
    CHECK(said("000000000003\"}: differs from the fold in status"));
    CHECK(said("report_rank {\"report_id\": \"00000000-0000-7000-8000-000000000004\"}: this row is "
               "missing"));
    CHECK(said("\"WITHDRAWN\""));
    CHECK(said("this row should not be"));
    CHECK(said("views category_list: table category_list is missing"));
    city_leave(&c);
}

TEST(a_view_that_is_behind_is_compared_where_it_stands)
{
    struct small_city c = city_of_a_day();
    move_report(&c, 4, 1, "RECEIVED", "REJECTED");
    CHECK_INT(ctl(&c, "verify"), 0);
    change(c.views, "UPDATE engine.lane SET position = position + 1"); /* without its rows */
    CHECK_INT(ctl(&c, "verify report_detail"), 1);
    CHECK(said("views report_detail 12: "));
    change(c.views, "UPDATE engine.lane SET position = position + 1");
    CHECK_INT(ctl(&c, "verify report_detail"), 1);
    CHECK(said("the view is ahead of the log"));
    change(c.views, "UPDATE engine.view SET digest = 'x'");
    CHECK_INT(ctl(&c, "verify report_detail"), 1);
    CHECK(said("it must be rebuilt"));
    city_leave(&c);
}

TEST(without_a_database_or_redis_the_exit_code_is_3)
{
    struct small_city c = city_of_a_day();
    struct small_city nowhere = c;
    nowhere.log_url = "postgresql://test@127.0.0.1:1/nowhere";
    CHECK_INT(ctl(&nowhere, "verify store"), 3);
    CHECK_INT(ctl(&nowhere, "lag"), 3);
    test_redis_stop();
    CHECK_INT(ctl(&c, "verify redis"), 3);
    CHECK_INT(ctl(&c, "groups"), 3);
    test_redis_start();
    city_leave(&c);
}

/* What progress says, with nothing said in the last second. */
static const char *progress_of(struct arena *a, int64_t done, int64_t all)
{
    struct findings f = {.said_at = -10000000};
    char *text = arena_alloc(a, 100);
    int ends[2], before = dup(STDERR_FILENO);
    CHECK(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    progress(&f, "store", done, all);
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[1]);
    CHECK(read(ends[0], text, 99) > 0);
    close(ends[0]);
    return text;
}

TEST(progress_never_says_more_than_all)
{
    scoped_arena a = {0};
    CHECK_TEXT(progress_of(&a, 150, 187), "store: 150 of 187\n");
    CHECK_TEXT(progress_of(&a, 187, 187), "store: 187 of 187\n");
    CHECK_TEXT(progress_of(&a, 190, 187), "store: 190 so far\n"); /* written meanwhile */
}
