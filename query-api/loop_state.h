/* loop_state.h -- what one loop needs to serve queries: its cache, its verified tokens, its
 * waiters. Everything here is for the loop's thread. */
#pragma once

#include "query-api/cache.h"
#include "query-api/query_api.h"
#include "query-api/query_request.h"
#include "query-api/view_progress.h"

struct loop_state {
    struct query_api *api;
    struct http_loop *loop;
    struct cache *cache;
    struct token_cache *tokens;
    struct query_request *waiters; /* requests that wait for a position, position_waiters.c */
    int waiter_count;
    struct http_timer *timer; /* runs while there are waiters */
    struct watcher watcher;   /* told when a view has moved */
};

/* For http_on_loop; `context` is the struct query_api. */
void *loop_state_new(struct http_loop *loop, void *context);
void loop_state_free(void *loop_state);

/* The handler of every query; `row` is its struct query. */
void serve_query(struct http_request *r, const void *row);

/* Responds from the cache, by joining a run or by a new one. `seen` has reached min_position. */
void serve_visible(struct loop_state *state, struct query_request *request,
                   const struct progress *seen);

/* `finish` of the watcher: serves the waiters whose position the views have reached. */
void views_moved(struct job *j);

/* Keeps a request until the views have reached its position. QUEUE_FULL past the limit. */
fallible wait_for_position(struct loop_state *state, struct query_request *request);
