/* expiry.c -- a row for each table that rows leave by age. A sweep deletes in batches until nothing
 * is left that is old enough, so a table shrinks as fast as it has grown. */
#include "command-api/expiry.h"

#include "base/arena.h"
#include "base/text.h"
#include "platform/process/background.h"
#include "platform/process/metrics.h"
#include "platform/postgres/postgres.h"
#include "platform/postgres/sessions.h"
#include "base/banned.h"

enum { SWEEP_MS = 60000, PAUSE_MS = 50 }; /* between two sweeps, and two batches of one */

/* Answers `gone`, the rows deleted, and `more`, whether a further call would find some; bounded by
 * itself. $1, if it is taken: IDEMPOTENCY_DAYS. */
static const struct expiring {
    const char *table;
    int values;
    struct pg_statement statement;
} tables[] = {
    {"es_result", 1, {"expire_results", "SELECT gone, more FROM expire_results($1::int, 1000)"}},
    {"account_session",
     0,
     {"expire_sessions", "SELECT gone, gone = 1000 FROM expire_sessions(1000) AS gone"}},
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

struct expiry {
    struct pg *connection;
    char days[INT_TEXT];
    struct background *thread;
};

/* *more: at once again. */
static fallible delete_batch(struct expiry *e, const struct expiring *t, bool *more)
{
    scoped_rows *rows = NULL;
    const char *values[] = {e->days};
    TRY(pg_call(e->connection, &t->statement, t->values, values, &rows));
    metric_add(METRIC_expired_rows_total, t->table, (double)rows_int(rows, 0, 0));
    *more = text_equal(rows_text(rows, 0, 1), "t");
    return NULL;
}

/* What fails, and is logged by the adapter, waits for the next sweep. */
static bool sweep(struct background *b, struct expiry *e, const struct expiring *t)
{
    bool more = true, go_on = true;
    while (go_on && more) {
        more = false;
        if (delete_batch(e, t, &more))
            return true;
        go_on = !more || background_pause(b, PAUSE_MS);
    }
    return go_on;
}

static void expire(struct background *b, void *arg)
{
    bool go_on = true;
    while (go_on) {
        for (int i = 0; go_on && i < TABLES; i++)
            go_on = sweep(b, arg, &tables[i]);
        go_on = go_on && background_pause(b, SWEEP_MS);
    }
}

struct expiry *expiry_new(const struct settings *settings)
{
    struct expiry *e = must_alloc(1, sizeof(*e));
    snprintf(e->days, sizeof(e->days), "%lld", (long long)settings->idempotency_days);
    e->connection = pg_new(settings->database_url, "expiry", expiry_session,
                           (int)settings->database_timeout_ms);
    for (int i = 0; i < TABLES; i++) /* shown from the start */
        metric_add(METRIC_expired_rows_total, tables[i].table, 0);
    e->thread = background_start("expiry", expire, e);
    if (!e->thread)
        abort();
    return e;
}

void expiry_free(struct expiry *e)
{
    if (!e)
        return;
    background_end(e->thread);
    pg_free(e->connection);
    free(e);
}
