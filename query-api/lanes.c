/* lanes.c -- one poller, atomics for its readers. The positions of several views are read one by
 * one, so a reader may see some of an older poll: then the total is too low by at most what has
 * just moved, never higher than what the database holds. */
#include "query-api/lanes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/postgres.h"
#include "platform/service.h"
#include "platform/sessions.h"
#include "query-api/cursor.h"
#include "query-api/routes.h"
#include "query-api/statements.h"
#include "base/banned.h"

/* Between two polls: while somebody waits, while requests arrive, while there are none. */
static const int64_t WATCHED_US = 2000, POLL_US = 10000, IDLE_US = 1000000;
static const int64_t KNOWN_US = 1000000, BACK_OFF_US = 250000;

struct lanes {
    pthread_t thread;
    struct pg *pg;
    _Atomic int64_t position[VIEW_COUNT];
    _Atomic uint64_t version[VIEW_COUNT];
    _Atomic int64_t asked;       /* monotonic: when somebody last looked */
    _Atomic int64_t checked;     /* monotonic: when the last good poll began; 0: nothing is known */
    _Atomic int64_t head, epoch; /* of the store; epoch 0: not known yet */
    _Atomic int64_t views_epoch; /* of the lanes; 0: not known yet */
    atomic_bool unfilled[VIEW_COUNT]; /* it does not show the whole log yet */
    atomic_bool set_back;             /* the store ends before the views, or is of an older life */
    pthread_mutex_t lock; /* of what follows; `changed` is one of it, or `asked` after a pause */
    pthread_cond_t changed;
    bool stopping;
    struct watcher *watchers;
    /* the poller's own */
    int64_t polled; /* monotonic: the last try */
    bool failed;    /* it was in vain */
    struct statements statements;
    int64_t goal, behind_since; /* a head that was not reached yet, and since when */
};

static const struct pg_statement PROGRESS = {
    "lanes_progress",
    "SELECT v.name, l.position, concat_ws('/', v.lane, v.digest, v.created, l.epoch, "
    "l.position >= l.serves_from), l.epoch, l.position >= l.serves_from "
    "FROM engine.view v JOIN engine.lane l ON l.name = v.lane"};

/* False for a view that no query names, such as one that is being rebuilt. */
static bool publish(struct lanes *l, const struct rows *rows, int row, bool *moved)
{
    const char *view = rows_text(rows, row, 0), *version = rows_text(rows, row, 2);
    int64_t position = rows_int(rows, row, 1);
    for (int i = 0; i < VIEW_COUNT; i++)
        if (text_equal(view_names[i], view)) {
            bool unfilled = !text_equal(rows_text(rows, row, 4), "t");
            *moved = atomic_exchange(&l->unfilled[i], unfilled) != unfilled || *moved;
            atomic_store(&l->views_epoch, rows_int(rows, row, 3));
            *moved = atomic_exchange(&l->position[i], position) != position || *moved;
            atomic_store(&l->version[i], digest_text(DIGEST_START, version));
            return true;
        }
    return false;
}

static void tell_watchers(struct lanes *l)
{
    pthread_mutex_lock(&l->lock);
    for (struct watcher *w = l->watchers; w; w = w->next)
        if (!w->told) {
            w->told = true;
            http_post(w->loop, &w->job);
        }
    pthread_mutex_unlock(&l->lock);
}

/* Age of the oldest head that the views have not reached; 0 if they are at the end of the log. */
static double lag_seconds(struct lanes *l, int64_t position, int64_t now)
{
    int64_t head = atomic_load(&l->head);
    if (position >= l->goal) {
        l->goal = head;
        l->behind_since = now;
    }
    return position >= head ? 0 : (double)(now - l->behind_since) / 1e6;
}

static bool is_unfilled(struct lanes *l, const struct view_set *views)
{
    for (int i = 0; i < VIEW_COUNT; i++)
        if (views->has[i] && atomic_load(&l->unfilled[i]))
            return true;
    return false;
}

static fallible why_refused(struct lanes *l, const struct view_set *views)
{
    int64_t epoch = atomic_load(&l->epoch), have = atomic_load(&l->views_epoch);
    if (!epoch)
        return STORE_UNAVAILABLE; /* these may be views of a life that is over */
    if (atomic_load(&l->set_back))
        return LOG_SET_BACK;
    return have && (have != epoch || is_unfilled(l, views)) ? VIEWS_BEGIN_ANEW : NULL;
}

static fallible poll_once(struct lanes *l, int64_t now)
{
    scoped_rows *rows = NULL;
    int64_t least = INT64_MAX;
    int found = 0;
    bool moved = false;
    TRY(pg_call(l->pg, &PROGRESS, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        int64_t position = rows_int(rows, i, 1);
        if (!publish(l, rows, i, &moved))
            continue;
        least = position < least ? position : least;
        found++;
    }
    if (moved)
        tell_watchers(l);
    const struct problem *p = why_refused(l, &all_views);
    ready_reason("postgres views", p ? p->title : NULL);
    ready_report("postgres views", found == VIEW_COUNT && !p,
                 lag_seconds(l, found ? least : 0, now));
    statements_check(&l->statements, l->pg, found == VIEW_COUNT, now);
    return NULL;
}

static bool is_wanted(struct lanes *l, int64_t now)
{
    return now - atomic_load(&l->asked) < IDLE_US;
}

static void poll(struct lanes *l)
{
    l->polled = time_monotonic();
    l->failed = poll_once(l, l->polled) != NULL;
    if (l->failed)
        ready_report("postgres views", false, -1);
    else if (is_wanted(l, l->polled))
        atomic_store(&l->checked, l->polled);
}

/* When to poll again, as things are now. Locked. */
static int64_t due(struct lanes *l)
{
    bool wanted = is_wanted(l, time_monotonic());
    if (!wanted)
        atomic_store(&l->checked, 0);
    if (l->failed)
        return l->polled + BACK_OFF_US;
    return l->polled + (l->watchers ? WATCHED_US : wanted ? POLL_US : IDLE_US);
}

static bool await_turn(struct lanes *l)
{
    pthread_mutex_lock(&l->lock);
    for (int64_t at; !l->stopping && (at = due(l)) > time_monotonic();) {
        struct timespec until = {at / 1000000, at % 1000000 * 1000};
        pthread_cond_timedwait(&l->changed, &l->lock, &until);
    }
    bool go_on = !l->stopping;
    pthread_mutex_unlock(&l->lock);
    return go_on;
}

static void *lanes_main(void *arg)
{
    struct lanes *l = arg;
    pthread_setname_np(pthread_self(), "lanes");
    while (await_turn(l))
        poll(l);
    return NULL;
}

static void make_lock(struct lanes *l)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct lanes *lanes_new(const char *url, int timeout_ms, const struct query *queries, int count)
{
    struct lanes *l = must_alloc(1, sizeof(*l));
    ready_declare("postgres views");
    statements_declare();
    l->statements = (struct statements){.queries = queries, .count = count};
    l->pg = pg_new(url, "query-api lanes", read_only_session, timeout_ms);
    make_lock(l);
    atomic_init(&l->asked, -IDLE_US);
    l->polled = -IDLE_US;
    if (pthread_create(&l->thread, NULL, lanes_main, l)) {
        log_error("a thread could not be started", KV("thread", "lanes"));
        abort();
    }
    return l;
}

void lanes_free(struct lanes *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    pg_free(l->pg);
    free(l);
}

/* ---- who waits ---- */

void lanes_watch(struct lanes *l, struct watcher *w)
{
    pthread_mutex_lock(&l->lock);
    w->next = l->watchers;
    l->watchers = w;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

void lanes_unwatch(struct lanes *l, struct watcher *w)
{
    pthread_mutex_lock(&l->lock);
    struct watcher **at = &l->watchers;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    pthread_mutex_unlock(&l->lock);
}

void lanes_told(struct lanes *l, struct watcher *w)
{
    pthread_mutex_lock(&l->lock);
    w->told = false;
    pthread_mutex_unlock(&l->lock);
}

/* ---- who looks ---- */

/* Wakes the poller if it may be in its long sleep; half of that, since its clock was read a moment
 * before or after. */
static void ask(struct lanes *l, int64_t now)
{
    int64_t before = atomic_load_explicit(&l->asked, memory_order_relaxed);
    if (now - before < POLL_US / 2)
        return; /* all loops write here: seldom is enough */
    atomic_store(&l->asked, now);
    if (now - before < IDLE_US / 2)
        return;
    pthread_mutex_lock(&l->lock);
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

struct progress lanes_look(struct lanes *l, const struct view_set *views, int64_t now)
{
    struct progress p = {.position = INT64_MAX, .version = DIGEST_START};
    ask(l, now);
    p.refused = why_refused(l, views);
    p.known = now - atomic_load(&l->checked) < KNOWN_US;
    for (int i = 0; i < VIEW_COUNT; i++)
        if (views->has[i]) {
            int64_t position = atomic_load(&l->position[i]);
            p.position = position < p.position ? position : p.position;
            p.total += position;
            p.version = (p.version ^ atomic_load(&l->version[i])) * 0x100000001b3u;
        }
    return p;
}

int64_t lanes_epoch(struct lanes *l)
{
    return atomic_load(&l->epoch);
}

int64_t lanes_furthest(struct lanes *l)
{
    int64_t furthest = 0;
    for (int i = 0; i < VIEW_COUNT; i++) {
        int64_t position = atomic_load(&l->position[i]);
        furthest = position > furthest ? position : furthest;
    }
    return furthest;
}

void lanes_head(struct lanes *l, int64_t head, int64_t epoch, bool set_back)
{
    atomic_store(&l->head, head);
    atomic_store(&l->set_back, set_back || atomic_load(&l->views_epoch) > epoch);
    atomic_store(&l->epoch, epoch);
}
