/* postgres_internal.h -- what postgres.c, pipeline.c and rows.c share; nobody else includes it. */
#pragma once

#include <libpq-fe.h>

#include "platform/postgres/postgres.h"

enum { MAX_PREPARED = 256, STATE_TEXT = 6, MESSAGE_TEXT = 512 };

struct pg {
    const char *url, *name, *settings;
    int timeout_ms;
    int64_t shared_deadline; /* monotonic us, of several calls; 0: none */
    int64_t deadline;        /* of the call under way */
    PGconn *conn;            /* NULL while not connected */
    int64_t generation;
    bool in_transaction;                /* of pg_begin: a connection that is lost is not replaced */
    const char *prepared[MAX_PREPARED]; /* names known to this connection, oldest first */
    int prepared_count;
    char state[STATE_TEXT], message[MESSAGE_TEXT];
    enum pg_fault fault;
    const char *meaning;     /* of the fault, for the log */
    char told[MESSAGE_TEXT]; /* what the log has of the last outage, */
    int64_t tell_again;      /* and from when on it is news again */
};

struct rows {
    PGresult *result;
};

/* Sets the deadline of the call, connects if there is no connection, forgets the last error. */
fallible pg_begin_call(struct pg *c);
/* Waits until the socket is ready for `events`; false when the deadline has passed. */
bool pg_wait_for(PGconn *conn, short events, int64_t deadline);
/* Takes the result of a call: rows to *out, unless `out` is NULL, or the problem it stands for, as
 * pg_call. NULL for a result: lost or late. `what` is for the log. */
fallible pg_take(struct pg *c, PGresult *result, const char *what, struct rows **out);

/* postgres_fault.c: keeps what the result says is wrong (NULL: the connection); closes the
 * connection, and tells the log unless it has just been told. */
void pg_forget_error(struct pg *c);
void pg_remember(struct pg *c, const PGresult *result);
const struct problem *pg_lost(struct pg *c, const char *what);

/* Has it a name that this connection does not know yet? INTERNAL: no room for one more. */
fallible pg_must_prepare(const struct pg *c, const struct pg_statement *s, bool *must);
const char *pg_shown(const struct pg_statement *s); /* its name, or what stands for it */

/* Parameters as libpq wants them; lengths and formats NULL: all are texts. */
struct pg_parameters {
    int count;
    const char *const *values;
    const int *lengths, *formats;
};
struct pg_binary {
    struct pg_parameters parameters;
    const char *at[PG_BINARY_MAX];
    int lengths[PG_BINARY_MAX], formats[PG_BINARY_MAX];
};
fallible pg_binary(int count, const struct pg_value *values, struct pg_binary *out);
/* Sends a statement that is prepared or has no name; waits for nothing. */
bool pg_send(struct pg *c, const struct pg_statement *s, const struct pg_parameters *p);
