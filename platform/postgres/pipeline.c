/* pipeline.c -- libpq's pipeline mode with deadlines. Its own calls would wait for ever, and what
 * it has to write it piles up: both are done here, by one loop that writes and reads as the socket
 * allows. */
#include "platform/postgres/pipeline.h"

#include <poll.h>

#include "base/arena.h"
#include "base/time.h"
#include "platform/postgres/postgres_internal.h"
#include "base/banned.h"

enum { UNSENT_MAX = 64 * 1024, FIRST_ROOM = 32 };

/* What one message to the server is answered with. */
struct answer {
    const char *what;  /* for the log */
    struct rows **out; /* NULL: no rows are wanted */
    int prepared;      /* statements the connection knows if this one fails */
};

struct pipeline {
    struct pg *connection;
    struct answer *answers; /* in the order of sending */
    int count, room;
    int answered;
    size_t unsent; /* bytes, at most, that libpq has kept since all was written */
    int64_t left;  /* us that it may still wait, in all */
    bool sent, ended;
    const struct problem *problem; /* the first */
};

fallible pipeline_begin(struct pg *c, struct pipeline **out)
{
    TRY(pg_begin_call(c));
    if (!PQenterPipelineMode(c->conn))
        return pg_take(c, NULL, "begin of a pipeline", NULL);
    struct pipeline *p = must_alloc(1, sizeof(*p));
    *p = (struct pipeline){
        .connection = c, .room = FIRST_ROOM, .left = c->deadline - time_monotonic()};
    p->answers = must_alloc(FIRST_ROOM, sizeof(*p->answers));
    *out = p;
    return NULL;
}

void pipeline_free(struct pipeline *p)
{
    if (!p)
        return;
    if (!p->ended)
        pg_close(p->connection);
    free(p->answers);
    free(p);
}

/* ---- reading ---- */

static fallible lost(struct pipeline *p, const char *what)
{
    p->problem = pg_take(p->connection, NULL, what, NULL);
    p->ended = true;
    return p->problem;
}

/* A result of the statement that is next to be answered. Behind the first error there are only
 * notes that a statement was skipped. */
static void keep(struct pipeline *p, PGresult *result)
{
    const struct answer *a = &p->answers[p->answered];
    if (p->problem) {
        PQclear(result);
        return;
    }
    p->problem = pg_take(p->connection, result, a->what, a->out);
    if (p->problem && p->connection->conn)
        p->connection->prepared_count = a->prepared;
    p->ended |= p->problem && !p->connection->conn;
}

/* Takes the answers that have come, without waiting. */
static fallible take_answers(struct pipeline *p)
{
    while (!p->ended && p->answered < p->count && !PQisBusy(p->connection->conn)) {
        PGresult *result = PQgetResult(p->connection->conn);
        if (result)
            keep(p, result);
        else /* the end of one */
            p->answered++;
    }
    return p->ended ? p->problem : NULL;
}

static const char *awaited(const struct pipeline *p)
{
    return p->answered < p->count ? p->answers[p->answered].what : "end of a pipeline";
}

/* Waits for one of the `events`, reads what has come. */
static fallible move(struct pipeline *p, short events)
{
    int64_t began = time_monotonic();
    bool came = pg_wait_for(p->connection->conn, events, began + p->left);
    p->left -= time_monotonic() - began;
    if (!came || !PQconsumeInput(p->connection->conn))
        return lost(p, awaited(p));
    return take_answers(p);
}

/* ---- writing ---- */

/* Never waits for answers alone while there is something to write, nor when all is written: the
 * server may keep what it has to say until the end is sent. */
static fallible write_all(struct pipeline *p)
{
    int left;
    while ((left = PQflush(p->connection->conn)) > 0)
        TRY(move(p, POLLIN | POLLOUT));
    p->unsent = 0;
    return left ? lost(p, awaited(p)) : NULL;
}

static void expect(struct pipeline *p, const char *what, struct rows **out)
{
    if (p->count == p->room) {
        struct answer *more = must_alloc((size_t)p->room * 2, sizeof(*more));
        memcpy(more, p->answers, (size_t)p->count * sizeof(*more));
        free(p->answers);
        p->answers = more;
        p->room *= 2;
    }
    p->answers[p->count++] = (struct answer){what, out, p->connection->prepared_count};
}

static fallible add_preparation(struct pipeline *p, const struct pg_statement *s, int count)
{
    bool must;
    TRY(pg_must_prepare(p->connection, s, &must));
    if (!must)
        return NULL;
    if (!PQsendPrepare(p->connection->conn, s->name, s->sql, count, NULL))
        return lost(p, s->name);
    expect(p, s->name, NULL);
    p->connection->prepared[p->connection->prepared_count++] = s->name;
    p->unsent += strlen(s->sql);
    return NULL;
}

static size_t size_of(const struct pg_statement *s, const struct pg_parameters *v)
{
    size_t size = s->name ? 0 : strlen(s->sql);
    for (int i = 0; i < v->count; i++)
        if (v->values[i])
            size += v->lengths ? (size_t)v->lengths[i] : strlen(v->values[i]);
    return size;
}

static fallible add(struct pipeline *p, const struct pg_statement *s,
                    const struct pg_parameters *values, struct rows **out)
{
    if (out)
        *out = NULL;
    if (p->problem) /* told by the end; it would be skipped */
        return p->ended ? p->problem : NULL;
    TRY(add_preparation(p, s, values->count));
    if (!pg_send(p->connection, s, values))
        return lost(p, pg_shown(s));
    expect(p, pg_shown(s), out);
    p->unsent += size_of(s, values);
    return p->unsent > UNSENT_MAX ? write_all(p) : NULL;
}

fallible pipeline_add(struct pipeline *p, const struct pg_statement *s, int count,
                      const char *const *values, struct rows **out)
{
    return add(p, s, &(struct pg_parameters){count, values, NULL, NULL}, out);
}

fallible pipeline_add_binary(struct pipeline *p, const struct pg_statement *s, int count,
                             const struct pg_value *values, struct rows **out)
{
    struct pg_binary b;
    TRY(pg_binary(count, values, &b));
    return add(p, s, &b.parameters, out);
}

/* ---- the end ---- */

fallible pipeline_send(struct pipeline *p)
{
    if (p->ended)
        return p->problem;
    if (!PQpipelineSync(p->connection->conn))
        return lost(p, awaited(p));
    p->sent = true;
    return write_all(p);
}

/* The server's note that it has come to the end; behind it the connection is as before. */
static fallible leave(struct pipeline *p)
{
    PGconn *conn = p->connection->conn;
    while (PQisBusy(conn))
        TRY(move(p, POLLIN));
    PGresult *last = PQgetResult(conn);
    bool whole = PQresultStatus(last) == PGRES_PIPELINE_SYNC && PQexitPipelineMode(conn);
    PQclear(last);
    return whole ? NULL : lost(p, awaited(p));
}

fallible pipeline_end(struct pipeline *p)
{
    if (p->ended)
        return p->problem;
    if (!p->sent)
        TRY(pipeline_send(p));
    TRY(take_answers(p));
    while (p->answered < p->count)
        TRY(move(p, POLLIN));
    TRY(leave(p));
    p->ended = true;
    return p->problem;
}

/* ---- one statement with settings ---- */

static fallible call_with(struct pg *c, const struct pg_statement *settings,
                          const struct pg_statement *s, int count, const char *const *values,
                          struct rows **out)
{
    scoped_pipeline *p = NULL;
    TRY(pipeline_begin(c, &p));
    TRY(pipeline_add(p, settings, 0, NULL, NULL));
    TRY(pipeline_add(p, s, count, values, out));
    return pipeline_end(p);
}

fallible pipeline_call_with(struct pg *c, const struct pg_statement *settings,
                            const struct pg_statement *s, int count, const char *const *values,
                            struct rows **out)
{
    int64_t shared = c->shared_deadline;
    bool was_open = c->conn != NULL;
    const struct problem *p = call_with(c, settings, s, count, values, out);
    if (p != DATABASE_UNAVAILABLE || !was_open || time_monotonic() >= c->deadline)
        return p;
    c->shared_deadline = c->deadline;
    p = call_with(c, settings, s, count, values, out);
    c->shared_deadline = shared;
    return p;
}
