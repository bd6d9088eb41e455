/* writer.c -- the one thread that decides and appends. Straight-line; it may block.
 * No outcome, not even a refusal, counts before the append has confirmed the versions of all
 * streams read; commands on a stream that another process has moved go round again. There is
 * no timer: while one batch commits, the next one queues. */
#include "writer/writer.h"

#include <pthread.h>
#include <sodium.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/planted.h"
#include "writer/batch_commit.h"
#include "writer/precondition.h"
#include "writer/waiting.h"
#include "platform/metrics.h"
#include "platform/service.h"
#include "platform/sessions.h"
#include "base/banned.h"

enum { TRIES_MAX = 5, IDLE_MS = 1000 };

struct writer {
    const struct settings *settings;
    void (*committed)(void *arg);
    void *committed_arg;
    struct queue *queue;
    struct waiting *waiting;
    unsigned char hash_key[SHORT_KEY]; /* of pending.stream_hash, drawn at start */
    uint64_t arrivals;                 /* commands met so far */
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

/* ---- putting a batch together ---- */

/* Does the row of `p` say that it reads the stream `q` is decided on? */
static bool reads_stream_of(const struct pending *p, const struct pending *q)
{
    for (int i = 0; i < p->declared_count; i++)
        if (p->declared_hashes[i] == q->stream_hash &&
            text_equal(p->declared_reads[i], q->stream) && !(PLANTED(SECOND_READ_IGNORED) && i))
            return true;
    return false;
}

/* Does `p` share a stream, or the key, with a command of the batch, as far as its row tells? Of two
 * with one key the whole call would fail. Every command is compared with all of its batch, and the
 * names of streams begin alike: the hashes come first. */
static bool conflicts(const struct batch *b, const struct pending *p)
{
    for (int i = 0; i < b->count; i++) {
        const struct pending *q = b->at[i];
        if ((q->stream_hash == p->stream_hash && text_equal(q->stream, p->stream)) ||
            reads_stream_of(p, q) || reads_stream_of(q, p) || text_equal(q->key, p->key))
            return true;
    }
    return false;
}

/* Its client has given up, or soon will: it is not begun any more. */
static bool is_too_late(const struct pending *p, int64_t now)
{
    return now > p->deadline;
}

/* `deferred_on`: see waiting_put. */
static void make_wait(struct writer *w, struct pending *p, const char *deferred_on)
{
    struct pending *late = waiting_put(w->waiting, p, deferred_on);
    while (late) {
        struct pending *next = late->next_waiting;
        pending_refuse_busy(late);
        late = next;
    }
}

static void take_from_waiting(struct writer *w, struct batch *b)
{
    int64_t now = time_monotonic();
    struct pending *p;
    waiting_begin(w->waiting);
    while ((p = waiting_next(w->waiting, now, b->count < BATCH_MAX)))
        if (is_too_late(p, now))
            pending_refuse_busy(p);
        else
            b->at[b->count++] = p;
}

static void take_new(struct writer *w, struct batch *b, struct pending *p)
{
    p->arrival = ++w->arrivals;
    if (is_too_late(p, time_monotonic()))
        pending_refuse_busy(p);
    else if (waiting_blocks(w->waiting, p) || conflicts(b, p))
        make_wait(w, p, NULL);
    else
        b->at[b->count++] = p;
}

/* As many as the batch has room for: how many were taken, -1 once the queue is closed and empty. */
static int take_from_queue(struct writer *w, struct batch *b, int wait_ms)
{
    struct job *jobs = NULL;
    int room = waiting_count(w->waiting) < w->settings->queue_max ? BATCH_MAX - b->count : 0;
    int taken = room ? queue_take(w->queue, &jobs, room, wait_ms) : 0;
    while (jobs) {
        struct pending *p = (struct pending *)(void *)jobs;
        jobs = jobs->next;
        take_new(w, b, p);
    }
    return taken;
}

/* False once the queue is closed and nothing is left. Sleeps while there is nothing to do; *idle:
 * there was nothing. Everybody who is too late is told now: the batch may take as long as one call
 * to the store, and nobody waits longer than that beyond their time. */
static bool gather(struct writer *w, struct batch *b, bool *idle)
{
    b->count = 0;
    take_from_waiting(w, b);
    *idle = !b->count && !waiting_count(w->waiting);
    int taken = take_from_queue(w, b, *idle ? IDLE_MS : 0);
    *idle = *idle && taken <= 0;
    while (taken > 0)
        taken = take_from_queue(w, b, 0);
    return taken >= 0 || b->count || waiting_count(w->waiting);
}

/* ---- one batch ---- */

static void defer(void *arg, const char *stream, struct pending *p)
{
    make_wait(arg, p, stream);
}

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
    const struct problem *p = batch_commit(w->store, w->cache, b, defer, w);
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
    while (gather(w, &b, &idle)) {
        if (b.count)
            run(w, &b);
        else if (idle)
            check_store(w);
        state_cache_trim(w->cache);
        metric_set(METRIC_queue_length, "commands",
                   queue_length(w->queue) + waiting_count(w->waiting));
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
    w->queue = queue_new((int)settings->queue_max);
    w->waiting = waiting_new();
    randombytes_buf(w->hash_key, sizeof(w->hash_key));
    w->cache = state_cache_new((int)settings->state_cache_max, (size_t)settings->state_cache_bytes);
    w->connection = pg_new(settings->database_url, "writer", writer_session,
                           (int)settings->database_timeout_ms);
    w->store = store_new(w->connection);
    ready_declare("postgres store");
    if (pthread_create(&w->thread, NULL, writer_main, w))
        abort();
    return w;
}

static uint64_t hash_of(const struct writer *w, const char *stream)
{
    return digest_short(w->hash_key, stream, strlen(stream));
}

fallible writer_put(struct writer *w, struct pending *p)
{
    command_stream(&p->command, p->stream);
    p->declared_count = command_declared_reads(&p->command, p->declared_reads);
    p->stream_hash = hash_of(w, p->stream);
    for (int i = 0; i < p->declared_count; i++)
        p->declared_hashes[i] = hash_of(w, p->declared_reads[i]);
    p->outcome = OPEN;
    p->deadline = time_monotonic() + w->settings->command_wait_ms * 1000;
    return queue_put(w->queue, &p->job);
}

void writer_stop(struct writer *w)
{
    if (!w || w->stopped)
        return;
    w->stopped = true;
    queue_close(w->queue);
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
    waiting_free(w->waiting);
    queue_free(w->queue);
    free(w);
}
