/* view_progress.c -- one poller, atomics for its readers. */
#include "query-api/view_progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/identity/digest.h"
#include "platform/postgres/postgres.h"
#include "platform/process/service.h"
#include "platform/postgres/sessions.h"
#include "query-api/routes.h"
#include "query-api/statements.h"
#include "query-api/view_states.h"
#include "base/banned.h"

/* Between two polls: while somebody waits, while requests arrive, while they would be refused,
 * else. */
static const int64_t WATCHED_US = 2000, POLL_US = 10000, REFUSED_US = 100000, IDLE_US = 1000000;
static const int64_t KNOWN_US = 1000000, BACK_OFF_US = 250000;

struct view_progress {
    pthread_t thread;
    struct pg *pg;
    struct view_states states;
    _Atomic int64_t last_read;   /* monotonic: when a request last read */
    _Atomic int64_t checked;     /* monotonic: when the last good poll began; 0: nothing is known */
    _Atomic int64_t head, epoch; /* of the store; epoch 0: not known yet */
    _Atomic int64_t views_epoch; /* of the views; 0: not known yet */
    atomic_bool set_back;        /* the store ends before the views, or is of an older life */
    pthread_mutex_t lock;        /* of the next three */
    pthread_cond_t changed;      /* one of the next two, or `last_read` after a pause */
    bool stopping;
    struct watcher *watchers;
    /* the poller's own */
    int64_t polled; /* monotonic: the last try */
    bool failed;    /* it was in vain */
    bool refuses;   /* something is not shown yet: the first request after it is shall have it */
    struct statements statements;
    int64_t goal, behind_since; /* a head that was not reached yet, and since when */
};

static const char VIEWS[] = "postgres views", ALL_VIEWS[] = "all views";

static void tell_watchers(struct view_progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    for (struct watcher *w = progress->watchers; w; w = w->next)
        if (!w->told) {
            w->told = true;
            http_post(w->loop, &w->job);
        }
    pthread_mutex_unlock(&progress->lock);
}

/* Age of the oldest head that the views have not reached; 0 if they are at the end of the log. */
static double lag_seconds(struct view_progress *progress, int64_t position, int64_t now)
{
    int64_t head = atomic_load(&progress->head);
    if (position >= progress->goal) {
        progress->goal = head;
        progress->behind_since = now;
    }
    return position >= head ? 0 : (double)(now - progress->behind_since) / 1e6;
}

/* Why nothing at all is shown. */
static fallible life_refused(struct view_progress *progress)
{
    int64_t epoch = atomic_load(&progress->epoch), have = atomic_load(&progress->views_epoch);
    if (!epoch)
        return STORE_UNAVAILABLE; /* these may be views of a life that is over */
    if (atomic_load(&progress->set_back))
        return LOG_SET_BACK;
    return have && have != epoch ? VIEWS_BEGIN_ANEW : NULL;
}

/* While one view is missing only what is read from it is refused: the service is degraded. It is
 * not ready while it can show none. */
static void report_views(struct view_progress *progress, int64_t now)
{
    scoped_text others = {0}, reason = {0};
    int64_t lowest;
    int shown = view_states_shown(&progress->states, &lowest, &others);
    const struct problem *p = life_refused(progress);
    bool missing = others.length > 0;
    progress->refuses = p || missing;
    if (!p && !shown && lowest != INT64_MAX)
        p = VIEWS_BEGIN_ANEW;
    ready_reason(VIEWS, p ? p->title : NULL);
    ready_report(VIEWS, shown > 0 && !p,
                 lag_seconds(progress, lowest == INT64_MAX ? 0 : lowest, now));
    text_printf(&reason, "Not there yet, nor what is read from it: %s.", text_value(&others));
    ready_reason(ALL_VIEWS, missing ? text_value(&reason) : NULL);
    ready_report(ALL_VIEWS, !missing, -1);
}

static fallible poll_once(struct view_progress *progress, int64_t now)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(progress->pg, &view_states_query, 0, NULL, &rows));
    if (view_states_write(&progress->states, rows, &progress->views_epoch))
        tell_watchers(progress);
    report_views(progress, now);
    struct view_set there = view_states_there(&progress->states);
    statements_check(&progress->statements, progress->pg, &there, now);
    return NULL;
}

static bool is_wanted(struct view_progress *progress, int64_t now)
{
    return now - atomic_load(&progress->last_read) < IDLE_US;
}

static void poll(struct view_progress *progress)
{
    progress->polled = time_monotonic();
    progress->failed = poll_once(progress, progress->polled) != NULL;
    if (progress->failed)
        ready_report(VIEWS, false, -1);
    else if (is_wanted(progress, progress->polled))
        atomic_store(&progress->checked, progress->polled);
}

/* When to poll again, as things are now. Locked. */
static int64_t due(struct view_progress *progress)
{
    bool wanted = is_wanted(progress, time_monotonic());
    if (!wanted)
        atomic_store(&progress->checked, 0);
    if (progress->failed)
        return progress->polled + BACK_OFF_US;
    int64_t pace = wanted ? POLL_US : progress->refuses ? REFUSED_US : IDLE_US;
    return progress->polled + (progress->watchers ? WATCHED_US : pace);
}

static bool await_turn(struct view_progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    for (int64_t at; !progress->stopping && (at = due(progress)) > time_monotonic();) {
        struct timespec until = {at / 1000000, at % 1000000 * 1000};
        pthread_cond_timedwait(&progress->changed, &progress->lock, &until);
    }
    bool go_on = !progress->stopping;
    pthread_mutex_unlock(&progress->lock);
    return go_on;
}

static void *view_progress_main(void *arg)
{
    struct view_progress *progress = arg;
    pthread_setname_np(pthread_self(), "view_progress");
    while (await_turn(progress))
        poll(progress);
    return NULL;
}

static void make_lock(struct view_progress *progress)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&progress->lock, NULL);
    pthread_cond_init(&progress->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct view_progress *view_progress_new(const char *url, int timeout_ms,
                                        const struct query *queries, int count)
{
    struct view_progress *progress = must_alloc(1, sizeof(*progress));
    ready_declare(VIEWS);
    ready_declare_optional(ALL_VIEWS);
    statements_declare();
    progress->statements = (struct statements){.queries = queries, .count = count};
    progress->pg = pg_new(url, "query-api view progress", progress_session, timeout_ms);
    make_lock(progress);
    atomic_init(&progress->last_read, -IDLE_US);
    progress->polled = -IDLE_US;
    if (pthread_create(&progress->thread, NULL, view_progress_main, progress)) {
        log_error("a thread could not be started", KV("thread", "view_progress"));
        abort();
    }
    return progress;
}

void view_progress_free(struct view_progress *progress)
{
    if (!progress)
        return;
    pthread_mutex_lock(&progress->lock);
    progress->stopping = true;
    pthread_cond_signal(&progress->changed);
    pthread_mutex_unlock(&progress->lock);
    pthread_join(progress->thread, NULL);
    pthread_cond_destroy(&progress->changed);
    pthread_mutex_destroy(&progress->lock);
    pg_free(progress->pg);
    free(progress);
}

/* ---- who waits ---- */

void view_progress_watch(struct view_progress *progress, struct watcher *w)
{
    pthread_mutex_lock(&progress->lock);
    w->next = progress->watchers;
    progress->watchers = w;
    pthread_cond_signal(&progress->changed);
    pthread_mutex_unlock(&progress->lock);
}

void view_progress_unwatch(struct view_progress *progress, struct watcher *w)
{
    pthread_mutex_lock(&progress->lock);
    struct watcher **at = &progress->watchers;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    pthread_mutex_unlock(&progress->lock);
}

void view_progress_told(struct view_progress *progress, struct watcher *w)
{
    pthread_mutex_lock(&progress->lock);
    w->told = false;
    pthread_mutex_unlock(&progress->lock);
}

/* ---- requests ---- */

/* Notes that a request reads, and wakes the poller if it may be in its long sleep; half of that,
 * since its clock was read a moment before or after. */
static void note_read(struct view_progress *progress, int64_t now)
{
    int64_t before = atomic_load_explicit(&progress->last_read, memory_order_relaxed);
    if (now - before < POLL_US / 2)
        return; /* all loops write here: seldom is enough */
    atomic_store(&progress->last_read, now);
    if (now - before < IDLE_US / 2)
        return;
    pthread_mutex_lock(&progress->lock);
    pthread_cond_signal(&progress->changed);
    pthread_mutex_unlock(&progress->lock);
}

struct progress view_progress_read(struct view_progress *progress, const struct view_set *views,
                                   int64_t now)
{
    note_read(progress, now);
    struct progress p = view_states_read(&progress->states, views);
    p.refused = life_refused(progress);
    if (!p.refused && p.missing)
        p.refused = NO_VIEW_YET;
    else if (!p.refused && p.unfilled)
        p.refused = VIEWS_BEGIN_ANEW;
    p.known = now - atomic_load(&progress->checked) < KNOWN_US;
    return p;
}

int64_t view_progress_epoch(struct view_progress *progress)
{
    return atomic_load(&progress->epoch);
}

int64_t view_progress_furthest(struct view_progress *progress)
{
    return view_states_furthest(&progress->states);
}

void view_progress_set_head(struct view_progress *progress, int64_t head, int64_t epoch,
                            bool set_back)
{
    atomic_store(&progress->head, head);
    atomic_store(&progress->set_back, set_back || atomic_load(&progress->views_epoch) > epoch);
    atomic_store(&progress->epoch, epoch);
}
