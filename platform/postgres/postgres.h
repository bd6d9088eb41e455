/* postgres.h -- one PostgreSQL connection of one thread, with deadlines and its own reconnect.
 *
 * Every call blocks, at most its deadline, whatever it takes: connecting, the session's settings,
 * preparing. A connection that is lost or late is closed; the next call opens a new one and
 * prepares statements again. The session is in UTC, READ COMMITTED, with statement, lock and
 * idle-in-transaction time-outs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/text.h"
#include "platform/postgres/rows.h"

struct pg;

/* `settings` is NULL or `SET` commands run on every new connection ("SET jit = off; …"). Does not
 * connect yet. `url` and `name` (application_name) are borrowed. */
struct pg *pg_new(const char *url, const char *name, const char *settings, int timeout_ms);
void pg_free(struct pg *c); /* NULL is allowed */

/* One statement of the program. `name` is unique: it is prepared under it once a connection. */
struct pg_statement {
    const char *name; /* NULL: not prepared */
    const char *sql;
};

/* From now on all calls together end by `deadline` (monotonic us), each by its own as well; 0: only
 * by their own again. A call that begins past it is DATABASE_UNAVAILABLE at once. */
void pg_share_deadline(struct pg *c, int64_t deadline);

/* Runs one statement with text parameters (NULL is SQL NULL). Blocks at most the connection's
 * deadline. *out may be NULL if no rows are wanted; else it is the caller's.
 *   DATABASE_UNAVAILABLE  no connection, lost, deadline passed, or an error of the moment or of a
 *                         server that is not well (sqlstates.def): the outcome is unknown, the
 *                         connection is closed and with it a transaction
 *   STATEMENT_REFUSED     an SQL error: pg_sqlstate and pg_fault tell; the connection lives on
 * Both are logged, the same outage once a minute, STATEMENT_REFUSED not for unique violations
 * (23505). */
fallible pg_call(struct pg *c, const struct pg_statement *s, int count, const char *const *values,
                 struct rows **out);

/* Tries again if the connection died while idle, in one deadline. For what may be done twice. */
fallible pg_call_again(struct pg *c, const struct pg_statement *s, int count,
                       const char *const *values, struct rows **out);

/* Prepares a statement that has a name and does not run it. Problems as of pg_call. */
fallible pg_prepare(struct pg *c, const struct pg_statement *s);

/* pg_call with parameters in binary form (columns.h); at NULL is SQL NULL. */
enum { PG_BINARY_MAX = 64 };
struct pg_value {
    const char *at;
    size_t length;
};
fallible pg_call_binary(struct pg *c, const struct pg_statement *s, int count,
                        const struct pg_value *values, struct rows **out);

/* One or several statements without parameters or rows: "BEGIN", "COMMIT", DDL. As pg_call. */
fallible pg_run(struct pg *c, const char *sql);

/* BEGIN; *generation says on which connection. Until COMMIT or ROLLBACK every call is of this
 * transaction: once the connection is lost they are DATABASE_UNAVAILABLE. Where a ROLLBACK fails
 * the connection is closed. pg_begun: the caller sends BEGIN itself, in a pipeline. */
fallible pg_begin(struct pg *c, int64_t *generation);
int64_t pg_begun(struct pg *c);
fallible pg_commit(struct pg *c, int64_t generation);
void pg_roll_back(struct pg *c, int64_t generation);

/* SQLSTATE of the last STATEMENT_REFUSED ("23505"), else ""; and its message. Borrowed until the
 * next call. */
const char *pg_sqlstate(const struct pg *c);
const char *pg_message(const struct pg *c);

/* Whose fault the last problem was: rows of sqlstates.def. */
enum pg_fault {
    PG_NONE,    /* there was none */
    PG_MOMENT,  /* of the connection, a lock, a race: the next try may pass */
    PG_UNWELL,  /* the server cannot work as it is: an operator must act */
    PG_ABSENT,  /* tables, functions or rights are not there, or not yet */
    PG_DATA,    /* the values'; for a stored event: it is poison */
    PG_PROGRAM, /* the statement is wrong */
};
enum pg_fault pg_fault(const struct pg *c);
/* `p`, but DATABASE_UNAVAILABLE for PG_ABSENT: an incomplete installation is no client's fault. */
const struct problem *pg_unless_absent(const struct pg *c, const struct problem *p);

/* Rises with each connection: what was set up on the old one is gone. 0: none yet. */
int64_t pg_generation(const struct pg *c);
void pg_close(struct pg *c); /* the next call connects anew */

/* NULL, or why libpq cannot take `uri`; never its whole text, which may hold a password. */
struct arena;
const char *pg_uri_fault(const char *uri, struct arena *a);
/* The file of passwords that `uri` names: libpq would pass over one that is missing or that others
 * may read, and connect without a password. Logs why it cannot be used, then NOT_STARTED. */
fallible pg_passfile_check(const char *uri);

int pg_library(void); /* version of libpq: 150008 is 15.8 */
