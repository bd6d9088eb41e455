/* query_request.h -- one request as a query: who asks, what is bound, what it waits for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "platform/http/http.h"
#include "platform/identity/token.h"
#include "query-api/cursor.h"
#include "query-api/query.h"

enum { VALUES_MAX = 16, WAIT_MS = 1000, WAIT_MS_MAX = 5000 };

/* Lives in the arena of `http`, until the response. */
struct query_request {
    struct query_request *next; /* in the list it waits in */
    struct http_request *http;
    const struct query *query;
    const char *values[VALUES_MAX]; /* $1 …; NULL is SQL NULL */
    int count;
    uint64_t list;             /* digest of query and filters, for cursors */
    int64_t min_position;      /* 0: any */
    int64_t seen_position;     /* of its views when it was let in, at least min_position */
    int64_t seen_total;        /* of their marks, in the same snapshot */
    int64_t arrived, deadline; /* monotonic */
    bool accepts_gzip;         /* the client takes gzip */
    const char *language;      /* tag, if the response is in one; NULL: it is the same in all */
    const char *subject;       /* id that the request names, for the record; NULL: none, and of
                                  citizens none ever */
    bool filtered;             /* a filter is given, or an admin reads all agencies */
};

/* Checks the parameters and binds them; a cursor of another epoch is refused. Loop thread. `who` is
 * NULL without a token; bound values point into it, so it must live as long as *out.
 * UNKNOWN_PARAMETER, BAD_PARAMETER, BAD_CURSOR with the field; WRONG_ROLE for another agency than
 * the own one; the route's `missing` for a malformed id. */
fallible query_request_read(struct http_request *http, const struct query *q,
                            const struct claims *who, int64_t epoch, struct query_request **out,
                            struct fault *f);

const struct query_form *query_request_form(const struct query_request *request);

/* The key of a response in a cache: the query, its views' version and all that is bound, each with
 * its length in front. In the arena of `http`. */
const char *query_request_key(const struct query_request *request, uint64_t version,
                              size_t *length);
