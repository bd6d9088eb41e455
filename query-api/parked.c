/* parked.c -- requests that wait until the views have reached their position. */
#include "query-api/desk.h"

#include "base/time.h"
#include "platform/metrics.h"
#include "query-api/head.h"
#include "base/banned.h"

enum { PARKED_MAX = 1024, LOOK_MS = 5 };

static void refuse(struct ask *a, const struct problem *p)
{
    struct fault f = {.field = "min_position"};
    http_refuse(a->request, p, &f);
}

/* Serves or refuses; false: it must wait on. */
static bool settle(struct desk *d, struct ask *a, int64_t now)
{
    struct progress seen = lanes_look(d->api->lanes, a->query->route->views, now);
    if (seen.position >= a->min_position)
        serve_visible(d, a, &seen);
    else if (head_is_below(d->api->head, a->min_position, a->arrived))
        refuse(a, BAD_PARAMETER); /* nothing that this log ever gave out */
    else if (now >= a->deadline)
        refuse(a, NOT_YET_VISIBLE);
    else if (atomic_load(&d->api->stopping))
        refuse(a, SHUTTING_DOWN);
    else
        return false;
    return true;
}

static void put(struct desk *d, struct ask *a)
{
    a->next = d->parked;
    d->parked = a;
    d->parked_count++;
}

static void look_again(void *arg)
{
    struct desk *d = arg;
    int64_t now = time_monotonic();
    struct ask *waiting = d->parked;
    int before = d->parked_count;
    d->parked = NULL;
    d->parked_count = 0;
    for (struct ask *a = waiting, *next; a; a = next) {
        next = a->next; /* the answer frees a */
        if (!settle(d, a, now))
            put(d, a);
    }
    metric_add(METRIC_query_parked_waiters, NULL, d->parked_count - before);
    if (!d->parked) {
        http_timer_free(d->timer);
        d->timer = NULL;
    }
}

fallible park(struct desk *d, struct ask *a)
{
    if (d->parked_count == PARKED_MAX)
        return QUEUE_FULL;
    put(d, a);
    metric_add(METRIC_query_parked_waiters, NULL, 1);
    if (!d->timer)
        d->timer = http_every(d->loop, LOOK_MS, look_again, d);
    return NULL;
}
