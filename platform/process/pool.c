/* pool.c -- a list under a mutex, with a condition for the takers. Waits are by the monotonic
 * clock, so that setting the wall clock neither shortens nor prolongs them. */
#include "platform/process/pool.h"

#include <errno.h>
#include <pthread.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/banned.h"

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct job *first, **end;
    int length, limit;
    bool closed;
};

struct queue *queue_new(int limit)
{
    struct queue *q = must_alloc(1, sizeof(*q));
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, &attributes);
    pthread_condattr_destroy(&attributes);
    q->end = &q->first;
    q->limit = limit;
    return q;
}

void queue_free(struct queue *q)
{
    if (!q)
        return;
    if (q->length)
        abort(); /* a job would never be finished */
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static const struct problem *put_locked(struct queue *q, struct job *j)
{
    if (q->closed)
        return SHUTTING_DOWN;
    if (q->length >= q->limit)
        return QUEUE_FULL;
    j->next = NULL;
    *q->end = j;
    q->end = &j->next;
    q->length++;
    return NULL;
}

fallible queue_put(struct queue *q, struct job *j)
{
    pthread_mutex_lock(&q->lock);
    const struct problem *p = put_locked(q, j);
    if (!p)
        pthread_cond_signal(&q->filled);
    pthread_mutex_unlock(&q->lock);
    return p;
}

static struct timespec moment_in(int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

static void await_job(struct queue *q, int wait_ms)
{
    struct timespec until = moment_in(wait_ms < 0 ? 0 : wait_ms);
    int error = 0;
    while (!q->length && !q->closed && error != ETIMEDOUT)
        error = wait_ms < 0 ? pthread_cond_wait(&q->filled, &q->lock)
                            : pthread_cond_timedwait(&q->filled, &q->lock, &until);
}

static int take_locked(struct queue *q, struct job **out, int max)
{
    int n = 0;
    struct job **end = out;
    for (; q->first && n < max; n++) {
        *end = q->first;
        end = &q->first->next;
        q->first = q->first->next;
    }
    *end = NULL;
    if (!q->first)
        q->end = &q->first;
    q->length -= n;
    return n || !q->closed ? n : -1;
}

int queue_take(struct queue *q, struct job **out, int max, int wait_ms)
{
    pthread_mutex_lock(&q->lock);
    await_job(q, wait_ms);
    int n = take_locked(q, out, max);
    if (q->length)
        pthread_cond_signal(&q->filled); /* a signal may have woken only us */
    pthread_mutex_unlock(&q->lock);
    return n;
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->lock);
}

int queue_length(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    int n = q->length;
    pthread_mutex_unlock(&q->lock);
    return n;
}

/* ---- pool ---- */

struct pool {
    char name[16]; /* what the kernel shows of a thread's name */
    struct queue *queue;
    struct pool_work work;
    int threads;
    pthread_t thread[];
};

static void *pool_main(void *arg)
{
    struct pool *p = arg;
    pthread_setname_np(pthread_self(), p->name);
    void *state = p->work.begin ? p->work.begin(p->work.context) : NULL;
    for (struct job *j; queue_take(p->queue, &j, 1, -1) > 0;)
        p->work.work(j, state);
    if (p->work.end)
        p->work.end(state);
    return NULL;
}

struct pool *pool_new(const char *name, int threads, int limit, const struct pool_work *work)
{
    struct pool *p = must_alloc(1, sizeof(*p) + (size_t)threads * sizeof(p->thread[0]));
    snprintf(p->name, sizeof(p->name), "%s", name);
    p->queue = queue_new(limit);
    p->work = *work;
    for (; p->threads < threads; p->threads++)
        if (pthread_create(&p->thread[p->threads], NULL, pool_main, p)) {
            log_error("a thread could not be started", KV("pool", name));
            abort();
        }
    return p;
}

fallible pool_put(struct pool *p, struct job *j)
{
    return queue_put(p->queue, j);
}

int pool_waiting(struct pool *p)
{
    return queue_length(p->queue);
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    queue_close(p->queue);
    for (int i = 0; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    queue_free(p->queue);
    free(p);
}
