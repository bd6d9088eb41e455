/* pool.h -- bounded queues between threads, and threads that work one off. With http.h the only
 * place of locks. A job belongs to one side at a time: whoever put it away must not touch it. */
#pragma once

#include <stdbool.h>

#include "base/problem.h"

/* Stands first in the struct of whoever makes the job. `finish` runs on the loop thread that
 * http_post names, when the work is done; the worker may leave it alone otherwise. */
struct job {
    struct job *next;
    void (*finish)(struct job *);
};

struct queue;
struct queue *queue_new(int limit); /* never NULL */
void queue_free(struct queue *q);   /* must be empty; NULL is allowed */

/* Any thread, never blocks. QUEUE_FULL past the limit, SHUTTING_DOWN after queue_close: the job is
 * still the caller's. */
fallible queue_put(struct queue *q, struct job *j);

/* Takes up to `max` jobs in the order they came, as a list by `next`. Sleeps until there is one or
 * `wait_ms` have passed (-1: for ever). Returns their number, 0 on time-out, -1 once the queue is
 * closed and empty. */
int queue_take(struct queue *q, struct job **out, int max, int wait_ms);

void queue_close(struct queue *q); /* wakes all takers; what is queued can still be taken */
int queue_length(struct queue *q);

/* Threads that work a queue off. `begin` makes each thread's own state (its connection, say), NULL
 * if it needs none; `work` does one job with it; `end` frees it. */
struct pool_work {
    void *(*begin)(void *context);
    void (*work)(struct job *j, void *state);
    void (*end)(void *state);
    void *context;
};
struct pool;
struct pool *pool_new(const char *name, int threads, int limit, const struct pool_work *work);
fallible pool_put(struct pool *p, struct job *j); /* as queue_put */
int pool_waiting(struct pool *p);
void pool_free(struct pool *p); /* closes the queue, works off what waits, joins; NULL is allowed */
