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
#include "query-api/cursor.h"
#include "query-api/routes.h"
#include "base/banned.h"

static const int64_t POLL_US = 10000, IDLE_US = 1000000, KNOWN_US = 1000000, BACK_OFF_US = 250000;

struct lanes {
    pthread_t thread;
    struct pg *pg;
    _Atomic int64_t position[VIEW_COUNT];
    _Atomic uint64_t version[VIEW_COUNT];
    _Atomic int64_t asked;   /* monotonic: when somebody last looked */
    _Atomic int64_t checked; /* monotonic: when the last good poll began; 0: nothing is known */
    _Atomic int64_t head;
    atomic_bool stopping;
    /* the poller's own */
    int64_t polled;             /* monotonic: the last try */
    bool failed;                /* it was in vain */
    int64_t goal, behind_since; /* a head that was not reached yet, and since when */
};

static const struct pg_statement PROGRESS = {
    "lanes_progress",
    "SELECT v.name, l.position, concat_ws('/', v.lane, v.digest, v.created, l.epoch) "
    "FROM engine.view v JOIN engine.lane l ON l.name = v.lane"};

/* False for a view that no query names, such as one that is being rebuilt. */
static bool publish(struct lanes *l, const char *view, int64_t position, const char *version)
{
    for (int i = 0; i < VIEW_COUNT; i++)
        if (text_equal(view_names[i], view)) {
            atomic_store(&l->position[i], position);
            atomic_store(&l->version[i], digest_text(DIGEST_START, version));
            return true;
        }
    return false;
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

static fallible poll_once(struct lanes *l, int64_t now)
{
    scoped_rows *rows = NULL;
    int64_t least = INT64_MAX;
    int found = 0;
    TRY(pg_call(l->pg, &PROGRESS, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        int64_t position = rows_int(rows, i, 1);
        if (!publish(l, rows_text(rows, i, 0), position, rows_text(rows, i, 2)))
            continue;
        least = position < least ? position : least;
        found++;
    }
    ready_report("postgres views", found == VIEW_COUNT, lag_seconds(l, found ? least : 0, now));
    return NULL;
}

static void poll_in_turn(struct lanes *l)
{
    int64_t now = time_monotonic();
    bool wanted = now - atomic_load(&l->asked) < IDLE_US;
    if (!wanted)
        atomic_store(&l->checked, 0);
    if (now - l->polled < (l->failed ? BACK_OFF_US : wanted ? 0 : IDLE_US))
        return;
    l->polled = now;
    l->failed = poll_once(l, now) != NULL;
    if (l->failed)
        ready_report("postgres views", false, -1);
    else if (wanted)
        atomic_store(&l->checked, now);
}

static void *lanes_main(void *arg)
{
    struct lanes *l = arg;
    struct timespec turn = {.tv_nsec = POLL_US * 1000};
    pthread_setname_np(pthread_self(), "lanes");
    for (; !atomic_load(&l->stopping); nanosleep(&turn, NULL))
        poll_in_turn(l);
    return NULL;
}

struct lanes *lanes_new(const char *url, int timeout_ms)
{
    struct lanes *l = must_alloc(1, sizeof(*l));
    ready_declare("postgres views");
    l->pg = pg_new(url, "query-api lanes", "SET default_transaction_read_only = on", timeout_ms);
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
    atomic_store(&l->stopping, true);
    pthread_join(l->thread, NULL);
    pg_free(l->pg);
    free(l);
}

struct progress lanes_look(struct lanes *l, unsigned views, int64_t now)
{
    struct progress p = {.position = INT64_MAX, .version = DIGEST_START};
    atomic_store_explicit(&l->asked, now, memory_order_relaxed);
    p.known = now - atomic_load(&l->checked) < KNOWN_US;
    for (int i = 0; i < VIEW_COUNT; i++)
        if (views & 1u << i) {
            int64_t position = atomic_load(&l->position[i]);
            p.position = position < p.position ? position : p.position;
            p.total += position;
            p.version = (p.version ^ atomic_load(&l->version[i])) * 0x100000001b3u;
        }
    return p;
}

void lanes_head(struct lanes *l, int64_t head)
{
    atomic_store(&l->head, head);
}
