/* desk.c -- from request to answer on one loop: admit, bind, then the cheapest way that is fresh
 * enough: a cached answer, a run under way, a new run. */
#include "query-api/desk.h"

#include "base/time.h"
#include "platform/metrics.h"
#include "query-api/head.h"
#include "query-api/reader.h"
#include "base/banned.h"

enum { TOKENS_MAX = 8192 };

void *desk_new(struct http_loop *loop, void *context)
{
    struct query_api *api = context;
    struct desk *d = must_alloc(1, sizeof(*d));
    d->api = api;
    d->loop = loop;
    d->watcher = (struct watcher){.job.finish = views_moved, .loop = loop};
    d->cache = cache_new((size_t)(api->settings->cache_bytes / api->loops));
    d->tokens = token_cache_new(api->key, api->pseudonym_secret, TOKENS_MAX);
    return d;
}

void desk_free(void *desk)
{
    struct desk *d = desk;
    cache_free(d->cache);
    token_cache_free(d->tokens);
    free(d);
}

/* ---- who asks ---- */

/* Where the answer depends on nobody a token is not looked at, good or bad; where it would differ,
 * a bad one is refused also if none is needed: its owner would take what anyone sees for their own.
 */
static fallible admit(struct desk *d, struct http_request *r, const struct query *q,
                      struct claims *claims, bool *known)
{
    const struct route *route = q->route;
    const char *authorization = http_header(r, HTTP_AUTHORIZATION);
    *known = route->who != ANYONE || (q->personal && authorization);
    if (!*known)
        return NULL;
    TRY(token_check(d->tokens, authorization, time_now(), claims));
    if (!revoked_is_known(d->api->revoked))
        return STORE_UNAVAILABLE; /* this session may have ended */
    if (is_revoked(d->api->revoked, claims))
        return BAD_TOKEN;
    return route->who == ANYONE || (int)claims->role & route->who ? NULL : WRONG_ROLE;
}

/* ---- answers ---- */

static void send_answer(struct ask *a, struct answer *answer)
{
    if (answer_position(answer) < a->min_position) /* a view was swapped for one that is behind */
        http_refuse(a->request, NOT_YET_VISIBLE, NULL);
    else
        answer_send(answer, a->request, a->query->cache_control, a->query->personal);
}

static void finish_run(struct job *j)
{
    struct run *run = (struct run *)j;
    struct desk *d = http_loop_state(run->loop);
    struct entry *e = cache_entry(d->cache, run->key, run->key_length);
    if (e->run == run)
        e->run = NULL;
    bool newer =
        run->answer && (!e->answer || answer_total(run->answer) >= answer_total(e->answer));
    cache_keep(d->cache, e, newer ? run->answer : NULL);
    for (struct ask *a = run->waiting, *next; a; a = next) {
        next = a->next; /* the answer frees a */
        if (run->answer)
            send_answer(a, run->answer);
        else
            http_refuse(a->request, run->problem, NULL);
    }
    answer_drop(run->answer);
    free(run);
}

static void join(struct run *run, struct ask *a)
{
    a->next = run->waiting;
    run->waiting = a;
}

static fallible start_run(struct desk *d, struct entry *e, struct ask *a, size_t key_length,
                          const char *key, const struct progress *seen)
{
    struct run *run = must_alloc(1, sizeof(*run));
    *run = (struct run){.job.finish = finish_run,
                        .api = d->api,
                        .loop = d->loop,
                        .ask = a,
                        .pack = e->packs,
                        .key = key,
                        .key_length = key_length,
                        .position = seen->position,
                        .total = seen->total};
    join(run, a);
    const struct problem *p = pool_put(d->api->readers, &run->job);
    if (p) {
        free(run);
        cache_keep(d->cache, e, NULL);
        return p;
    }
    e->run = run;
    return NULL;
}

/* Good until a lane of its views moves, and only while it is known whether one has. */
static bool is_fresh(const struct entry *e, const struct ask *a, const struct progress *seen)
{
    return e->answer && seen->known && answer_total(e->answer) >= seen->total &&
           answer_position(e->answer) >= a->min_position &&
           !(a->packed && answer_lacks_pack(e->answer));
}

void serve_visible(struct desk *d, struct ask *a, const struct progress *seen)
{
    size_t length;
    const char *key = ask_key(a, seen->version, &length);
    struct entry *e = cache_entry(d->cache, key, length);
    e->packs = e->packs || a->packed;
    const char *way = "run";
    const struct problem *p = NULL;
    if (is_fresh(e, a, seen)) {
        way = "hit";
        send_answer(a, e->answer);
    } else if (e->run && e->run->total >= seen->total && e->run->position >= a->min_position) {
        way = "joined";
        join(e->run, a);
    } else {
        p = start_run(d, e, a, length, key, seen);
    }
    if (p)
        http_refuse(a->request, p, NULL);
    else
        metric_add(METRIC_query_cache_total, way, 1);
}

static fallible serve(struct desk *d, struct http_request *r, const struct query *q,
                      struct fault *f)
{
    struct claims *claims = arena_alloc(http_arena(r), sizeof(*claims)); /* the ask needs them */
    struct ask *a;
    bool known;
    TRY(admit(d, r, q, claims, &known));
    TRY(ask_read(r, q, known ? claims : NULL, lanes_epoch(d->api->lanes), &a, f));
    struct progress seen = lanes_look(d->api->lanes, &q->route->views, a->arrived);
    TRY(seen.refused);
    if (a->min_position > seen.position)
        return park(d, a);
    serve_visible(d, a, &seen);
    return NULL;
}

void serve_query(struct http_request *r, const void *row)
{
    struct fault f = {0};
    const struct problem *p = serve(http_loop_state(http_loop_of(r)), r, row, &f);
    if (p)
        http_refuse(r, p, &f);
}
