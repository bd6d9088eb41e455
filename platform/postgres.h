/* postgres.h -- one PostgreSQL connection of one thread, with deadlines and its own reconnect.
 *
 * Every call blocks, at most its deadline. A connection that is lost or late is closed; the next
 * call opens a new one and prepares statements again. The session is in UTC, READ COMMITTED, with
 * statement, lock and idle-in-transaction time-outs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/text.h"

struct pg;
struct rows;

/* `settings` is NULL or `SET` commands run on every new connection ("SET jit = off; …"). Does not
 * connect yet. `url` and `name` (application_name) are borrowed. */
struct pg *pg_new(const char *url, const char *name, const char *settings, int timeout_ms);
void pg_free(struct pg *c); /* NULL is allowed */

/* One statement of the program. `name` is unique: it is prepared under it once a connection. */
struct pg_statement {
    const char *name; /* NULL: not prepared */
    const char *sql;
};

/* Runs one statement with text parameters (NULL is SQL NULL). Blocks at most the connection's
 * deadline. *out may be NULL if no rows are wanted; else it is the caller's.
 *   DATABASE_UNAVAILABLE  no connection, lost, deadline passed, shutting down, too many clients,
 *                         disk full, a lock or race lost: the outcome is unknown, the connection is
 *                         closed and with it a transaction
 *   STATEMENT_REFUSED     an SQL error: pg_sqlstate tells; the connection lives on
 * Both are logged, STATEMENT_REFUSED not for unique violations (23505). */
fallible pg_call(struct pg *c, const struct pg_statement *s, int count, const char *const *values,
                 struct rows **out);

/* The same with parameters in binary form (columns.h); at NULL is SQL NULL. */
enum { PG_BINARY_MAX = 64 };
struct pg_value {
    const char *at;
    size_t length;
};
fallible pg_call_binary(struct pg *c, const struct pg_statement *s, int count,
                        const struct pg_value *values, struct rows **out);

/* One or several statements without parameters or rows: "BEGIN", "COMMIT", DDL. As pg_call. */
fallible pg_run(struct pg *c, const char *sql);

/* SQLSTATE of the last STATEMENT_REFUSED ("23505"), else ""; and its message. Borrowed until the
 * next call. */
const char *pg_sqlstate(const struct pg *c);
const char *pg_message(const struct pg *c);

/* Rises with every new connection: what was set up on the old one is gone. 0: none yet. */
int64_t pg_generation(const struct pg *c);
void pg_close(struct pg *c); /* the next call connects anew */

/* NULL, or why `uri` is none that libpq can take (never the whole text of it: it may hold a
 * password). */
struct arena;
const char *pg_uri_fault(const char *uri, struct arena *a);
/* The file of passwords that `uri` names: libpq would pass over one that is missing or that others
 * may read, and connect without a password. Logs why it cannot be used, then NOT_STARTED. */
fallible pg_passfile_check(const char *uri);

int pg_library(void); /* version of libpq: 150008 is 15.8 */

int rows_count(const struct rows *r);
/* NULL for SQL NULL; borrowed from r. Column numbers begin at 0. */
const char *rows_text(const struct rows *r, int row, int column);
int64_t rows_int(const struct rows *r, int row, int column); /* 0 for NULL */
size_t rows_length(const struct rows *r, int row, int column);
int64_t rows_affected(const struct rows *r);
void rows_free(struct rows *r); /* NULL is allowed */

static inline void rows_cleanup(struct rows **r)
{
    rows_free(*r);
}
#define scoped_rows __attribute__((cleanup(rows_cleanup))) struct rows

/* Builds a PostgreSQL array literal, "{1,NULL,\"a b\"}"; starts from an empty struct text. */
void pg_array_text(struct text *array, const char *element); /* NULL is NULL */
void pg_array_int(struct text *array, int64_t element);
/* Closes it and returns its text; "{}" if nothing was added. */
const char *pg_array_end(struct text *array);
