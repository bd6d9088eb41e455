/* desk.h -- what one loop needs to serve queries: its cache, its verified tokens, its waiters.
 * Everything here is for the loop's thread. */
#pragma once

#include "query-api/ask.h"
#include "query-api/cache.h"
#include "query-api/lanes.h"
#include "query-api/query_api.h"

struct desk {
    struct query_api *api;
    struct http_loop *loop;
    struct cache *cache;
    struct token_cache *tokens;
    struct ask *parked; /* wait for a position */
    int parked_count;
    struct http_timer *timer; /* runs while somebody is parked */
    struct watcher watcher;   /* and waits for the lanes */
};

/* For http_on_loop; `context` is the struct query_api. */
void *desk_new(struct http_loop *loop, void *context);
void desk_free(void *desk);

/* The handler of every query; `row` is its struct query. */
void serve_query(struct http_request *r, const void *row);

/* Answers from the cache, by joining a run or by a new one. `seen` reflects min_position. */
void serve_visible(struct desk *d, struct ask *a, const struct progress *seen);

/* `finish` of the watcher: serves who has waited for what is there now. */
void views_moved(struct job *j);

/* Parks what asks for a position that is not there yet. QUEUE_FULL past the limit. */
fallible park(struct desk *d, struct ask *a);
