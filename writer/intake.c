/* intake.c -- a batch is taken from the waiting line first, in order of arrival, then from the
 * queue: who comes and shares a name with somebody who waits, or with the batch, waits too. */
#include "writer/intake.h"

#include <sodium.h>

#include "base/planted.h"
#include "writer/waiting.h"
#include "base/banned.h"

enum { IDLE_MS = 1000 };

struct intake {
    int queue_max; /* of those that wait in the queue, and of those that wait in line */
    struct queue *queue;
    struct waiting *waiting;
    unsigned char hash_key[SHORT_KEY]; /* of pending.stream_hash, drawn at start */
    uint64_t arrivals;                 /* commands met so far */
};

struct intake *intake_new(int queue_max)
{
    struct intake *in = must_alloc(1, sizeof(*in));
    in->queue_max = queue_max;
    in->queue = queue_new(queue_max);
    in->waiting = waiting_new();
    randombytes_buf(in->hash_key, sizeof(in->hash_key));
    return in;
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    waiting_free(in->waiting);
    queue_free(in->queue);
    free(in);
}

/* ---- any thread ---- */

static uint64_t hash_of(const struct intake *in, const char *stream)
{
    return digest_short(in->hash_key, stream, strlen(stream));
}

fallible intake_put(struct intake *in, struct pending *p)
{
    command_stream(&p->command, p->stream);
    p->declared_count = command_declared_reads(&p->command, p->declared_reads);
    p->stream_hash = hash_of(in, p->stream);
    for (int i = 0; i < p->declared_count; i++)
        p->declared_hashes[i] = hash_of(in, p->declared_reads[i]);
    p->outcome = OPEN;
    return queue_put(in->queue, &p->job);
}

void intake_close(struct intake *in)
{
    queue_close(in->queue);
}

/* ---- the writer's thread ---- */

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
static void make_wait(struct intake *in, struct pending *p, const char *deferred_on)
{
    struct pending *late = waiting_put(in->waiting, p, deferred_on);
    while (late) {
        struct pending *next = late->next_waiting;
        pending_refuse_busy(late);
        late = next;
    }
}

void intake_defer(void *intake, const char *stream, struct pending *p)
{
    make_wait(intake, p, stream);
}

static void take_from_waiting(struct intake *in, struct batch *b)
{
    int64_t now = time_monotonic();
    struct pending *p;
    waiting_begin(in->waiting);
    while ((p = waiting_next(in->waiting, now, b->count < BATCH_MAX)))
        if (is_too_late(p, now))
            pending_refuse_busy(p);
        else
            b->at[b->count++] = p;
}

static void take_new(struct intake *in, struct batch *b, struct pending *p)
{
    p->arrival = ++in->arrivals;
    if (is_too_late(p, time_monotonic()))
        pending_refuse_busy(p);
    else if (waiting_blocks(in->waiting, p) || conflicts(b, p))
        make_wait(in, p, NULL);
    else
        b->at[b->count++] = p;
}

/* As many as the batch has room for: how many were taken, -1 once the queue is closed and empty. */
static int take_from_queue(struct intake *in, struct batch *b, int wait_ms)
{
    struct job *jobs = NULL;
    int room = waiting_count(in->waiting) < in->queue_max ? BATCH_MAX - b->count : 0;
    int taken = room ? queue_take(in->queue, &jobs, room, wait_ms) : 0;
    while (jobs) {
        struct pending *p = (struct pending *)(void *)jobs;
        jobs = jobs->next;
        take_new(in, b, p);
    }
    return taken;
}

bool intake_gather(struct intake *in, struct batch *b, bool *idle)
{
    b->count = 0;
    take_from_waiting(in, b);
    *idle = !b->count && !waiting_count(in->waiting);
    int taken = take_from_queue(in, b, *idle ? IDLE_MS : 0);
    *idle = *idle && taken <= 0;
    while (taken > 0)
        taken = take_from_queue(in, b, 0);
    return taken >= 0 || b->count || waiting_count(in->waiting);
}

int intake_count(struct intake *in)
{
    return queue_length(in->queue) + waiting_count(in->waiting);
}
