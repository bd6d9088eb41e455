/* query.h -- a row of routes.def made ready: its SQL file as one statement that also reads which
 * position of the log its views reflect. */
#pragma once

#include <stdbool.h>

#include "events/answer.h"
#include "platform/postgres/postgres.h"
#include "query-api/routes.h"

/* Columns of a query's only row. COLUMN_EPOCH: the life of the log its views are of, 0 while they
 * are filled. What the file selects begins at COLUMN_BODY: the JSON text (NULL:
 * there is no such item), then the version of an ITEM or the next keys of a LIST (NULL: last page).
 * A column read_kind behind these says what kind of read it is to be shown it, for the record
 * (api/request_kinds.h; NULL: any). */
enum { COLUMN_POSITION, COLUMN_TOTAL, COLUMN_PARKED, COLUMN_EPOCH, COLUMN_BODY, COLUMN_MORE };

/* A statement and the views it reads, in which those of use USED_WHEN_FILTERED count as used. */
struct query_form {
    struct pg_statement statement;
    struct view_set views;
};

struct query {
    const struct route *route;
    struct query_form plain;
    struct query_form filtered;  /* what is run when a filter is given; without a text: the same */
    struct pg_statement planner; /* sets what is to hold for it alone; without a text: nothing */
    const struct query_answer *made_by; /* the function that makes the body; NULL: the file does */
    bool personal;                      /* the response depends on who asks */
    int keys;                           /* of its cursor; 0: no pages */
    char cache_control[40];
};

/* Thread-safe once made: constant. INTERNAL if a SQL file, a fragment or a
 * function that it names does not exist. */
fallible query_init(struct query *q, const struct route *route);
void query_release(struct query *q);
