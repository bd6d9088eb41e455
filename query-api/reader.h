/* reader.h -- the threads that run queries, one connection each: rows in, a finished answer out. */
#pragma once

#include <stdbool.h>

#include "platform/pool.h"
#include "platform/sessions.h"
#include "query-api/answer.h"
#include "query-api/ask.h"

struct query_api;

/* One run of a query. The loop makes it, puts it to the pool, and gets it back by `job.finish`. */
struct run {
    struct job job;
    struct query_api *api;
    struct http_loop *loop;
    const struct ask *ask; /* what is asked; constant while the run is under way */
    bool pack;             /* gzip the answer too */

    /* set by the reader: an answer with one reference, or a problem */
    struct answer *answer;
    const struct problem *problem;

    /* the loop's, also while the reader works */
    struct ask *waiting; /* all who share this run */
    const char *key;     /* of the cache; in the arena of `ask` */
    size_t key_length;
    int64_t position, total; /* what was known of the views when it began */
};

/* `context` of the pool: struct query_api. */
extern const struct pool_work reader_work;
