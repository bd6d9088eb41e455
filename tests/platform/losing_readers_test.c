/* losing_readers_test.c -- why positions come from a counter row: readers of a sequence, in the
 * shapes libraries ship, lose events in these orders of two transactions; a reader of the log does
 * not. Negative controls: should one of the losing readers stop losing, the test proves nothing. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "platform/postgres/postgres.h"

#define SEQUENCE_READER "SELECT pos FROM t WHERE pos > $1::bigint ORDER BY pos"
#define BELOW_HORIZON                                                              \
    "SELECT pos FROM t WHERE pos > $1::bigint AND pos <= (SELECT max(pos) FROM t " \
    "WHERE xid < pg_snapshot_xmin(pg_current_snapshot())) ORDER BY pos"
#define FILTERED_BY_XID                         \
    "SELECT pos FROM t WHERE pos > $1::bigint " \
    "AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, pos"
#define PAIR                                                                                  \
    "SELECT pos FROM t WHERE (xid::text::bigint, pos) > (coalesce((SELECT xid::text::bigint " \
    "FROM t WHERE pos = $1::bigint), 0), $1::bigint) "                                        \
    "AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, pos"
#define LOG_READER "SELECT position FROM es_event WHERE position > $1::bigint ORDER BY position"

struct world {
    struct pg *first, *second, *reader;
    const char *query;
    int64_t cursor;
    int seen;
};

static void run(struct pg *c, const char *sql)
{
    CHECK_OK(pg_run(c, sql));
}

static struct world begin(const char *url, const char *query)
{
    struct world w = {.query = query};
    w.first = pg_new(url, "first", NULL, 5000);
    w.second = pg_new(url, "second", NULL, 5000);
    w.reader = pg_new(url, "reader", NULL, 5000);
    return w;
}

/* A table as those libraries have it; the sequence is past its first write, so a draw alone does
 * not give a transaction its id. */
static struct world begin_sequence(const char *query)
{
    struct world w = begin(test_database(), query);
    run(w.reader, "CREATE SEQUENCE s; CREATE TABLE other (n int); CREATE TABLE t (pos bigint, "
                  "xid xid8 DEFAULT pg_current_xact_id())");
    run(w.reader, "SELECT nextval('s')");
    return w;
}

static void end(struct world *w)
{
    pg_free(w->first);
    pg_free(w->second);
    pg_free(w->reader);
}

/* Reads on, and believes what it gets. */
static void read_on(struct world *w)
{
    char cursor[32];
    const char *values[] = {cursor};
    struct pg_statement s = {NULL, w->query};
    scoped_rows *rows = NULL;
    snprintf(cursor, sizeof(cursor), "%lld", (long long)w->cursor);
    CHECK_OK(pg_call(w->reader, &s, 1, values, &rows));
    w->seen += rows_count(rows);
    if (rows_count(rows))
        w->cursor = rows_int(rows, rows_count(rows) - 1, 0);
}

/* At most two seconds, for an xid horizon may be held back by others for a moment. */
static void read_until(struct world *w, int seen)
{
    for (int i = 0; i < 20 && w->seen < seen; i++) {
        if (i)
            test_shell("sleep 0.1");
        read_on(w);
    }
}

/* The sequence is drawn before the commit: who commits later has the smaller position. */
static int later_commit_with_the_smaller_position(const char *query)
{
    struct world w = begin_sequence(query);
    run(w.first, "BEGIN; INSERT INTO t VALUES (nextval('s'))");
    run(w.second, "INSERT INTO t VALUES (nextval('s'))");
    read_on(&w);
    run(w.first, "COMMIT");
    read_until(&w, 2);
    end(&w);
    return w.seen;
}

/* A position is drawn before the transaction has an id: no horizon knows of it. */
static int position_drawn_before_the_xid(const char *query)
{
    struct world w = begin_sequence(query);
    run(w.first, "BEGIN; SELECT set_config('test.pos', nextval('s')::text, false)");
    run(w.second, "INSERT INTO t VALUES (nextval('s'))");
    read_until(&w, 1);
    run(w.first, "INSERT INTO t VALUES (current_setting('test.pos')::bigint); COMMIT");
    read_until(&w, 2);
    end(&w);
    return w.seen;
}

/* Another row is written first: the smaller xid has the larger position. */
static int smaller_xid_with_the_larger_position(const char *query)
{
    struct world w = begin_sequence(query);
    run(w.first, "BEGIN; INSERT INTO other VALUES (1)");
    run(w.second, "BEGIN; INSERT INTO t VALUES (nextval('s'))");
    run(w.first, "INSERT INTO t VALUES (nextval('s')); COMMIT");
    read_until(&w, 1);
    run(w.second, "COMMIT");
    read_until(&w, 2);
    end(&w);
    return w.seen;
}

TEST(a_reader_of_a_sequence_loses_what_commits_late)
{
    CHECK_INT(later_commit_with_the_smaller_position(SEQUENCE_READER), 1);
    CHECK_INT(position_drawn_before_the_xid(SEQUENCE_READER), 1);
    CHECK_INT(smaller_xid_with_the_larger_position(SEQUENCE_READER), 1);
}

TEST(a_reader_up_to_the_xid_horizon_loses_a_position_drawn_early)
{
    CHECK_INT(later_commit_with_the_smaller_position(BELOW_HORIZON), 2);
    CHECK_INT(position_drawn_before_the_xid(BELOW_HORIZON), 1);
}

TEST(a_reader_filtered_by_xid_loses_what_a_younger_transaction_drew_first)
{
    CHECK_INT(later_commit_with_the_smaller_position(FILTERED_BY_XID), 2);
    CHECK_INT(smaller_xid_with_the_larger_position(FILTERED_BY_XID), 1);
}

TEST(a_reader_by_xid_and_position_loses_nothing)
{
    CHECK_INT(later_commit_with_the_smaller_position(PAIR), 2);
    CHECK_INT(position_drawn_before_the_xid(PAIR), 2);
    CHECK_INT(smaller_xid_with_the_larger_position(PAIR), 2);
}

/* ---- the log ---- */

#define APPEND(stream, key)                                                                        \
    "SELECT * FROM append_batch(ARRAY['a'], ARRAY['" key "'], ARRAY['d'], ARRAY[201], ARRAY[''], " \
    "ARRAY[0::bigint], ARRAY[0::bigint], ARRAY[1], NULL, NULL, NULL, NULL, NULL, "                 \
    "ARRAY[1], ARRAY['" stream "'], ARRAY[0::bigint], ARRAY[1], "                                  \
    "ARRAY[1], ARRAY['" stream "'], ARRAY[1::bigint], "                                            \
    "ARRAY['report'], ARRAY[gen_random_uuid()], ARRAY['report.created'], ARRAY[1], "               \
    "ARRAY['{}'::json], ARRAY['{}'::json])"

TEST(nobody_gets_a_position_while_an_earlier_one_is_not_committed)
{
    struct world w = begin(test_store_database(), LOG_READER);
    run(w.first, "BEGIN");
    run(w.first, APPEND("report-1", "key-1"));
    run(w.second, "SET lock_timeout = '200ms'");
    CHECK_PROBLEM(pg_run(w.second, APPEND("report-2", "key-2")), DATABASE_UNAVAILABLE);
    CHECK_TEXT(pg_sqlstate(w.second), "55P03"); /* it waited for the counter */
    read_on(&w);
    CHECK_INT(w.seen, 0);
    run(w.first, "COMMIT");
    run(w.second, APPEND("report-2", "key-2"));
    read_on(&w);
    CHECK_INT(w.seen, 2);
    CHECK_INT(w.cursor, 2);
    end(&w);
}

TEST(an_append_that_is_rolled_back_leaves_no_gap)
{
    struct world w = begin(test_store_database(), LOG_READER);
    run(w.first, "BEGIN");
    run(w.first, APPEND("report-1", "key-1"));
    run(w.first, "ROLLBACK");
    run(w.second, APPEND("report-2", "key-2"));
    read_on(&w);
    CHECK_INT(w.cursor, 1);
    end(&w);
}

/* An xid filter stands still behind this; the log's reader does not. */
TEST(an_open_transaction_of_somebody_else_stops_no_reader)
{
    struct world w = begin(test_store_database(), LOG_READER);
    run(w.first, "BEGIN; CREATE TABLE somebody_elses (n int)");
    run(w.second, APPEND("report-2", "key-2"));
    read_on(&w);
    CHECK_INT(w.seen, 1);
    run(w.first, "ROLLBACK");
    end(&w);
}
