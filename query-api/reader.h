/* reader.h -- the threads that run queries, one connection each: rows in, a response out. */
#pragma once

#include <stdbool.h>

#include "platform/process/pool.h"
#include "platform/postgres/sessions.h"
#include "query-api/query_request.h"
#include "query-api/response.h"

struct query_api;

/* One run of a query. The loop makes it, puts it to the pool, and gets it back by `job.finish`. */
struct run {
    struct job job;
    struct query_api *api;
    struct http_loop *loop;
    const struct query_request *request; /* constant while the run is under way */
    bool gzip;                           /* make the gzip form too */

    /* set by the reader: a response with one reference, or a problem */
    struct response *response;
    const struct problem *problem;

    /* the loop's, also while the reader works */
    struct query_request *waiting; /* all who share this run */
    const char *key;               /* of the cache; in the arena of `request` */
    size_t key_length;
    int64_t total; /* of the marks of its views, as known when it began */
};

/* `context` of the pool: struct query_api. */
extern const struct pool_work reader_work;
