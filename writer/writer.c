/* writer.c -- the one thread that decides and appends. Straight-line; it may block.
 * No outcome, not even a refusal, counts before the append has confirmed the versions of all
 * streams read; commands on a stream that another process has moved go round again. There is
 * no timer: while one batch commits, the next one queues. */
#include "writer/writer.h"

#include <pthread.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "writer/batch_commit.h"
#include "writer/intake.h"
#include "writer/precondition.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "platform/postgres/sessions.h"
#include "base/banned.h"

enum { TRIES_MAX = 5 };

struct writer {
    const struct settings *settings;
    void (*committed)(void *arg);
    void *committed_arg;
    struct intake *intake;
    struct state_cache *cache;
    struct pg *connection;
    struct store *store;
    bool store_away;  /* the last batch could not reach it: the next one tries once only */
    int64_t deadline; /* monotonic us, of the batch under way: all its calls to the store */
    int64_t epoch;    /* life of the log that the cached states are of; 0: not known yet */
    bool over;        /* another one has begun: nothing is decided any more */
    bool stopped;
    pthread_t thread;
};

/* ---- one batch ---- */

static bool is_settled(const struct batch *b)
{
    for (int i = 0; i < b->count; i++)
        if (b->at[i]->outcome == OPEN)
            return false;
    return true;
}

/* States overtaken by another process, or of commands whose outcome is not known. */
static void forget_open(struct writer *w, const struct batch *b)
{
    for (int i = 0; i < b->count; i++)
        if (b->at[i]->outcome == OPEN) {
            state_cache_drop(w->cache, b->at[i]->stream);
            for (int k = 0; k < b->at[i]->declared_count; k++)
                state_cache_drop(w->cache, b->at[i]->declared_reads[k]);
        }
}

static void pause_before(int n)
{
    struct timespec t = {.tv_nsec = n * 40000000L};
    nanosleep(&t, NULL);
}

/* Whether another try may end otherwise: the store was away for a moment, but not for as long as a
 * call may take. */
static bool is_worth_another_try(const struct writer *w, const struct problem *p)
{
    return p != BATCH_REJECTED && p != EPOCH_RAISED && time_monotonic() < w->deadline;
}

/* In another epoch than the first one met, folded states mean other events: the process ends. */
static fallible meet_epoch(struct writer *w, int64_t epoch)
{
    if (w->epoch && epoch != w->epoch) {
        if (!w->over)
            service_fail("the event log has begun another epoch: it was restored");
        w->over = true;
        return EPOCH_RAISED;
    }
    w->epoch = epoch;
    store_belongs(w->store, epoch);
    return NULL;
}

static void compare_tags(const struct writer *w, struct batch *b)
{
    for (int i = 0; i < b->count; i++) {
        precondition_in(&b->at[i]->command.if_match, w->epoch);
        precondition_in(&b->at[i]->command.if_none_match, w->epoch);
    }
}

static fallible try_once(struct writer *w, struct batch *b)
{
    int64_t position, epoch = w->epoch;
    if (!epoch)
        TRY(store_head(w->store, &position, &epoch));
    TRY(w->over ? EPOCH_RAISED : meet_epoch(w, epoch));
    compare_tags(w, b);
    const struct problem *p = batch_commit(w->store, w->cache, b, intake_defer, w->intake);
    return p == EPOCH_RAISED ? meet_epoch(w, 0) : p; /* 0: another, whichever it is */
}

/* NULL, or why commands of the batch are still OPEN. */
static fallible try_batch(struct writer *w, struct batch *b)
{
    const struct problem *p = NULL;
    int attempts = w->store_away ? 1 : TRIES_MAX;
    for (int n = 0; n < attempts; n++) {
        if (p == STORE_UNAVAILABLE)
            pause_before(n);
        int64_t start = time_monotonic();
        metric_observe(METRIC_es_append_batch_size, b->count);
        p = try_once(w, b);
        metric_observe(METRIC_es_commit_seconds, (double)(time_monotonic() - start) / 1e6);
        if (is_settled(b))
            return NULL;
        forget_open(w, b);
        if (p && !is_worth_another_try(w, p))
            return p;
    }
    return p ? p : VERSION_CONFLICT;
}

/* The store refuses one of them and will not say which: alone, each shows itself. */
static void run_one_by_one(struct writer *w, struct batch *b)
{
    for (int i = 0; i < b->count; i++) {
        struct batch one = {.at = {b->at[i]}, .count = 1};
        if (b->at[i]->outcome != OPEN)
            continue;
        const struct problem *p = try_batch(w, &one);
        if (p)
            b->at[i]->problem = p;
    }
}

static void wake_relay(struct writer *w, const struct batch *b)
{
    int64_t last = 0;
    for (int i = 0; i < b->count; i++)
        if (b->at[i]->outcome == COMMITTED && b->at[i]->position > last)
            last = b->at[i]->position;
    if (!last)
        return;
    metric_set(METRIC_es_head_position, NULL, (double)last);
    if (w->committed)
        w->committed(w->committed_arg);
}

/* All calls to the store, of all tries, share one deadline: a batch holds up who waits behind it no
 * longer than one call may. */
static void commit_or_refuse(struct writer *w, struct batch *b)
{
    w->deadline = time_monotonic() + w->settings->database_timeout_ms * 1000;
    pg_share_deadline(w->connection, w->deadline);
    const struct problem *p = try_batch(w, b);
    w->store_away = p == STORE_UNAVAILABLE;
    ready_report("postgres store", !w->store_away, -1);
    if (p == BATCH_REJECTED && b->count > 1)
        run_one_by_one(w, b);
    else if (p)
        for (int i = 0; i < b->count; i++)
            if (b->at[i]->outcome == OPEN)
                b->at[i]->problem = p;
    pg_share_deadline(w->connection, 0);
}

static void run(struct writer *w, struct batch *b)
{
    commit_or_refuse(w, b);
    FAILPOINT(WRITER_BEFORE_ANSWER);
    wake_relay(w, b);
    for (int i = 0; i < b->count; i++)
        pending_hand_back(b->at[i]);
}

/* With nothing to do: is the store there? */
static void check_store(struct writer *w)
{
    int64_t position, epoch;
    const struct problem *p = store_head(w->store, &position, &epoch);
    w->store_away = p != NULL;
    ready_report("postgres store", !p, -1);
    if (!p && !meet_epoch(w, epoch))
        metric_set(METRIC_es_head_position, NULL, (double)position);
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct batch b;
    bool idle;
    check_store(w);
    while (intake_gather(w->intake, &b, &idle)) {
        if (b.count)
            run(w, &b);
        else if (idle)
            check_store(w);
        state_cache_trim(w->cache);
        metric_set(METRIC_queue_length, "commands", intake_count(w->intake));
    }
    return NULL;
}

/* ---- outside ---- */

struct writer *writer_new(const struct settings *settings, void (*committed)(void *arg), void *arg)
{
    struct writer *w = must_alloc(1, sizeof(*w));
    w->settings = settings;
    w->committed = committed;
    w->committed_arg = arg;
    w->intake = intake_new((int)settings->queue_max);
    w->cache = state_cache_new((int)settings->state_cache_max, (size_t)settings->state_cache_bytes);
    w->connection = pg_new(settings->database_url, "writer", writer_session,
                           (int)settings->database_timeout_ms);
    w->store = store_new(w->connection);
    ready_declare("postgres store");
    if (pthread_create(&w->thread, NULL, writer_main, w))
        abort();
    return w;
}

fallible writer_put(struct writer *w, struct pending *p)
{
    p->deadline = time_monotonic() + w->settings->command_wait_ms * 1000;
    return intake_put(w->intake, p);
}

void writer_stop(struct writer *w)
{
    if (!w || w->stopped)
        return;
    w->stopped = true;
    intake_close(w->intake);
    pthread_join(w->thread, NULL);
}

void writer_free(struct writer *w)
{
    if (!w)
        return;
    writer_stop(w);
    store_free(w->store);
    pg_free(w->connection);
    state_cache_free(w->cache);
    intake_free(w->intake);
    free(w);
}
