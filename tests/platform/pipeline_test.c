/* pipeline_test.c -- several statements in one round trip against a real PostgreSQL: order, errors
 * in the middle, lost and late connections, more than fits into any buffer. */
#include "tests/support/harness.h"
#include "tests/support/proxy.h"
#include "tests/support/servers.h"

#include "base/arena.h"
#include "base/time.h"
#include "platform/postgres/columns.h"
#include "platform/postgres/pipeline.h"

enum { TIMEOUT_MS = 3000, MEGABYTE = 1 << 20 };

static const struct pg_statement BEGIN = {"begin", "BEGIN"};
static const struct pg_statement ECHO = {"echo", "SELECT $1::text"};
static const struct pg_statement PUT = {"put", "INSERT INTO n SELECT $1::int"};
static const struct pg_statement DIVIDE = {"divide", "SELECT 1 / $1::int"};
static const struct pg_statement LATER = {"later", "SELECT 'later'"};
static const struct pg_statement SLEEP = {NULL, "SELECT pg_sleep($1::float)"};

static struct pg *open_numbers(void)
{
    struct pg *db = pg_new(test_database(), "test", NULL, TIMEOUT_MS);
    CHECK_OK(pg_run(db, "CREATE TABLE n (n int)"));
    return db;
}

static const struct problem *add(struct pipeline *p, const struct pg_statement *s,
                                 const char *value, struct rows **out)
{
    return pipeline_add(p, s, value != NULL, &value, out);
}

static long long number_of(struct pg *db, const char *sql)
{
    scoped_rows *rows = NULL;
    CHECK_OK(pg_call(db, &(struct pg_statement){NULL, sql}, 0, NULL, &rows));
    return rows && rows_count(rows) ? rows_int(rows, 0, 0) : -1;
}

static long long milliseconds_since(int64_t start)
{
    return (time_monotonic() - start) / 1000;
}

/* ---- what is done ---- */

TEST(answers_come_in_the_order_of_the_statements)
{
    struct pg *db = open_numbers();
    scoped_pipeline *p = NULL;
    scoped_rows *put = NULL, *first = NULL, *second = NULL, *counted = NULL;
    CHECK_OK(pipeline_begin(db, &p));
    CHECK_OK(add(p, &PUT, "1", &put));
    CHECK_OK(add(p, &ECHO, "one", &first));
    CHECK_OK(add(p, &PUT, "2", NULL));
    CHECK_OK(add(p, &ECHO, "two", &second));
    CHECK_OK(add(p, &(struct pg_statement){NULL, "SELECT sum(n) FROM n"}, NULL, &counted));
    CHECK_OK(pipeline_end(p));
    CHECK_INT(rows_affected(put), 1);
    CHECK_TEXT(rows_text(first, 0, 0), "one");
    CHECK_TEXT(rows_text(second, 0, 0), "two");
    CHECK_INT(rows_int(counted, 0, 0), 3);
    CHECK_INT(number_of(db, "SELECT count(*) FROM n"), 2);
    pg_free(db);
}

TEST(binary_parameters_and_nulls_arrive)
{
    struct pg *db = open_numbers();
    struct column texts = {0};
    scoped_pipeline *p = NULL;
    scoped_rows *joined = NULL, *none = NULL;
    column_begin(&texts, COLUMN_TEXT);
    column_text(&texts, "a\"b", 3);
    column_text(&texts, "c", 1);
    struct pg_value values[] = {column_end(&texts), {NULL, 0}};
    const char *no_text = NULL;
    CHECK_OK(pipeline_begin(db, &p));
    CHECK_OK(pipeline_add_binary(
        p, &(struct pg_statement){"join", "SELECT array_to_string($1::text[] || $2::text[], ',')"},
        2, values, &joined));
    CHECK_OK(pipeline_add(p, &ECHO, 1, &no_text, &none));
    column_release(&texts); /* they are copied */
    CHECK_OK(pipeline_end(p));
    CHECK_TEXT(rows_text(joined, 0, 0), "a\"b,c");
    CHECK(!rows_text(none, 0, 0));
    pg_free(db);
}

TEST(an_empty_pipeline_is_none)
{
    struct pg *db = open_numbers();
    scoped_pipeline *p = NULL;
    CHECK_OK(pipeline_begin(db, &p));
    CHECK_OK(pipeline_end(p));
    CHECK_INT(number_of(db, "SELECT 7"), 7);
    CHECK_INT(pg_generation(db), 1);
    pg_free(db);
}

TEST(a_statement_is_prepared_once_a_connection)
{
    static const char prepared[] =
        "SELECT count(*) FROM pg_prepared_statements WHERE name = 'echo'";
    struct pg *db = open_numbers();
    for (int life = 1; life <= 2; life++) {
        for (int i = 0; i < 2; i++) {
            scoped_pipeline *p = NULL;
            scoped_rows *first = NULL, *second = NULL;
            CHECK_OK(pipeline_begin(db, &p));
            CHECK_OK(add(p, &ECHO, "a", &first));
            CHECK_OK(add(p, &ECHO, "b", &second));
            CHECK_OK(pipeline_end(p));
            CHECK_TEXT(rows_text(second, 0, 0), "b");
            const char *value = "c";
            CHECK_OK(pg_call(db, &ECHO, 1, &value, NULL)); /* knows it, too */
        }
        CHECK_INT(number_of(db, prepared), 1);
        CHECK_INT(pg_generation(db), life);
        pg_close(db);
    }
    pg_free(db);
}

TEST(what_is_in_no_transaction_is_one)
{
    struct pg *db = open_numbers();
    scoped_pipeline *p = NULL;
    CHECK_OK(pipeline_begin(db, &p));
    CHECK_OK(add(p, &PUT, "1", NULL));
    CHECK_OK(add(p, &DIVIDE, "0", NULL));
    CHECK_PROBLEM(pipeline_end(p), STATEMENT_REFUSED);
    CHECK_INT(number_of(db, "SELECT count(*) FROM n"), 0);
    pg_free(db);
}

/* ---- errors ---- */

TEST(behind_an_error_the_rest_is_skipped)
{
    struct pg *db = open_numbers();
    scoped_pipeline *p = NULL;
    scoped_rows *before = NULL, *failed = NULL, *behind = NULL;
    CHECK_OK(pipeline_begin(db, &p));
    CHECK_OK(add(p, &BEGIN, NULL, NULL));
    CHECK_OK(add(p, &ECHO, "before", &before));
    CHECK_OK(add(p, &DIVIDE, "0", &failed));
    CHECK_OK(add(p, &(struct pg_statement){NULL, "SELECT nonsense"}, NULL, NULL));
    CHECK_OK(add(p, &LATER, NULL, &behind));
    CHECK_PROBLEM(pipeline_end(p), STATEMENT_REFUSED);
    CHECK_TEXT(pg_sqlstate(db), "22012"); /* of the first */
    CHECK_TEXT(pg_message(db), "division by zero");
    CHECK_TEXT(before ? rows_text(before, 0, 0) : NULL, "before");
    CHECK(!failed && !behind);
    const char *value = "x";
    CHECK_PROBLEM(pg_call(db, &ECHO, 1, &value, NULL), STATEMENT_REFUSED);
    CHECK_TEXT(pg_sqlstate(db), "25P02"); /* the transaction is aborted */
    CHECK_OK(pg_run(db, "ROLLBACK"));
    CHECK_INT(number_of(db, "SELECT 7"), 7);
    CHECK_INT(pg_generation(db), 1);
    pg_free(db);
}

TEST(what_was_skipped_is_prepared_when_it_is_needed)
{
    static const struct pg_statement broken = {"broken", "SELECT FROM WHERE"};
    struct pg *db = open_numbers();
    for (int i = 0; i < 2; i++) { /* its preparation fails, and the one of what is behind it */
        scoped_pipeline *p = NULL;
        CHECK_OK(pipeline_begin(db, &p));
        CHECK_OK(add(p, &ECHO, "x", NULL));
        CHECK_OK(add(p, &broken, NULL, NULL));
        CHECK_OK(add(p, &LATER, NULL, NULL));
        CHECK_PROBLEM(pipeline_end(p), STATEMENT_REFUSED);
        CHECK_TEXT(pg_sqlstate(db), "42601");
    }
    const char *value = "x";
    CHECK_OK(pg_call(db, &ECHO, 1, &value, NULL)); /* was prepared, and is not again */
    CHECK_OK(pg_call(db, &LATER, 0, NULL, NULL));
    scoped_pipeline *p = NULL;
    scoped_rows *rows = NULL;
    CHECK_OK(pipeline_begin(db, &p));
    CHECK_OK(add(p, &LATER, NULL, &rows));
    CHECK_OK(add(p, &DIVIDE, "0", NULL)); /* prepared, then refused */
    CHECK_PROBLEM(pipeline_end(p), STATEMENT_REFUSED);
    CHECK_TEXT(rows ? rows_text(rows, 0, 0) : NULL, "later");
    value = "1";
    CHECK_OK(pg_call(db, &DIVIDE, 1, &value, NULL));
    pg_free(db);
}

TEST(an_error_seen_while_adding_is_told_by_the_end)
{
    struct pg *db = open_numbers();
    scoped_arena a = {0};
    char *large = arena_alloc(&a, MEGABYTE + 1);
    scoped_pipeline *p = NULL;
    scoped_rows *rows = NULL;
    memset(large, 'x', MEGABYTE);
    CHECK_OK(pipeline_begin(db, &p));
    CHECK_OK(add(p, &DIVIDE, "0", NULL));
    for (int i = 0; i < 20; i++)
        CHECK_OK(add(p, &ECHO, large, &rows));
    CHECK(!rows);
    CHECK_PROBLEM(pipeline_end(p), STATEMENT_REFUSED);
    CHECK_TEXT(pg_sqlstate(db), "22012");
    CHECK_INT(number_of(db, "SELECT 7"), 7);
    CHECK_INT(pg_generation(db), 1);
    pg_free(db);
}

TEST(a_pipeline_that_is_given_up_leaves_nothing)
{
    struct pg *db = open_numbers();
    struct pipeline *p = NULL;
    CHECK_OK(pipeline_begin(db, &p));
    CHECK_OK(add(p, &PUT, "1", NULL));
    pipeline_free(p);
    CHECK_OK(pipeline_begin(db, &p));
    CHECK_OK(add(p, &BEGIN, NULL, NULL));
    CHECK_OK(add(p, &PUT, "1", NULL));
    CHECK_OK(pipeline_send(p)); /* done, but not committed */
    pipeline_free(p);
    CHECK_INT(number_of(db, "SELECT count(*) FROM n"), 0);
    CHECK_INT(pg_generation(db), 3);
    pg_free(db);
}

/* ---- lost and late ---- */

TEST(a_connection_lost_in_the_middle_is_unavailable)
{
    struct pg *db = open_numbers();
    for (int64_t life = 1; life <= 2; life++) {
        scoped_pipeline *p = NULL;
        scoped_rows *before = NULL, *behind = NULL;
        CHECK_OK(pipeline_begin(db, &p));
        CHECK_INT(pg_generation(db), life);
        CHECK_OK(add(p, &BEGIN, NULL, NULL));
        CHECK_OK(add(p, &PUT, "1", &before));
        CHECK_OK(add(p,
                     &(struct pg_statement){NULL, "SELECT pg_terminate_backend(pg_backend_pid())"},
                     NULL, NULL));
        CHECK_OK(add(p, &LATER, NULL, &behind));
        CHECK_PROBLEM(pipeline_end(p), DATABASE_UNAVAILABLE);
        CHECK_PROBLEM(pipeline_end(p), DATABASE_UNAVAILABLE); /* and stays it */
        CHECK(before && !behind);
    }
    CHECK_INT(number_of(db, "SELECT count(*) FROM n"), 0);
    CHECK_INT(pg_generation(db), 3);
    pg_free(db);
}

TEST(an_answer_that_is_lost_on_the_way_is_unavailable)
{
    const char *url = test_database();
    struct pg *direct = pg_new(url, "test", NULL, TIMEOUT_MS);
    struct proxy *proxy = proxy_new((int)strtol(strrchr(url, ':') + 1, NULL, 10));
    scoped_arena a = {0};
    struct pg *db = pg_new(
        arena_printf(&a, "postgresql://test@127.0.0.1:%d%s", proxy_port(proxy), strrchr(url, '/')),
        "test", NULL, TIMEOUT_MS);
    CHECK_OK(pg_run(direct, "CREATE TABLE n (n int)"));
    CHECK_OK(pg_run(db, "SELECT 1"));
    for (int round = 0; round < 2; round++) {
        scoped_pipeline *p = NULL;
        (round ? proxy_drop_next_request : proxy_drop_next_answer)(proxy);
        CHECK_OK(pipeline_begin(db, &p));
        CHECK_OK(add(p, &PUT, "1", NULL));
        CHECK_PROBLEM(pipeline_end(p), DATABASE_UNAVAILABLE);
        CHECK_INT(number_of(direct, "SELECT count(*) FROM n"), 1); /* unknown: the first was done */
        CHECK_OK(pg_run(db, "SELECT 1"));
    }
    CHECK_INT(proxy_drops(proxy), 2);
    pg_free(db);
    pg_free(direct);
    proxy_free(proxy);
}

TEST(an_answer_that_is_late_is_unavailable)
{
    struct pg *db = pg_new(test_database(), "test", "SET statement_timeout = 0", 300);
    for (int64_t life = 1; life <= 2; life++) {
        scoped_pipeline *p = NULL;
        CHECK_OK(pipeline_begin(db, &p));
        int64_t start = time_monotonic();
        for (int i = 0; i < 100; i++) /* all together */
            CHECK_OK(add(p, &SLEEP, "0.1", NULL));
        CHECK_PROBLEM(pipeline_end(p), DATABASE_UNAVAILABLE);
        CHECK_INT(pg_generation(db), life);
        CHECK(milliseconds_since(start) < 5000);
    }
    CHECK_INT(number_of(db, "SELECT 7"), 7);
    pg_free(db);
}

/* ---- more than fits ---- */

/* The server stops reading while its answers are not read. More than the kernel keeps for both. */
TEST(large_statements_and_large_answers_do_not_block_each_other)
{
    enum { COUNT = 6, LARGE = 24 * MEGABYTE };
    struct pg *db = open_numbers();
    scoped_arena a = {0};
    char *large = arena_alloc(&a, LARGE + 1);
    struct rows *rows[COUNT];
    scoped_pipeline *p = NULL;
    memset(large, 'x', LARGE);
    CHECK_OK(pipeline_begin(db, &p));
    for (int i = 0; i < COUNT; i++) {
        large[0] = (char)('a' + i);
        CHECK_OK(add(p, &ECHO, large, &rows[i]));
    }
    CHECK_OK(pipeline_end(p));
    for (int i = 0; i < COUNT; i++) {
        CHECK_INT(rows[i] ? (long long)rows_length(rows[i], 0, 0) : 0, LARGE);
        CHECK(rows[i] && rows_text(rows[i], 0, 0)[0] == 'a' + i);
        rows_free(rows[i]);
    }
    CHECK_INT(pg_generation(db), 1);
    pg_free(db);
}

/* Of some, the kernel takes the last bytes between two looks: nothing else may be waited for then,
 * for the server says nothing before the end. */
TEST(statements_of_every_size_are_sent_whole)
{
    enum { MOST = 4 * MEGABYTE };
    struct pg *db = pg_new(test_by_socket(test_database()), "test", NULL, TIMEOUT_MS);
    scoped_arena a = {0};
    char *large = arena_alloc(&a, MOST + 1);
    memset(large, 'x', MOST);
    for (int n = 0; n < 300; n++) {
        scoped_pipeline *p = NULL;
        large[MOST - n * (MOST / 300)] = '\0';
        CHECK_OK(pipeline_begin(db, &p));
        CHECK_OK(add(p, &(struct pg_statement){"size", "SELECT length($1::text)"}, large, NULL));
        CHECK_OK(pipeline_end(p));
    }
    CHECK_INT(pg_generation(db), 1);
    pg_free(db);
}

/* Memory is bounded by waiting: a server that is busy is not sent more than the kernel keeps. */
TEST(add_waits_for_a_server_that_does_not_read)
{
    struct pg *db = open_numbers();
    scoped_arena a = {0};
    char *large = arena_alloc(&a, 32 * MEGABYTE + 1);
    scoped_pipeline *p = NULL;
    memset(large, 'x', 32 * MEGABYTE);
    CHECK_OK(pipeline_begin(db, &p));
    CHECK_OK(add(p, &SLEEP, "0.5", NULL));
    int64_t start = time_monotonic();
    CHECK_OK(add(p, &(struct pg_statement){NULL, "SELECT length($1::text)"}, large, NULL));
    CHECK(milliseconds_since(start) >= 400);
    CHECK_OK(pipeline_end(p));
    pg_free(db);
}

TEST(more_statements_than_there_was_room_for)
{
    struct pg *db = open_numbers();
    scoped_pipeline *p = NULL;
    CHECK_OK(pipeline_begin(db, &p));
    for (int i = 0; i < 1000; i++)
        CHECK_OK(add(p, &PUT, "1", NULL));
    CHECK_OK(pipeline_end(p));
    CHECK_INT(number_of(db, "SELECT count(*) FROM n"), 1000);
    pg_free(db);
}
