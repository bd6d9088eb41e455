/* position_waiters.c -- requests that wait until the views have reached their position. */
#include "query-api/loop_state.h"

#include "base/time.h"
#include "platform/process/metrics.h"
#include "query-api/head.h"
#include "base/banned.h"

enum { WAITERS_MAX = 1024, CHECK_MS = 10 }; /* for deadlines; view_progress tells of moves */

/* How long beyond wait_ms the store may take to say whether it has the position: it is asked within
 * a turn of its thread, but on a loaded machine not answered within a short wait_ms. */
static const int64_t HEAD_US = 2000000;

static void refuse_position(struct query_request *request, const struct problem *p,
                            const char *detail)
{
    struct fault f = {.field = "min_position", .detail = detail};
    http_refuse(request->http, p, &f);
}

/* Has it waited long enough? For a position that the log may not have, until that is known. */
static bool is_over(const struct query_request *request, enum head_says head, int64_t now)
{
    return now >= request->deadline + (head == HEAD_UNKNOWN ? HEAD_US : 0);
}

/* Serves or refuses; false: it must wait on. */
static bool serve_or_refuse(struct loop_state *state, struct query_request *request, int64_t now)
{
    struct progress seen =
        view_progress_read(state->api->view_progress, &query_request_form(request)->views, now);
    if (seen.position >= request->min_position) {
        serve_visible(state, request, &seen);
        return true;
    }
    enum head_says head = head_compare(state->api->head, request->min_position, request->arrived);
    if (head == HEAD_BELOW)
        refuse_position(request, BAD_PARAMETER,
                        "The log ends before this position: no event has it.");
    else if (is_over(request, head, now))
        refuse_position(request, NOT_YET_VISIBLE, NULL);
    else if (atomic_load(&state->api->stopping))
        refuse_position(request, SHUTTING_DOWN, NULL);
    else
        return false;
    return true;
}

static void check_waiters(void *arg);

static void add_waiter(struct loop_state *state, struct query_request *request)
{
    request->next = state->waiters;
    state->waiters = request;
    state->waiter_count++;
}

static void begin_waiting(struct loop_state *state)
{
    state->timer = http_every(state->loop, CHECK_MS, check_waiters, state);
    view_progress_watch(state->api->view_progress, &state->watcher);
}

static void end_waiting(struct loop_state *state)
{
    http_timer_free(state->timer);
    state->timer = NULL;
    view_progress_unwatch(state->api->view_progress, &state->watcher);
}

static void check_waiters(void *arg)
{
    struct loop_state *state = arg;
    int64_t now = time_monotonic();
    struct query_request *waiting = state->waiters;
    int before = state->waiter_count;
    state->waiters = NULL;
    state->waiter_count = 0;
    for (struct query_request *request = waiting, *next; request; request = next) {
        next = request->next; /* the response frees it */
        if (!serve_or_refuse(state, request, now))
            add_waiter(state, request);
    }
    metric_add(METRIC_query_position_waiters, NULL, state->waiter_count - before);
    if (!state->waiters && state->timer)
        end_waiting(state);
}

void views_moved(struct job *j)
{
    struct watcher *w = (struct watcher *)j;
    struct loop_state *state = http_loop_state(w->loop);
    if (atomic_load(&state->api->stopping))
        return; /* view_progress may be gone; the timer refuses the waiters */
    view_progress_told(state->api->view_progress, w);
    check_waiters(state);
}

fallible wait_for_position(struct loop_state *state, struct query_request *request)
{
    if (state->waiter_count == WAITERS_MAX)
        return QUEUE_FULL;
    add_waiter(state, request);
    metric_add(METRIC_query_position_waiters, NULL, 1);
    if (!state->timer)
        begin_waiting(state);
    return NULL;
}
