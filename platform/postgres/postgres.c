/* postgres.c -- libpq with deadlines: send, poll, consume; a late connection is closed.
 * libpq 15's own calls have no deadline and do not notice a silent peer. */
#include "platform/postgres/postgres_internal.h"

#include <poll.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/process/wait.h"
#include "base/banned.h"

struct pg *pg_new(const char *url, const char *name, const char *settings, int timeout_ms)
{
    struct pg *c = must_alloc(1, sizeof(*c));
    *c = (struct pg){.url = url, .name = name, .settings = settings, .timeout_ms = timeout_ms};
    return c;
}

void pg_close(struct pg *c)
{
    if (c->conn)
        PQfinish(c->conn);
    c->conn = NULL;
    c->prepared_count = 0;
}

void pg_free(struct pg *c)
{
    if (!c)
        return;
    pg_close(c);
    free(c);
}

/* ---- waiting ---- */

bool pg_wait_for(PGconn *conn, short events, int64_t deadline)
{
    return wait_for_socket(PQsocket(conn), events, deadline);
}

static bool flush(PGconn *conn, int64_t deadline)
{
    int left;
    while ((left = PQflush(conn)) > 0) {
        if (!pg_wait_for(conn, POLLIN | POLLOUT, deadline) || !PQconsumeInput(conn))
            return false;
    }
    return left == 0;
}

/* The last result of what was sent, NULL when the connection is lost or late. */
static PGresult *last_result(PGconn *conn, int64_t deadline)
{
    PGresult *last = NULL;
    if (!flush(conn, deadline))
        return NULL;
    for (;;) {
        while (PQisBusy(conn)) {
            if (!pg_wait_for(conn, POLLIN, deadline) || !PQconsumeInput(conn)) {
                PQclear(last);
                return NULL;
            }
        }
        PGresult *next = PQgetResult(conn);
        if (!next)
            return last;
        if (last && PQresultStatus(last) == PGRES_FATAL_ERROR) { /* keep the first error */
            PQclear(next);
            continue;
        }
        PQclear(last);
        last = next;
    }
}

/* ---- results ---- */

fallible pg_take(struct pg *c, PGresult *result, const char *what, struct rows **out)
{
    ExecStatusType status = result ? PQresultStatus(result) : PGRES_FATAL_ERROR;
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) {
        if (out) {
            *out = must_alloc(1, sizeof(**out));
            (*out)->result = result;
        } else {
            PQclear(result);
        }
        return NULL;
    }
    pg_remember(c, result);
    PQclear(result);
    if (!result || PQstatus(c->conn) != CONNECTION_OK || c->fault == PG_MOMENT ||
        c->fault == PG_UNWELL)
        return pg_lost(c, what);
    if (!text_equal(c->state, "23505"))
        log_warning("statement refused", KV("connection", c->name), KV("statement", what),
                    KV("sqlstate", c->state), KV("reason", c->message));
    return STATEMENT_REFUSED;
}

/* ---- connecting ---- */

static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

static PGconn *start_connection(const struct pg *c)
{
    char options[256];
    snprintf(
        options, sizeof(options),
        "-c timezone=UTC -c client_encoding=UTF8 -c default_transaction_isolation=read\\ committed "
        "-c statement_timeout=%d -c lock_timeout=%d -c idle_in_transaction_session_timeout=60000",
        c->timeout_ms, c->timeout_ms);
    const char *keys[] = {
        "dbname",           "application_name", "options", "keepalives_idle", "keepalives_interval",
        "keepalives_count", "tcp_user_timeout", NULL};
    const char *values[] = {c->url, c->name, options, "10", "5", "3", "15000", NULL};
    return PQconnectStartParams(keys, values, 1);
}

/* libpq's own way to connect gives every address and step of a server that is silent two seconds
 * or more. The socket may be another one after each step. */
static bool await_connection(PGconn *conn, int64_t deadline)
{
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    if (PQstatus(conn) == CONNECTION_BAD)
        return false;
    while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
        if (!pg_wait_for(conn, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline))
            return false;
        next = PQconnectPoll(conn);
    }
    return next == PGRES_POLLING_OK;
}

static PGresult *send_text(struct pg *c, const char *sql)
{
    return PQsendQuery(c->conn, sql) ? last_result(c->conn, c->deadline) : NULL;
}

static fallible connect_now(struct pg *c)
{
    pg_forget_error(c);
    c->conn = start_connection(c);
    if (!await_connection(c->conn, c->deadline) || PQsetnonblocking(c->conn, 1) != 0) {
        pg_remember(c, NULL);
        return pg_lost(c, "connect");
    }
    PQsetNoticeReceiver(c->conn, ignore_notice, NULL);
    c->generation++;
    if (!c->settings)
        return NULL;
    const struct problem *p = pg_take(c, send_text(c, c->settings), "settings", NULL);
    if (p) /* half a connection is none */
        pg_close(c);
    return p;
}

/* ---- calls ---- */

void pg_share_deadline(struct pg *c, int64_t deadline)
{
    c->shared_deadline = deadline;
}

fallible pg_begin_call(struct pg *c)
{
    c->deadline = time_monotonic() + (int64_t)c->timeout_ms * 1000;
    if (c->shared_deadline && c->shared_deadline < c->deadline)
        c->deadline = c->shared_deadline;
    pg_forget_error(c);
    if (c->deadline <= time_monotonic()) /* sent now it might be done, and nobody would hear */
        return DATABASE_UNAVAILABLE;
    if (c->conn && PQstatus(c->conn) != CONNECTION_OK)
        pg_close(c);
    if (!c->conn && c->in_transaction) {
        c->fault = PG_MOMENT;
        return DATABASE_UNAVAILABLE;
    }
    if (!c->conn)
        TRY(connect_now(c));
    pg_forget_error(c);
    return NULL;
}

fallible pg_run(struct pg *c, const char *sql)
{
    TRY(pg_begin_call(c));
    return pg_take(c, send_text(c, sql), sql, NULL);
}

int64_t pg_begun(struct pg *c)
{
    c->in_transaction = true;
    return c->generation;
}

fallible pg_begin(struct pg *c, int64_t *generation)
{
    c->in_transaction = false;
    TRY(pg_run(c, "BEGIN"));
    *generation = pg_begun(c);
    return NULL;
}

/* On a new connection the server accepts a COMMIT without a transaction. */
fallible pg_commit(struct pg *c, int64_t generation)
{
    const struct problem *p = pg_run(c, "COMMIT");
    c->in_transaction = false;
    return !p && c->generation != generation ? DATABASE_UNAVAILABLE : p;
}

void pg_roll_back(struct pg *c, int64_t generation)
{
    c->in_transaction = false;
    if (c->generation != generation || pg_run(c, "ROLLBACK"))
        pg_close(c);
}

static bool is_prepared(const struct pg *c, const char *name)
{
    for (int i = 0; i < c->prepared_count; i++)
        if (c->prepared[i] == name || text_equal(c->prepared[i], name))
            return true;
    return false;
}

fallible pg_must_prepare(const struct pg *c, const struct pg_statement *s, bool *must)
{
    *must = s->name && !is_prepared(c, s->name);
    return *must && c->prepared_count == MAX_PREPARED ? INTERNAL : NULL;
}

static fallible prepare(struct pg *c, const struct pg_statement *s, int count)
{
    bool must;
    TRY(pg_must_prepare(c, s, &must));
    if (!must)
        return NULL;
    PGresult *result = PQsendPrepare(c->conn, s->name, s->sql, count, NULL)
                           ? last_result(c->conn, c->deadline)
                           : NULL;
    TRY(pg_take(c, result, s->name, NULL));
    c->prepared[c->prepared_count++] = s->name;
    return NULL;
}

const char *pg_shown(const struct pg_statement *s)
{
    return s->name ? s->name : s->sql;
}

bool pg_send(struct pg *c, const struct pg_statement *s, const struct pg_parameters *p)
{
    if (s->name)
        return PQsendQueryPrepared(c->conn, s->name, p->count, p->values, p->lengths, p->formats,
                                   0);
    return PQsendQueryParams(c->conn, s->sql, p->count, NULL, p->values, p->lengths, p->formats, 0);
}

static fallible call(struct pg *c, const struct pg_statement *s, const struct pg_parameters *p,
                     struct rows **out)
{
    TRY(pg_begin_call(c));
    TRY(prepare(c, s, p->count));
    PGresult *result = pg_send(c, s, p) ? last_result(c->conn, c->deadline) : NULL;
    return pg_take(c, result, pg_shown(s), out);
}

fallible pg_prepare(struct pg *c, const struct pg_statement *s)
{
    TRY(pg_begin_call(c));
    return prepare(c, s, 0);
}

fallible pg_call(struct pg *c, const struct pg_statement *s, int count, const char *const *values,
                 struct rows **out)
{
    return call(c, s, &(struct pg_parameters){count, values, NULL, NULL}, out);
}

fallible pg_call_again(struct pg *c, const struct pg_statement *s, int count,
                       const char *const *values, struct rows **out)
{
    int64_t shared = c->shared_deadline;
    bool was_open = c->conn != NULL;
    const struct problem *p = pg_call(c, s, count, values, out);
    if (p != DATABASE_UNAVAILABLE || !was_open || time_monotonic() >= c->deadline)
        return p;
    c->shared_deadline = c->deadline;
    p = pg_call(c, s, count, values, out);
    c->shared_deadline = shared;
    return p;
}

fallible pg_binary(int count, const struct pg_value *values, struct pg_binary *out)
{
    if (count > PG_BINARY_MAX)
        return INTERNAL;
    for (int i = 0; i < count; i++) {
        out->at[i] = values[i].at;
        out->lengths[i] = (int)values[i].length;
        out->formats[i] = 1;
    }
    out->parameters = (struct pg_parameters){count, out->at, out->lengths, out->formats};
    return NULL;
}

fallible pg_call_binary(struct pg *c, const struct pg_statement *s, int count,
                        const struct pg_value *values, struct rows **out)
{
    struct pg_binary b;
    TRY(pg_binary(count, values, &b));
    return call(c, s, &b.parameters, out);
}

const char *pg_sqlstate(const struct pg *c)
{
    return c->state;
}

const char *pg_message(const struct pg *c)
{
    return c->message;
}

int64_t pg_generation(const struct pg *c)
{
    return c->generation;
}

int pg_library(void)
{
    return PQlibVersion();
}
