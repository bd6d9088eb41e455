/* append_order_test.c -- who waits for whom: streams are locked first, sorted, the counter last. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <pthread.h>
#include <unistd.h>

#include "platform/postgres/postgres.h"

#define APPEND(stream, version, key)                                                               \
    "SELECT * FROM append_batch(ARRAY['a'], ARRAY['" key "'], ARRAY['d'], ARRAY[201], ARRAY[''], " \
    "ARRAY[0::bigint], ARRAY[0::bigint], ARRAY[1], ARRAY['" stream "'], "                          \
    "ARRAY[" version "::bigint], NULL, NULL, NULL, ARRAY[1], ARRAY['" stream "'], "                \
    "ARRAY[" version "::bigint], ARRAY[1], ARRAY[1], ARRAY['" stream "'], "                        \
    "ARRAY[" version "::bigint + 1], ARRAY['report'], ARRAY[gen_random_uuid()], "                  \
    "ARRAY['report.created'], ARRAY[1], ARRAY['{}'::json], ARRAY['{}'::json])"

struct call {
    struct pg *connection;
    const char *sql;
    const struct problem *result;
    pthread_t thread;
};

static void *call_main(void *arg)
{
    struct call *c = arg;
    c->result = pg_run(c->connection, c->sql);
    return NULL;
}

static void start(struct call *c)
{
    if (pthread_create(&c->thread, NULL, call_main, c))
        abort();
}

static int64_t ask(struct pg *c, const char *sql)
{
    scoped_rows *rows = NULL;
    struct pg_statement s = {NULL, sql};
    CHECK_OK(pg_call(c, &s, 0, NULL, &rows));
    return rows_int(rows, 0, 0);
}

static void wait_until_it_waits(struct pg *c, const char *name)
{
    char sql[160];
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM pg_stat_activity WHERE application_name = '%s' "
             "AND wait_event_type = 'Lock'",
             name);
    for (int i = 0; i < 100 && !ask(c, sql); i++)
        usleep(50000);
    CHECK_INT(ask(c, sql), 1);
}

TEST(an_append_that_waits_for_a_stream_holds_up_nobody_else)
{
    const char *url = test_store_database();
    struct pg *holder = pg_new(url, "holder", NULL, 10000);
    struct pg *other = pg_new(url, "other", "SET lock_timeout = '2s'", 10000);
    struct call waiting = {pg_new(url, "waiting", NULL, 10000), APPEND("report-1", "1", "key-2"),
                           NULL, 0};
    CHECK_OK(pg_run(holder, APPEND("report-1", "0", "key-1")));
    CHECK_OK(pg_run(holder, "BEGIN; SELECT 1 FROM es_stream WHERE stream = 'report-1' FOR UPDATE"));
    start(&waiting);
    wait_until_it_waits(other, "waiting");
    CHECK_OK(pg_run(other, APPEND("report-2", "0", "key-3"))); /* while that one waits */
    CHECK_INT(ask(other, "SELECT max(position) FROM es_event"), 2);
    CHECK_OK(pg_run(holder, "COMMIT"));
    pthread_join(waiting.thread, NULL);
    CHECK_OK(waiting.result);
    CHECK_INT(ask(other, "SELECT max(position) FROM es_event"), 3);
    pg_free(holder);
    pg_free(other);
    pg_free(waiting.connection);
}
