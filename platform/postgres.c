/* postgres.c -- libpq with deadlines: send, poll, consume; a late connection is closed.
 * libpq 15's own calls have no deadline and do not notice a silent peer. */
#include "platform/postgres_internal.h"

#include <errno.h>
#include <poll.h>

#include "base/log.h"
#include "base/time.h"
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
    for (;;) {
        int64_t left = deadline - time_monotonic();
        struct pollfd p = {.fd = PQsocket(conn), .events = events};
        if (left <= 0)
            return false;
        int n = poll(&p, 1, (int)(left / 1000) + 1);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
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

/* ---- errors ---- */

static void remember(struct pg *c, const PGresult *result)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!text || !*text)
        text = c->conn ? PQerrorMessage(c->conn) : "";
    snprintf(c->state, sizeof(c->state), "%s", state ? state : "");
    snprintf(c->message, sizeof(c->message), "%s", text);
    c->message[strcspn(c->message, "\n")] = '\0';
}

static const struct problem *lost(struct pg *c, const char *what)
{
    log_warning("database unavailable", KV("connection", c->name), KV("during", what),
                KV("reason", c->message[0] ? c->message : "deadline passed"));
    pg_close(c);
    return DATABASE_UNAVAILABLE;
}

/* Errors of the connection, the server or the moment, not of the statement: 08 connection, 53 out
 * of something, 57 shutting down or timed out, 55P03 lock timed out, 40001 and 40P01 lost a race.
 */
static bool is_passing(const struct pg *c)
{
    static const char *const states[] = {"08", "53", "57", "55P03", "40001", "40P01", NULL};
    for (int i = 0; states[i]; i++)
        if (text_starts(c->state, states[i]))
            return true;
    return false;
}

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
    remember(c, result);
    PQclear(result);
    if (!result || PQstatus(c->conn) != CONNECTION_OK || is_passing(c))
        return lost(c, what);
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

static PGconn *open_connection(const struct pg *c)
{
    char seconds[16], options[256];
    snprintf(seconds, sizeof(seconds), "%d",
             c->timeout_ms < 2000 ? 2 : (c->timeout_ms + 999) / 1000);
    snprintf(
        options, sizeof(options),
        "-c timezone=UTC -c client_encoding=UTF8 -c default_transaction_isolation=read\\ committed "
        "-c statement_timeout=%d -c lock_timeout=%d -c idle_in_transaction_session_timeout=60000",
        c->timeout_ms, c->timeout_ms);
    const char *keys[] = {"dbname",           "application_name", "connect_timeout",
                          "options",          "keepalives_idle",  "keepalives_interval",
                          "keepalives_count", "tcp_user_timeout", NULL};
    const char *values[] = {c->url, c->name, seconds, options, "10", "5", "3", "15000", NULL};
    return PQconnectdbParams(keys, values, 1);
}

static fallible connect_now(struct pg *c)
{
    c->state[0] = c->message[0] = '\0';
    c->conn = open_connection(c);
    if (PQstatus(c->conn) != CONNECTION_OK || PQsetnonblocking(c->conn, 1) != 0) {
        remember(c, NULL);
        return lost(c, "connect");
    }
    PQsetNoticeReceiver(c->conn, ignore_notice, NULL);
    c->generation++;
    if (!c->settings)
        return NULL;
    const struct problem *p = pg_run(c, c->settings);
    if (p) /* half a connection is none */
        pg_close(c);
    return p;
}

/* ---- calls ---- */

fallible pg_begin_call(struct pg *c)
{
    if (c->conn && PQstatus(c->conn) != CONNECTION_OK)
        pg_close(c);
    if (!c->conn)
        TRY(connect_now(c));
    c->state[0] = c->message[0] = '\0';
    return NULL;
}

int64_t pg_deadline(const struct pg *c)
{
    return time_monotonic() + (int64_t)c->timeout_ms * 1000;
}

fallible pg_run(struct pg *c, const char *sql)
{
    TRY(pg_begin_call(c));
    PGresult *result = PQsendQuery(c->conn, sql) ? last_result(c->conn, pg_deadline(c)) : NULL;
    return pg_take(c, result, sql, NULL);
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

static fallible prepare(struct pg *c, const struct pg_statement *s, int count, int64_t deadline)
{
    bool must;
    TRY(pg_must_prepare(c, s, &must));
    if (!must)
        return NULL;
    PGresult *result = PQsendPrepare(c->conn, s->name, s->sql, count, NULL)
                           ? last_result(c->conn, deadline)
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
    int64_t deadline = pg_deadline(c);
    TRY(prepare(c, s, p->count, deadline));
    PGresult *result = pg_send(c, s, p) ? last_result(c->conn, deadline) : NULL;
    return pg_take(c, result, pg_shown(s), out);
}

fallible pg_call(struct pg *c, const struct pg_statement *s, int count, const char *const *values,
                 struct rows **out)
{
    return call(c, s, &(struct pg_parameters){count, values, NULL, NULL}, out);
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
