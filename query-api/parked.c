/* parked.c -- requests that wait until the views have reached their position. */
#include "query-api/desk.h"

#include "base/time.h"
#include "platform/metrics.h"
#include "query-api/head.h"
#include "base/banned.h"

enum { PARKED_MAX = 1024, LOOK_MS = 10 }; /* for deadlines; of a move the lanes tell */

/* How long beyond wait_ms the store may take to say whether it has the position: it is asked within
 * a turn of its thread, but on a loaded machine not answered within a short wait_ms. */
static const int64_t HEAD_US = 2000000;

static void refuse(struct ask *a, const struct problem *p, const char *detail)
{
    struct fault f = {.field = "min_position", .detail = detail};
    http_refuse(a->request, p, &f);
}

/* Has it waited long enough? For a position that the log may not have, until that is known. */
static bool is_over(const struct ask *a, enum head_says head, int64_t now)
{
    return now >= a->deadline + (head == HEAD_UNKNOWN ? HEAD_US : 0);
}

/* Serves or refuses; false: it must wait on. */
static bool settle(struct desk *d, struct ask *a, int64_t now)
{
    struct progress seen = lanes_look(d->api->lanes, &a->query->route->views, now);
    if (seen.position >= a->min_position) {
        serve_visible(d, a, &seen);
        return true;
    }
    enum head_says head = head_compare(d->api->head, a->min_position, a->arrived);
    if (head == HEAD_BELOW)
        refuse(a, BAD_PARAMETER, "The log ends before this position: no event has it.");
    else if (is_over(a, head, now))
        refuse(a, NOT_YET_VISIBLE, NULL);
    else if (atomic_load(&d->api->stopping))
        refuse(a, SHUTTING_DOWN, NULL);
    else
        return false;
    return true;
}

static void look_again(void *arg);

static void put(struct desk *d, struct ask *a)
{
    a->next = d->parked;
    d->parked = a;
    d->parked_count++;
}

static void begin_waiting(struct desk *d)
{
    d->timer = http_every(d->loop, LOOK_MS, look_again, d);
    lanes_watch(d->api->lanes, &d->watcher);
}

static void end_waiting(struct desk *d)
{
    http_timer_free(d->timer);
    d->timer = NULL;
    lanes_unwatch(d->api->lanes, &d->watcher);
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
    if (!d->parked && d->timer)
        end_waiting(d);
}

void views_moved(struct job *j)
{
    struct watcher *w = (struct watcher *)j;
    struct desk *d = http_loop_state(w->loop);
    if (atomic_load(&d->api->stopping))
        return; /* the lanes may be gone; the timer refuses who waits */
    lanes_told(d->api->lanes, w);
    look_again(d);
}

fallible park(struct desk *d, struct ask *a)
{
    if (d->parked_count == PARKED_MAX)
        return QUEUE_FULL;
    put(d, a);
    metric_add(METRIC_query_parked_waiters, NULL, 1);
    if (!d->timer)
        begin_waiting(d);
    return NULL;
}
