/* engine.c -- the turns of the engine: reads new events from the stream or the store and gives them
 * to the lanes. */
#include "view_engine/engine_parts.h"
#include "view_engine/refill.h"

#include "base/log.h"
#include "base/planted.h"
#include "base/time.h"
#include "platform/process/metrics.h"
#include "base/banned.h"

enum {
    POLL_MS = 100,             /* of the store, while the stream cannot be followed */
    LANES_AGAIN_US = 1000000,  /* after a lane beside the home has failed */
    REDIS_AGAIN_US = 1000000,  /* after Redis was away */
    TROUBLE_AGAIN_US = 250000, /* after an entry that the store could not replace */
    LAG_AGAIN_US = 1000000,    /* after the head was compared with the lanes */
    BACKOFF_MIN_MS = 10,
    BACKOFF_MAX_MS = 1000
};

static const char STREAM[] = "{events}:all";

/* ---- life ---- */

fallible engine_new(const struct engine_parts *parts, struct engine **out)
{
    struct engine *e = must_alloc(1, sizeof(*e));
    *e = (struct engine){.parts = *parts, .batch_events = BATCH_EVENTS, .trouble_at = -1};
    if (!e->parts.home)
        e->parts.home = VIEW_HOME;
    const struct problem *p = views_read_own(e);
    if (p)
        engine_free(e);
    else
        *out = e;
    return p;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    views_forget(e);
    arena_release(&e->lane_names);
    arena_release(&e->arena);
    free(e);
}

const struct problem *engine_stop(struct engine *e, const char *why)
{
    e->stopped = why;
    return NOT_STARTED;
}

const char *engine_reason(const struct engine *e)
{
    return e->stopped;
}

static struct lane *home_lane(struct engine *e)
{
    return &e->lanes[0];
}

/* ---- the store ---- */

/* Reads the end of the log, and stops the engine if its epoch is another one. Called after a page
 * was read and before it is applied: a page of another epoch must not be applied. */
static fallible read_head(struct engine *e, int64_t *head)
{
    int64_t epoch;
    TRY(store_head(e->parts.store, head, &epoch));
    e->health.store = true;
    if (e->epoch && epoch != e->epoch) {
        log_error("the event store has begun another epoch", KV("epoch", epoch),
                  KV("mine", e->epoch));
        return engine_stop(e, "the event store has begun another epoch");
    }
    e->epoch = epoch;
    if (e->set_back || (e->loaded && *head < home_lane(e)->position))
        return log_set_back(e, "position", home_lane(e)->position, *head);
    if (*head > e->newest)
        e->newest = *head;
    return NULL;
}

static bool is_behind(const struct engine *e, int lane)
{
    return e->lanes[lane].position < e->newest;
}

static bool has_views(const struct engine *e, int lane)
{
    for (int i = 0; i < e->view_count; i++)
        if (e->views[i].lane == lane)
            return true;
    return false;
}

/* The time of the first event that a lane has not applied. */
static fallible read_lag(struct engine *e, int lane)
{
    scoped_arena a = {0};
    struct event_page next;
    e->behind_since[lane] = 0;
    if (!is_behind(e, lane))
        return NULL;
    TRY(store_read_data(e->parts.store, e->lanes[lane].position, 1, &a, &next));
    if (next.count)
        e->behind_since[lane] = next.at[0].recorded;
    return NULL;
}

/* A second has passed, or the home lane has just fallen behind. */
static bool is_lag_due(const struct engine *e)
{
    return e->lane_count &&
           (time_monotonic() >= e->lag_again || (is_behind(e, 0) && !e->behind_since[0]));
}

/* Also after a turn that failed, and of events that the stream has not shown. */
static fallible read_lags(struct engine *e)
{
    int64_t head;
    if (!is_lag_due(e))
        return NULL;
    e->lag_again = time_monotonic() + LAG_AGAIN_US;
    TRY(read_head(e, &head));
    for (int i = 0; i < e->lane_count; i++)
        if (has_views(e, i)) /* the others are of other engines */
            TRY(read_lag(e, i));
    return NULL;
}

/* Applies the next page of the store to a lane, up to `end`. *more: there is more before it. */
static fallible apply_page(struct engine *e, int lane, int64_t end, struct arena *a, bool *more)
{
    struct event_page page;
    int64_t head, position = e->lanes[lane].position;
    TRY(store_read_data(e->parts.store, position, e->batch_events, a, &page));
    TRY(read_head(e, &head));
    int count = 0;
    struct batch_event *events = arena_array(a, (size_t)page.count, sizeof(*events));
    while (count < page.count && page.at[count].position <= end) {
        events[count] = batch_from_store(e->parts.language, &page.at[count], a);
        count++;
    }
    *more = count == e->batch_events;
    if (!count)
        return NULL;
    return lane_apply(e, lane, events, count, events[count - 1].position, true);
}

static fallible follow_store(struct engine *e, struct arena *a, int *wait_ms)
{
    bool more, polling = e->caught_up;
    int64_t before = home_lane(e)->position;
    TRY(apply_page(e, 0, INT64_MAX, a, &more));
    e->caught_up = !more;
    *wait_ms = polling && home_lane(e)->position == before ? POLL_MS : 0;
    return NULL;
}

/* ---- views that catch up ---- */

/* One page for each lane beside the home, up to where that stands; there it joins. */
static fallible move_other_lanes(struct engine *e, struct arena *a, bool *busy)
{
    for (int i = 1; i < e->lane_count; i++) {
        bool more;
        if (!has_views(e, i))
            continue;
        *busy = true;
        if (e->lanes[i].position < home_lane(e)->position)
            TRY(apply_page(e, i, home_lane(e)->position, a, &more));
        if (e->lanes[i].position == home_lane(e)->position) {
            e->loaded = false; /* numbers and members of lanes change */
            return registry_join(e, i);
        }
    }
    return NULL;
}

/* ---- the stream ---- */

/* Goes to the store for what the stream cannot give. An entry that stays unusable, because nothing
 * in the store replaces it yet, is not asked for again at once. */
static void resume_from_store(struct engine *e, const char *why)
{
    metric_add(METRIC_es_projection_catchup_total, NULL, 1);
    if (e->trouble_at == home_lane(e)->position) {
        e->redis_again = time_monotonic() + TROUBLE_AGAIN_US;
        return;
    }
    log_warning("reading on from the event store", KV("reason", why),
                KV("position", home_lane(e)->position));
    e->trouble_at = home_lane(e)->position;
    e->caught_up = false;
}

/* Takes the entries that follow the cursor without a gap. *why: what is wrong with the next one. */
static fallible take_entries(struct engine *e, const struct entry *entries, int found,
                             struct arena *a, struct batch_event *out, int *count, const char **why)
{
    int64_t head, cursor = home_lane(e)->position;
    for (int i = 0; i < found && !*why; i++) {
        const struct entry *x = &entries[i];
        if (x->epoch != e->epoch && !PLANTED(NO_EPOCH_CHECK)) {
            TRY(read_head(e, &head)); /* stops here if it is the store's */
            *why = "an entry of another epoch";
            break;
        }
        if (x->position <= cursor)
            continue;
        if (x->prev > cursor && !PLANTED(NO_GAP_CHECK))
            *why = "gap in the stream";
        else if ((x->position != cursor + 1 && !PLANTED(NO_GAP_CHECK)) ||
                 !batch_from_entry(e->parts.language, x, a, &out[*count]))
            *why = "malformed entry"; /* positions of this stream have no gaps */
        else
            cursor = out[(*count)++].position;
    }
    return NULL;
}

static fallible apply_entries(struct engine *e, const struct batch_event *events, int count)
{
    const struct batch_event *last = &events[count - 1];
    if (last->position > e->newest)
        e->newest = last->position;
    const struct problem *p = lane_apply(e, 0, events, count, last->position, false);
    if (p == UNREADABLE_EVENT) { /* what is parked is decided on the store's copy alone */
        e->loaded = false;
        resume_from_store(e, "an event cannot be applied");
        return NULL;
    }
    return p;
}

/* The stream had nothing new: compares the engine's position with the store's head and with what
 * the views hold. Without the store the stream is followed all the same. */
static fallible after_idle_read(struct engine *e)
{
    int64_t head;
    bool changed;
    const struct problem *p = read_head(e, &head);
    if (e->stopped)
        return p;
    if (p)
        e->health.store = false;
    else if (head > home_lane(e)->position)
        resume_from_store(e, "the stream is idle but the store is ahead");
    TRY(registry_compare(e, &changed));
    e->loaded = !changed;
    return NULL;
}

static fallible follow_stream(struct engine *e, int block_ms, struct arena *a, int *wait_ms)
{
    struct entry *entries;
    int found, count = 0;
    bool malformed;
    const char *why = NULL;
    if (redis_read(e->parts.redis, STREAM, home_lane(e)->position,
                   e->batch_events < READ_ENTRIES ? e->batch_events : READ_ENTRIES, block_ms, a,
                   &entries, &found, &malformed)) {
        e->health.redis = false;
        e->redis_again = time_monotonic() + REDIS_AGAIN_US;
        return follow_store(e, a, wait_ms);
    }
    e->health.redis = true;
    struct batch_event *events = arena_array(a, (size_t)found, sizeof(*events));
    TRY(take_entries(e, entries, found, a, events, &count, &why));
    if (!why && malformed)
        why = "malformed entry";
    if (count)
        TRY(apply_entries(e, events, count));
    if (why)
        resume_from_store(e, why);
    return found || malformed || !block_ms ? NULL : after_idle_read(e);
}

/* ---- one turn ---- */

fallible engine_load(struct engine *e)
{
    int64_t head;
    if (e->loaded)
        return NULL;
    TRY(read_head(e, &head));
    TRY(registry_load(e));
    e->health.views = true;
    return NULL;
}

static fallible turn(struct engine *e, struct arena *a, int *wait_ms)
{
    bool busy = false;
    TRY(engine_load(e));
    if (!e->unread_retried) {
        TRY(retry_unread(e));
        e->unread_retried = true;
        TRY(engine_load(e));
    }
    if (time_monotonic() >= e->lanes_again) {
        const struct problem *p = move_other_lanes(e, a, &busy);
        if (p) /* a new view that fails does not keep the others from going on in the next turn */
            e->lanes_again = time_monotonic() + LANES_AGAIN_US;
        TRY(p);
    }
    TRY(engine_load(e));
    if (e->caught_up && time_monotonic() >= e->redis_again)
        return follow_stream(e, busy ? 0 : e->parts.block_ms, a, wait_ms);
    return follow_store(e, a, wait_ms);
}

/* What a failed turn means for the next one. */
static int recover(struct engine *e, const struct problem *p)
{
    bool store = p == STORE_UNAVAILABLE || p == BATCH_REJECTED || p == LOG_SET_BACK;
    e->loaded = false;
    if (store)
        e->health.store = false;
    else if (p != VERSION_CONFLICT)
        e->health.views = false;
    if (!store && e->batch_events > 1)
        e->batch_events /= 2; /* perhaps it only took too long */
    e->backoff_ms = e->backoff_ms ? e->backoff_ms * 2 : BACKOFF_MIN_MS;
    if (e->backoff_ms > BACKOFF_MAX_MS)
        e->backoff_ms = BACKOFF_MAX_MS;
    return e->backoff_ms;
}

int engine_step(struct engine *e)
{
    scoped_arena a = {0};
    int wait_ms = 0;
    if (e->stopped)
        return ENGINE_STOPPED;
    const struct problem *p = turn(e, &a, &wait_ms);
    if (!e->stopped && read_lags(e))
        e->health.store = false;
    if (e->stopped)
        return ENGINE_STOPPED;
    if (p)
        return recover(e, p);
    e->backoff_ms = 0;
    e->batch_events = e->batch_events * 2 < BATCH_EVENTS ? e->batch_events * 2 : BATCH_EVENTS;
    return wait_ms;
}

/* ---- what it knows ---- */

static double lag_of(const struct engine *e, int lane)
{
    double lag = (double)(time_now() - e->behind_since[lane]) / 1e6;
    return is_behind(e, lane) && e->behind_since[lane] && lag > 0 ? lag : 0;
}

struct engine_health engine_health(const struct engine *e)
{
    struct engine_health h = e->health;
    h.lag_seconds = e->lane_count ? lag_of(e, 0) : 0;
    h.set_back = e->set_back;
    return h;
}

/* Metrics are of serving versions only: each other version would leave a series of its own name. */
static bool is_serving(const struct engine *e, const char *name)
{
    for (int i = 0; i < e->file_count; i++)
        if (text_equal(e->files[i].name, name))
            return true;
    return false;
}

void engine_metrics(const struct engine *e)
{
    double now = (double)time_now();
    metric_set(METRIC_es_head_position, NULL, (double)e->newest);
    for (int i = 0; i < e->view_count; i++) {
        const struct projected *v = &e->views[i];
        const char *name = v->view.name;
        if (v->lane >= e->lane_count || !is_serving(e, name))
            continue;
        metric_set(METRIC_es_projection_position, name, (double)e->lanes[v->lane].position);
        metric_set(METRIC_es_projection_lag_seconds, name, lag_of(e, v->lane));
        metric_set(METRIC_es_projection_parked, name, (double)v->parked.events);
        metric_set(METRIC_es_projection_oldest_parked_seconds, name,
                   v->parked.oldest ? (now - (double)v->parked.oldest) / 1e6 : 0);
    }
}
