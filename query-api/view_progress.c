/* view_progress.c -- one poller, atomics for its readers. The positions of several views are read
 * one by one, so a reader may see some of an older poll: then the total is too low by at most what
 * has just moved, never higher than what the database holds. */
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
#include "base/banned.h"

/* Between two polls: while somebody waits, while requests arrive, while there are none. */
static const int64_t WATCHED_US = 2000, POLL_US = 10000, IDLE_US = 1000000;
static const int64_t KNOWN_US = 1000000, BACK_OFF_US = 250000;

struct view_progress {
    pthread_t thread;
    struct pg *pg;
    _Atomic int64_t position[VIEW_COUNT];
    _Atomic uint64_t version[VIEW_COUNT];
    _Atomic int64_t last_read;   /* monotonic: when a request last read */
    _Atomic int64_t checked;     /* monotonic: when the last good poll began; 0: nothing is known */
    _Atomic int64_t head, epoch; /* of the store; epoch 0: not known yet */
    _Atomic int64_t views_epoch; /* of the views; 0: not known yet */
    atomic_bool unfilled[VIEW_COUNT]; /* it does not show the whole log yet */
    atomic_bool set_back;             /* the store ends before the views, or is of an older life */
    pthread_mutex_t lock;             /* of the next three */
    pthread_cond_t changed;           /* one of the next two, or `last_read` after a pause */
    bool stopping;
    struct watcher *watchers;
    /* the poller's own */
    int64_t polled; /* monotonic: the last try */
    bool failed;    /* it was in vain */
    struct statements statements;
    int64_t goal, behind_since; /* a head that was not reached yet, and since when */
};

static const struct pg_statement PROGRESS = {
    "view_progress",
    "SELECT v.name, l.position, concat_ws('/', v.lane, v.digest, v.created, l.epoch, "
    "l.position >= l.serves_from), l.epoch, l.position >= l.serves_from "
    "FROM engine.view v JOIN engine.lane l ON l.name = v.lane"};

/* False for a view that no query names, such as one that is being rebuilt. */
static bool store_row(struct view_progress *progress, const struct rows *rows, int row, bool *moved)
{
    const char *view = rows_text(rows, row, 0), *version = rows_text(rows, row, 2);
    int64_t position = rows_int(rows, row, 1);
    for (int i = 0; i < VIEW_COUNT; i++)
        if (text_equal(view_names[i], view)) {
            bool unfilled = !text_equal(rows_text(rows, row, 4), "t");
            *moved = atomic_exchange(&progress->unfilled[i], unfilled) != unfilled || *moved;
            atomic_store(&progress->views_epoch, rows_int(rows, row, 3));
            *moved = atomic_exchange(&progress->position[i], position) != position || *moved;
            atomic_store(&progress->version[i], digest_on_text(0, version));
            return true;
        }
    return false;
}

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

static bool is_unfilled(struct view_progress *progress, const struct view_set *views)
{
    for (int i = 0; i < VIEW_COUNT; i++)
        if (views->use[i] && atomic_load(&progress->unfilled[i]))
            return true;
    return false;
}

static fallible why_refused(struct view_progress *progress, const struct view_set *views)
{
    int64_t epoch = atomic_load(&progress->epoch), have = atomic_load(&progress->views_epoch);
    if (!epoch)
        return STORE_UNAVAILABLE; /* these may be views of a life that is over */
    if (atomic_load(&progress->set_back))
        return LOG_SET_BACK;
    return have && (have != epoch || is_unfilled(progress, views)) ? VIEWS_BEGIN_ANEW : NULL;
}

static fallible poll_once(struct view_progress *progress, int64_t now)
{
    scoped_rows *rows = NULL;
    int64_t lowest = INT64_MAX;
    int found = 0;
    bool moved = false;
    TRY(pg_call(progress->pg, &PROGRESS, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        int64_t position = rows_int(rows, i, 1);
        if (!store_row(progress, rows, i, &moved))
            continue;
        lowest = position < lowest ? position : lowest;
        found++;
    }
    if (moved)
        tell_watchers(progress);
    const struct problem *p = why_refused(progress, &all_views);
    ready_reason("postgres views", p ? p->title : NULL);
    ready_report("postgres views", found == VIEW_COUNT && !p,
                 lag_seconds(progress, found ? lowest : 0, now));
    statements_check(&progress->statements, progress->pg, found == VIEW_COUNT, now);
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
        ready_report("postgres views", false, -1);
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
    return progress->polled + (progress->watchers ? WATCHED_US : wanted ? POLL_US : IDLE_US);
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
    ready_declare("postgres views");
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
    struct progress p = {.position = INT64_MAX};
    note_read(progress, now);
    p.refused = why_refused(progress, views);
    p.known = now - atomic_load(&progress->checked) < KNOWN_US;
    for (int i = 0; i < VIEW_COUNT; i++)
        if (views->use[i]) {
            int64_t position = atomic_load(&progress->position[i]);
            p.position = position < p.position ? position : p.position;
            p.total += position;
            uint64_t version = atomic_load(&progress->version[i]);
            p.version = digest_on(p.version, &version, sizeof(version));
        }
    return p;
}

int64_t view_progress_epoch(struct view_progress *progress)
{
    return atomic_load(&progress->epoch);
}

int64_t view_progress_furthest(struct view_progress *progress)
{
    int64_t furthest = 0;
    for (int i = 0; i < VIEW_COUNT; i++) {
        int64_t position = atomic_load(&progress->position[i]);
        furthest = position > furthest ? position : furthest;
    }
    return furthest;
}

void view_progress_set_head(struct view_progress *progress, int64_t head, int64_t epoch,
                            bool set_back)
{
    atomic_store(&progress->head, head);
    atomic_store(&progress->set_back, set_back || atomic_load(&progress->views_epoch) > epoch);
    atomic_store(&progress->epoch, epoch);
}
