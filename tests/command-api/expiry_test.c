/* expiry_test.c -- rows whose time is over leave, at a cost that goes by how many they are and not
 * by what else the table holds. Judged by blocks: they are the same on any machine. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <unistd.h>

#include "base/time.h"
#include "command-api/expiry.h"
#include "platform/postgres/postgres.h"

static struct pg *database(const char *url)
{
    struct pg *c = pg_new(url, "test", NULL, 60000);
    CHECK_OK(pg_run(c, "CREATE FUNCTION blocks_of(q text) RETURNS bigint LANGUAGE plpgsql AS $$ "
                       "DECLARE j json; BEGIN "
                       "EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || q INTO j; "
                       "RETURN (j->0->'Plan'->>'Shared Hit Blocks')::bigint "
                       "     + (j->0->'Plan'->>'Shared Read Blocks')::bigint; END $$"));
    return c;
}

static int64_t ask(struct pg *c, const char *sql)
{
    scoped_rows *rows = NULL;
    struct pg_statement s = {NULL, sql};
    CHECK_OK(pg_call(c, &s, 0, NULL, &rows));
    return rows ? rows_int(rows, 0, 0) : -1;
}

/* `count` answers of the last `hours`, stored in any order, as they lie when pages are used again.
 */
static void fill(struct pg *c, int count, int hours)
{
    scoped_arena a = {0};
    CHECK_OK(
        pg_run(c, arena_printf(&a,
                               "INSERT INTO es_result (actor, key, digest, status, body, version, "
                               "position, answered) SELECT 'a', n || '-%d', md5(n::text), 201, "
                               "repeat('b', 100), 1, n, now() - n * interval '%d hours' / %d "
                               "FROM generate_series(1, %d) n ORDER BY md5(n::text)",
                               hours, hours, count, count)));
    CHECK_OK(pg_run(c, "ANALYZE es_result"));
}

static void age_horizon(struct pg *c)
{
    CHECK_OK(pg_run(c, "UPDATE es_expiry SET done = (SELECT min(answered) FROM es_result) "
                       "WHERE name = 'es_result'"));
}

TEST(a_few_old_answers_in_a_week_of_reused_pages_cost_a_few_blocks)
{
    struct pg *c = database(test_store_database());
    fill(c, 150000, 167); /* none is old enough */
    CHECK_OK(pg_run(c, "UPDATE es_result SET answered = now() - interval '169 hours' "
                       "WHERE position % 3400 = 0")); /* 44 scattered rows */
    age_horizon(c);
    int64_t pages = ask(c, "SELECT pg_relation_size('es_result') / 8192");
    CHECK(pages > 3000);
    ask(c, "SELECT gone FROM expire_results(8, 1000)"); /* what a session looks up once */
    age_horizon(c);
    int64_t blocks = ask(c, "SELECT blocks_of('SELECT * FROM expire_results(7, 1000)')");
    CHECK_INT(ask(c, "SELECT count(*) FROM es_result WHERE position % 3400 = 0"), 0);
    CHECK_INT(ask(c, "SELECT count(*) FROM es_result"), 150000 - 44);
    if (blocks > 44 * 8 + 100)
        test_int(__FILE__, __LINE__, "blocks for 44 of 150,000", blocks, 44 * 8 + 100);
    pg_free(c);
}

/* Nobody has vacuumed: the entries of all deleted rows are still in the index. */
TEST(the_last_batch_of_a_long_sweep_costs_no_more_than_the_first)
{
    struct pg *c = database(test_store_database());
    int64_t first = 0, last = 0, before, left = 60000;
    CHECK_OK(pg_run(c, "ALTER TABLE es_result SET (autovacuum_enabled = false)"));
    fill(c, (int)left, 40);
    age_horizon(c);
    ask(c, "SELECT gone FROM expire_results(30, 10)"); /* what a session looks up once */
    age_horizon(c);
    for (int i = 0; i < 60; i++) {
        before = left;
        last = ask(c, "SELECT blocks_of('SELECT * FROM expire_results(0, 1000)')");
        first = first ? first : last;
        left = ask(c, "SELECT count(*) FROM es_result");
        CHECK(before - left <= 1000);
    }
    CHECK(left < 20000); /* an hour holds 1,500: every other batch is 500 */
    if (last > first + 100)
        test_int(__FILE__, __LINE__, "blocks of the last batch", last, first);
    if (first > 1000 * 8)
        test_int(__FILE__, __LINE__, "blocks for 1,000 rows", first, 1000 * 8);
    pg_free(c);
}

TEST(a_clock_set_back_for_a_while_leaves_no_answer_behind)
{
    struct pg *c = database(test_store_database());
    fill(c, 10, 240); /* stored while the clock was ten days behind */
    CHECK_OK(pg_run(c, "UPDATE es_expiry SET done = now() - interval '1 day' "
                       "WHERE name = 'es_result'"));
    CHECK_INT(ask(c, "SELECT gone FROM expire_results(20, 3)"), 0); /* a sweep under that clock */
    for (int i = 0; i < 500 && ask(c, "SELECT more::int FROM expire_results(9, 3)"); i++)
        ;
    CHECK_INT(ask(c, "SELECT count(*) FROM es_result WHERE answered < now() - interval '9 days'"),
              0);
    CHECK_INT(ask(c, "SELECT count(*) FROM es_result"), 8);
    pg_free(c);
}

/* ---- sessions ---- */

/* `count` sessions of one account that ended in the last day, the last of them just now. */
static void fill_sessions(struct pg *c, int count)
{
    scoped_arena a = {0};
    CHECK_OK(pg_run(c, "INSERT INTO account (user_id, user_name, name_key, password_hash, role) "
                       "VALUES (gen_random_uuid(), 'anybody', 'anybody', 'none', 'CITIZEN') "
                       "ON CONFLICT DO NOTHING"));
    CHECK_OK(pg_run(c, arena_printf(&a,
                                    "INSERT INTO account_session (session_id, user_id, current, "
                                    "expires, generation, opened) SELECT gen_random_uuid(), "
                                    "user_id, 'tag', now() - n * interval '1 day' / %d, 0, now() "
                                    "FROM account, generate_series(0, %d - 1) n",
                                    count, count)));
    CHECK_OK(pg_run(c, "UPDATE account SET sessions = (SELECT count(*) FROM account_session)"));
}

static int64_t expire_sessions(struct pg *c, int count)
{
    scoped_arena a = {0};
    return ask(c, arena_printf(&a, "SELECT expire_sessions(%d)", count));
}

static int64_t blocks_of_a_session_sweep(struct pg *c)
{
    return ask(c, "SELECT blocks_of('SELECT expire_sessions(1000)')");
}

/* Nobody has vacuumed: the entries of all deleted rows are still in the index. */
TEST(sessions_that_went_cost_later_sweeps_nothing)
{
    struct pg *c = database(test_store_database());
    CHECK_OK(pg_run(c, "ALTER TABLE account_session SET (autovacuum_enabled = false)"));
    expire_sessions(c, 1000);
    int64_t before = blocks_of_a_session_sweep(c), left = 60000;
    fill_sessions(c, (int)left);
    CHECK_OK(pg_run(c, "UPDATE es_expiry SET done = '-infinity' WHERE name = 'account_session'"));
    int64_t first = blocks_of_a_session_sweep(c);
    for (left -= 2000; left; left -= 1000)
        CHECK_INT(expire_sessions(c, 1000), 1000);
    int64_t last = blocks_of_a_session_sweep(c), after = blocks_of_a_session_sweep(c);
    CHECK_INT(ask(c, "SELECT count(*) FROM account_session"), 0);
    CHECK_INT(ask(c, "SELECT sessions FROM account"), 0);
    printf("blocks: %lld the first 1,000, %lld the last, %lld none after, %lld none before\n",
           (long long)first, (long long)last, (long long)after, (long long)before);
    CHECK(last < first + first / 4);
    CHECK(after < before + 20);
    pg_free(c);
}

TEST(a_session_that_is_held_goes_with_a_later_sweep_and_holds_up_no_other)
{
    const char *url = test_store_database();
    struct pg *c = database(url), *holder = pg_new(url, "holder", NULL, 2000);
    fill_sessions(c, 10);
    CHECK_OK(pg_run(holder, "BEGIN; SELECT FROM account_session WHERE expires = (SELECT expires "
                            "FROM account_session ORDER BY expires OFFSET 3 LIMIT 1) FOR UPDATE"));
    CHECK_INT(expire_sessions(c, 4), 4);
    CHECK_INT(expire_sessions(c, 1000), 5);
    CHECK_INT(expire_sessions(c, 1000), 0);
    CHECK_OK(pg_run(holder, "COMMIT"));
    pg_free(holder);
    CHECK_INT(expire_sessions(c, 1000), 1);
    CHECK_INT(ask(c, "SELECT sessions FROM account"), 0);
    pg_free(c);
}

TEST(a_clock_that_was_ahead_leaves_no_session_behind)
{
    struct pg *c = database(test_store_database());
    fill_sessions(c, 10);
    CHECK_INT(expire_sessions(c, 1000), 10);
    CHECK_OK(pg_run(c, "UPDATE es_expiry SET done = now() + interval '1 day' "
                       "WHERE name = 'account_session'")); /* a sweep under that clock */
    CHECK_INT(expire_sessions(c, 1000), 0);
    fill_sessions(c, 1);
    CHECK_INT(expire_sessions(c, 1000), 1);
    pg_free(c);
}

/* ---- who sweeps ---- */

TEST(two_sweepers_never_wait_for_each_other)
{
    const char *url = test_store_database();
    struct pg *c = database(url), *other = pg_new(url, "other", NULL, 2000);
    fill(c, 10, 240);
    age_horizon(c);
    fill_sessions(c, 10);
    CHECK_OK(pg_run(other, "BEGIN; SELECT * FROM expire_results(9, 1000); "
                           "SELECT expire_sessions(1000)"));
    int64_t began = time_monotonic();
    CHECK_INT(ask(c, "SELECT gone FROM expire_results(9, 1000)"), 0);
    CHECK_INT(expire_sessions(c, 1000), 0);
    CHECK(time_monotonic() - began < 1000000);
    pg_free(other);
    pg_free(c);
}

/* There is no Redis and no relay here: neither has a part in it. */
TEST(the_thread_deletes_old_answers_and_sessions_until_none_is_left)
{
    const char *url = test_store_database();
    struct settings settings;
    settings_defaults(&settings);
    settings.database_url = url;
    settings.database_timeout_ms = 3000;
    struct pg *c = database(url);
    fill(c, 3000, 8 * 24); /* 375 of them old */
    age_horizon(c);
    fill_sessions(c, 2500);
    struct expiry *e = expiry_new(&settings);
    for (int i = 0; i < 400 && ask(c, "SELECT count(*) FROM account_session"); i++)
        usleep(50000);
    expiry_free(e);
    CHECK_INT(ask(c, "SELECT count(*) FROM account_session"), 0);
    CHECK_INT(ask(c, "SELECT count(*) FROM es_result WHERE answered < now() - interval '7 days'"),
              0);
    int64_t left = ask(c, "SELECT count(*) FROM es_result");
    CHECK(left > 2600 && left < 2630);
    pg_free(c);
}
