/* pipeline.h -- several statements in one round trip, on a connection of postgres.h: they are sent
 * one behind the other, and their answers read together. Between begin and end the connection
 * belongs to the pipeline: no pg_ call but those that only look.
 *
 *     scoped_pipeline *p = NULL;
 *     TRY(pipeline_begin(db, &p));
 *     TRY(pipeline_add(p, &BEGIN, 0, NULL, NULL));
 *     TRY(pipeline_add(p, &MOVE, 2, values, &moved));
 *     TRY(pipeline_end(p));
 *
 * The server runs them in order. At the first error it skips the rest, and a transaction is aborted
 * as by pg_call; what is not within one of the caller's (BEGIN … COMMIT) is one by itself. The
 * connection lives on, and knows which statements were prepared.
 *
 * Memory: parameters are copied; what is not yet sent is bounded, as add then waits for the server
 * to take it, reading answers meanwhile, so that neither side waits for the other. Rows are kept
 * until their owner frees them. */
#pragma once

#include "platform/postgres/postgres.h"

struct pipeline;

/* Connects if need be. DATABASE_UNAVAILABLE as pg_call. A pipeline is one call: it blocks at most
 * the connection's deadline in all, however it is spread over its functions; what the caller does
 * between them does not count. */
fallible pipeline_begin(struct pg *c, struct pipeline **out);

/* Adds one statement, as pg_call and pg_call_binary give it; a named one is prepared on the way if
 * the connection does not know it. `s` is borrowed until the end. *out, unless `out` is NULL, is
 * set to NULL, and when the statement has been answered to its rows: the caller's, also if a later
 * one fails.
 *   DATABASE_UNAVAILABLE  as pg_call: the connection is closed, the pipeline is at its end
 *   INTERNAL              too many parameters or statements: the pipeline must be freed
 * An SQL error is told by pipeline_end alone. */
fallible pipeline_add(struct pipeline *p, const struct pg_statement *s, int count,
                      const char *const *values, struct rows **out);
fallible pipeline_add_binary(struct pipeline *p, const struct pg_statement *s, int count,
                             const struct pg_value *values, struct rows **out);

/* Nothing more is added: all of it is with the server when it returns, answered or not. May be left
 * out: pipeline_end does it. DATABASE_UNAVAILABLE as above. */
fallible pipeline_send(struct pipeline *p);

/* Waits for the answers. Problems as pg_call, of the first statement that fails: it is in the log,
 * and pg_sqlstate and pg_message tell of it. */
fallible pipeline_end(struct pipeline *p);

/* After the end only memory; before it what was added may have been done, or not: the connection is
 * closed, and with it a transaction. NULL is allowed. */
void pipeline_free(struct pipeline *p);

/* pg_call_again with settings of the server that hold for this statement alone, in one round trip:
 * `settings` is SELECT set_config('…', '…', true), …, without parameters. Both are one transaction,
 * which the server ends, and with it the settings, whatever becomes of the statement. */
fallible pipeline_call_with(struct pg *c, const struct pg_statement *settings,
                            const struct pg_statement *s, int count, const char *const *values,
                            struct rows **out);

static inline void pipeline_cleanup(struct pipeline **p)
{
    pipeline_free(*p);
}
#define scoped_pipeline __attribute__((cleanup(pipeline_cleanup))) struct pipeline
