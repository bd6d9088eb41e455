/* loop_state.c -- from request to response on one loop: admit, bind, then the cheapest way that is
 * fresh enough: a cached response, a run under way, a new run. */
#include "query-api/loop_state.h"

#include "api/note_actor.h"
#include "base/time.h"
#include "platform/process/metrics.h"
#include "query-api/head.h"
#include "query-api/reader.h"
#include "base/banned.h"

enum { TOKENS_MAX = 8192 };

void *loop_state_new(struct http_loop *loop, void *context)
{
    struct query_api *api = context;
    struct loop_state *state = must_alloc(1, sizeof(*state));
    state->api = api;
    state->loop = loop;
    state->watcher = (struct watcher){.job.finish = views_moved, .loop = loop};
    state->cache = cache_new((size_t)(api->settings->cache_bytes / api->loops));
    state->tokens = token_cache_new(api->key, api->pseudonym_secret, TOKENS_MAX);
    return state;
}

void loop_state_free(void *loop_state)
{
    struct loop_state *state = loop_state;
    cache_free(state->cache);
    token_cache_free(state->tokens);
    free(state);
}

/* ---- who asks ---- */

/* Where the response is the same for everybody a token is not read, good or bad; where it would
 * differ, a bad one is refused also if none is needed: its owner would take what anyone sees for
 * their own. */
static fallible admit(struct loop_state *state, struct http_request *r, const struct query *q,
                      struct claims *claims, bool *known)
{
    const struct route *route = q->route;
    const char *authorization = http_header(r, HTTP_AUTHORIZATION);
    *known = route->who != ANYONE || (q->personal && authorization);
    if (!*known)
        return NULL;
    const struct problem *p = token_admit(state->tokens, state->api->revoked, authorization,
                                          route->who, time_now(), claims);
    note_actor(r, route->who, !p || p == WRONG_ROLE ? claims : NULL);
    return p;
}

/* ---- responses ---- */

/* The position that a response reflects for this request: its own, or what was seen of its views,
 * if none of them has changed between the two.
 *
 * Lanes move with every batch; a mark rises in the transaction that changes the rows of its view.
 * A response has position P and sum of marks T of one snapshot, its rows'; `seen` has both of one
 * snapshot as well, one poll's. Of two snapshots of a database one holds all that the other does.
 * If the response's is the later one, P is not below the seen position, and T not below the seen
 * sum. If it is the earlier one and T is the seen sum, then no mark has risen between them, for
 * none ever falls: the rows were the same at the seen position, which is thus reflected. With the
 * position of one poll and the marks of an older one this would be wrong. */
static int64_t reflected_position(const struct response *response,
                                  const struct query_request *request)
{
    int64_t own = response_position(response);
    bool unchanged = response_total(response) == request->seen_total;
    return unchanged && request->seen_position > own ? request->seen_position : own;
}

/* Of what anyone may see nobody asks who has. */
static void note_read(const struct query_request *request, const struct response *response)
{
    struct http_notes *n = http_notes(request->http);
    if (!response_read_kind(response))
        return;
    n->kind = arena_text(http_arena(request->http), response_read_kind(response));
    n->subject = request->subject;
}

static void send_response(struct query_request *request, struct response *response)
{
    int64_t position = reflected_position(response, request);
    /* A view may have been swapped for one that is behind. */
    if (position < request->min_position) {
        http_refuse(request->http, NOT_YET_VISIBLE, NULL);
        return;
    }
    note_read(request, response);
    response_send(response, request->http, request->query->cache_control, request->query->personal,
                  position);
}

static void finish_run(struct job *j)
{
    struct run *run = (struct run *)j;
    struct loop_state *state = http_loop_state(run->loop);
    struct cache_entry *e = cache_entry(state->cache, run->key, run->key_length);
    if (e->run == run)
        e->run = NULL;
    bool newer = run->response &&
                 (!e->response || response_total(run->response) >= response_total(e->response));
    cache_keep(state->cache, e, newer ? run->response : NULL);
    for (struct query_request *request = run->waiting, *next; request; request = next) {
        next = request->next; /* the response frees it */
        if (run->response)
            send_response(request, run->response);
        else
            http_refuse(request->http, run->problem, NULL);
    }
    response_drop(run->response);
    free(run);
}

static void join(struct run *run, struct query_request *request)
{
    request->next = run->waiting;
    run->waiting = request;
}

static fallible start_run(struct loop_state *state, struct cache_entry *e,
                          struct query_request *request, size_t key_length, const char *key,
                          const struct progress *seen)
{
    struct run *run = must_alloc(1, sizeof(*run));
    *run = (struct run){.job.finish = finish_run,
                        .api = state->api,
                        .loop = state->loop,
                        .request = request,
                        .gzip = e->wants_gzip,
                        .key = key,
                        .key_length = key_length,
                        .total = seen->total};
    join(run, request);
    const struct problem *p = pool_put(state->api->readers, &run->job);
    if (p) {
        free(run);
        cache_keep(state->cache, e, NULL);
        return p;
    }
    e->run = run;
    return NULL;
}

/* Good until one of its views changes, and only while it is known whether one has. */
static bool is_fresh(const struct cache_entry *e, const struct query_request *request,
                     const struct progress *seen)
{
    return e->response && seen->known && response_total(e->response) >= seen->total &&
           reflected_position(e->response, request) >= request->min_position &&
           !(request->accepts_gzip && response_lacks_gzip(e->response));
}

void serve_visible(struct loop_state *state, struct query_request *request,
                   const struct progress *seen)
{
    size_t length;
    const char *key = query_request_key(request, seen->version, &length);
    struct cache_entry *e = cache_entry(state->cache, key, length);
    e->wants_gzip = e->wants_gzip || request->accepts_gzip;
    request->seen_position = seen->position;
    request->seen_total = seen->total;
    const char *way = "run";
    const struct problem *p = NULL;
    if (is_fresh(e, request, seen)) {
        way = "hit";
        send_response(request, e->response);
    } else if (e->run && e->run->total >= seen->total) {
        way = "joined";
        join(e->run, request);
    } else {
        p = start_run(state, e, request, length, key, seen);
    }
    if (p)
        http_refuse(request->http, p, NULL);
    else
        metric_add(METRIC_query_cache_total, way, 1);
}

static fallible serve(struct loop_state *state, struct http_request *r, const struct query *q,
                      struct fault *f)
{
    /* In the arena: bound values point into them. */
    struct claims *claims = arena_alloc(http_arena(r), sizeof(*claims));
    struct query_request *request;
    bool known;
    TRY(admit(state, r, q, claims, &known));
    TRY(query_request_read(r, q, known ? claims : NULL,
                           view_progress_epoch(state->api->view_progress), &request, f));
    struct progress seen = view_progress_read(
        state->api->view_progress, &query_request_form(request)->views, request->arrived);
    if (seen.refused)
        return fault_at(f, seen.refused, NULL,
                        seen.missing ? arena_printf(http_arena(r), "The view %s.", seen.missing)
                                     : NULL);
    if (request->min_position > seen.position)
        return wait_for_position(state, request);
    serve_visible(state, request, &seen);
    return NULL;
}

void serve_query(struct http_request *r, const void *row)
{
    struct fault f = {0};
    const struct problem *p = serve(http_loop_state(http_loop_of(r)), r, row, &f);
    if (p)
        http_refuse(r, p, &f);
}
