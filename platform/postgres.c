/* postgres.c -- libpq with deadlines: send, poll, consume; a late connection is closed.
 * libpq 15's own calls have no deadline and do not notice a silent peer. */
#include "platform/postgres.h"

#include <errno.h>
#include <poll.h>

#include <libpq-fe.h>

#include "base/log.h"
#include "base/time.h"
#include "base/banned.h"

enum { MAX_PREPARED = 256, STATE_TEXT = 6, MESSAGE_TEXT = 512 };

struct pg {
    const char *url, *name, *settings;
    int timeout_ms;
    PGconn *conn; /* NULL while not connected */
    int64_t generation;
    const char *prepared[MAX_PREPARED]; /* names known to this connection */
    int prepared_count;
    char state[STATE_TEXT], message[MESSAGE_TEXT];
};

struct rows {
    PGresult *result;
};

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

/* Waits until the socket is ready for `events`; false when the deadline has passed. */
static bool wait_for(PGconn *conn, short events, int64_t deadline)
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
        if (!wait_for(conn, POLLIN | POLLOUT, deadline) || !PQconsumeInput(conn))
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
            if (!wait_for(conn, POLLIN, deadline) || !PQconsumeInput(conn)) {
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

/* Takes the result of a call: rows to *out, or the problem it stands for. */
static fallible take(struct pg *c, PGresult *result, const char *what, struct rows **out)
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

static fallible begin_call(struct pg *c)
{
    if (c->conn && PQstatus(c->conn) != CONNECTION_OK)
        pg_close(c);
    if (!c->conn)
        TRY(connect_now(c));
    c->state[0] = c->message[0] = '\0';
    return NULL;
}

static int64_t deadline_of(const struct pg *c)
{
    return time_monotonic() + (int64_t)c->timeout_ms * 1000;
}

fallible pg_run(struct pg *c, const char *sql)
{
    TRY(begin_call(c));
    PGresult *result = PQsendQuery(c->conn, sql) ? last_result(c->conn, deadline_of(c)) : NULL;
    return take(c, result, sql, NULL);
}

static bool is_prepared(const struct pg *c, const char *name)
{
    for (int i = 0; i < c->prepared_count; i++)
        if (c->prepared[i] == name || text_equal(c->prepared[i], name))
            return true;
    return false;
}

static fallible prepare(struct pg *c, const struct pg_statement *s, int count, int64_t deadline)
{
    if (is_prepared(c, s->name))
        return NULL;
    if (c->prepared_count == MAX_PREPARED)
        return INTERNAL;
    PGresult *result = PQsendPrepare(c->conn, s->name, s->sql, count, NULL)
                           ? last_result(c->conn, deadline)
                           : NULL;
    TRY(take(c, result, s->name, NULL));
    c->prepared[c->prepared_count++] = s->name;
    return NULL;
}

/* Parameters as libpq wants them; lengths and formats NULL: all are texts. */
struct parameters {
    int count;
    const char *const *values;
    const int *lengths, *formats;
};

static fallible call(struct pg *c, const struct pg_statement *s, const struct parameters *p,
                     struct rows **out)
{
    TRY(begin_call(c));
    int64_t deadline = deadline_of(c);
    if (s->name)
        TRY(prepare(c, s, p->count, deadline));
    int sent = s->name ? PQsendQueryPrepared(c->conn, s->name, p->count, p->values, p->lengths,
                                             p->formats, 0)
                       : PQsendQueryParams(c->conn, s->sql, p->count, NULL, p->values, p->lengths,
                                           p->formats, 0);
    return take(c, sent ? last_result(c->conn, deadline) : NULL, s->name ? s->name : s->sql, out);
}

fallible pg_call(struct pg *c, const struct pg_statement *s, int count, const char *const *values,
                 struct rows **out)
{
    return call(c, s, &(struct parameters){count, values, NULL, NULL}, out);
}

fallible pg_call_binary(struct pg *c, const struct pg_statement *s, int count,
                        const struct pg_value *values, struct rows **out)
{
    const char *at[PG_BINARY_MAX];
    int lengths[PG_BINARY_MAX], formats[PG_BINARY_MAX];
    if (count > PG_BINARY_MAX)
        return INTERNAL;
    for (int i = 0; i < count; i++) {
        at[i] = values[i].at;
        lengths[i] = (int)values[i].length;
        formats[i] = 1;
    }
    return call(c, s, &(struct parameters){count, at, lengths, formats}, out);
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

/* ---- rows ---- */

int rows_count(const struct rows *r)
{
    return PQntuples(r->result);
}

const char *rows_text(const struct rows *r, int row, int column)
{
    return PQgetisnull(r->result, row, column) ? NULL : PQgetvalue(r->result, row, column);
}

int64_t rows_int(const struct rows *r, int row, int column)
{
    return strtoll(PQgetvalue(r->result, row, column), NULL, 10);
}

size_t rows_length(const struct rows *r, int row, int column)
{
    return (size_t)PQgetlength(r->result, row, column);
}

int64_t rows_affected(const struct rows *r)
{
    return strtoll(PQcmdTuples(r->result), NULL, 10);
}

void rows_free(struct rows *r)
{
    if (!r)
        return;
    PQclear(r->result);
    free(r);
}

/* ---- array literals ---- */

static void next_element(struct text *array)
{
    text_append_char(array, array->length ? ',' : '{');
}

void pg_array_text(struct text *array, const char *element)
{
    next_element(array);
    if (!element) {
        text_append(array, "NULL");
        return;
    }
    text_append_char(array, '"');
    for (size_t n; (n = strcspn(element, "\"\\")), true; element += n + 1) {
        text_append_bytes(array, element, n);
        if (!element[n])
            break;
        text_append_char(array, '\\');
        text_append_char(array, element[n]);
    }
    text_append_char(array, '"');
}

void pg_array_int(struct text *array, int64_t element)
{
    next_element(array);
    text_append_int(array, element);
}

const char *pg_array_end(struct text *array)
{
    text_append_char(array, array->length ? '}' : '{');
    if (array->length == 1)
        text_append_char(array, '}');
    return text_value(array);
}
