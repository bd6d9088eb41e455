/* statements.h -- every statement of every route is prepared at start and after each reconnect, so
 * that one which the database refuses is known before a client asks for it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "platform/postgres/postgres.h"
#include "query-api/routes.h"

struct query;

struct statements {
    const struct query *queries; /* borrowed */
    int count;
    /* its own */
    int64_t generation;    /* the connection on which all are prepared; 0: none yet */
    int64_t due;           /* monotonic: after a refusal, when to try again */
    bool refused;          /* at the last try; logged once */
    struct view_set there; /* then */
};

/* Prepares both forms of one query. STATEMENT_REFUSED: *refused is the statement, pg_message says
 * why. DATABASE_UNAVAILABLE as pg_call. Blocks as pg_call, once a statement. */
fallible statements_prepare(struct pg *pg, const struct query *q,
                            const struct pg_statement **refused);

/* Declares what /ready calls "queries". While a statement is refused the service is degraded, not
 * unready: its route fails at every call, but the other routes are served. The reason names every
 * such statement, like its SQL file. */
void statements_declare(void);

/* Reports to /ready whether all are prepared on the connection; prepares them if they are not yet.
 * What is refused is logged with its file and tried again 5 s later: the views may be about to be
 * rebuilt. `there`: the views that exist; what reads others is left out until they do. The
 * connection's thread. */
void statements_check(struct statements *s, struct pg *pg, const struct view_set *there,
                      int64_t now);
