/* postgres_internal.h -- what postgres.c, pipeline.c and rows.c share; nobody else includes it. */
#pragma once

#include <libpq-fe.h>

#include "platform/postgres.h"

enum { MAX_PREPARED = 256, STATE_TEXT = 6, MESSAGE_TEXT = 512 };

struct pg {
    const char *url, *name, *settings;
    int timeout_ms;
    PGconn *conn; /* NULL while not connected */
    int64_t generation;
    const char *prepared[MAX_PREPARED]; /* names known to this connection, oldest first */
    int prepared_count;
    char state[STATE_TEXT], message[MESSAGE_TEXT];
};

struct rows {
    PGresult *result;
};

/* Connects if there is no connection, and forgets the last error. */
fallible pg_begin_call(struct pg *c);
int64_t pg_deadline(const struct pg *c); /* of what is asked now */
/* Waits until the socket is ready for `events`; false when the deadline has passed. */
bool pg_wait_for(PGconn *conn, short events, int64_t deadline);
/* Takes the result of a call: rows to *out, unless `out` is NULL, or the problem it stands for, as
 * pg_call. NULL for a result: lost or late. `what` is for the log. */
fallible pg_take(struct pg *c, PGresult *result, const char *what, struct rows **out);

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
