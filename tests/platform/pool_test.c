/* pool_test.c -- the queue's order, its bound and its end; pools drain. */
#include "platform/process/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/time.h"
#include "tests/support/harness.h"
#include "base/banned.h"

struct number {
    struct job job;
    int n;
};

static int number_of(const struct job *j)
{
    return ((const struct number *)j)->n;
}

TEST(jobs_are_taken_in_the_order_they_came)
{
    struct number numbers[5];
    struct job *j;
    struct queue *q = queue_new(5);
    for (int i = 0; i < 5; i++) {
        numbers[i].n = i;
        CHECK_OK(queue_put(q, &numbers[i].job));
    }
    CHECK_INT(queue_length(q), 5);
    CHECK_INT(queue_take(q, &j, 3, 0), 3);
    CHECK(number_of(j) == 0 && number_of(j->next) == 1 && number_of(j->next->next) == 2);
    CHECK(!j->next->next->next);
    CHECK_OK(queue_put(q, &numbers[0].job));
    CHECK_INT(queue_take(q, &j, 100, 0), 3);
    CHECK(number_of(j) == 3 && number_of(j->next) == 4 && number_of(j->next->next) == 0);
    queue_free(q);
}

TEST(a_full_queue_refuses)
{
    struct number numbers[3] = {{.n = 0}};
    struct job *j;
    struct queue *q = queue_new(2);
    CHECK_OK(queue_put(q, &numbers[0].job));
    CHECK_OK(queue_put(q, &numbers[1].job));
    CHECK_PROBLEM(queue_put(q, &numbers[2].job), QUEUE_FULL);
    CHECK_INT(queue_take(q, &j, 1, 0), 1);
    CHECK_OK(queue_put(q, &numbers[2].job));
    CHECK_INT(queue_take(q, &j, 5, 0), 2);
    queue_free(q);
}

TEST(waiting_ends_in_time)
{
    struct job *j;
    struct queue *q = queue_new(2);
    CHECK_INT(queue_take(q, &j, 1, 0), 0);
    int64_t begun = time_monotonic();
    CHECK_INT(queue_take(q, &j, 1, 60), 0);
    int64_t took = time_monotonic() - begun;
    CHECK(took >= 59000 && took < 3000000);
    CHECK(!j);
    queue_free(q);
}

TEST(a_closed_queue_gives_what_it_holds_and_then_ends)
{
    struct number a = {.n = 1}, b = {.n = 2};
    struct job *j;
    struct queue *q = queue_new(2);
    CHECK_OK(queue_put(q, &a.job));
    queue_close(q);
    CHECK_PROBLEM(queue_put(q, &b.job), SHUTTING_DOWN);
    CHECK_INT(queue_take(q, &j, 5, -1), 1);
    CHECK_INT(queue_take(q, &j, 5, -1), -1);
    CHECK_INT(queue_take(q, &j, 5, 10), -1);
    queue_free(q);
    queue_free(NULL);
}

static void *take_one(void *arg)
{
    struct job *j;
    return (void *)(intptr_t)queue_take(arg, &j, 1, -1);
}

TEST(closing_wakes_everybody_who_waits)
{
    pthread_t threads[4];
    struct queue *q = queue_new(1);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, take_one, q);
    usleep(20000);
    queue_close(q);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        CHECK_INT((intptr_t)result, -1);
    }
    queue_free(q);
}

/* ---- many threads ---- */

enum { PUTTERS = 4, EACH = 5000 };

static void *put_many(void *arg)
{
    for (int i = 0; i < EACH;) {
        struct number *n = must_alloc(1, sizeof(*n));
        n->n = i;
        if (queue_put(arg, &n->job))
            free(n); /* full: again */
        else
            i++;
    }
    return NULL;
}

TEST(nothing_is_lost_or_doubled_between_threads)
{
    pthread_t threads[PUTTERS];
    int seen[EACH] = {0}, total = 0;
    struct queue *q = queue_new(64);
    for (int i = 0; i < PUTTERS; i++)
        pthread_create(&threads[i], NULL, put_many, q);
    while (total < PUTTERS * EACH) {
        struct job *j, *next;
        int n = queue_take(q, &j, 16, 5000);
        if (n <= 0)
            break;
        for (total += n; j; j = next) {
            next = j->next;
            seen[number_of(j)]++;
            free(j);
        }
    }
    for (int i = 0; i < PUTTERS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(total, PUTTERS * EACH);
    for (int i = 0; i < EACH; i++)
        CHECK_INT(seen[i], PUTTERS);
    queue_free(q);
}

/* ---- pools ---- */

static atomic_int begun_count, worked, ended_count;

static void *begin(void *context)
{
    atomic_fetch_add(&begun_count, 1);
    return context;
}

static void work(struct job *j, void *state)
{
    usleep(200);
    CHECK(state == &worked);
    free(j);
    atomic_fetch_add(&worked, 1);
}

static void end(void *state)
{
    CHECK(state == &worked);
    atomic_fetch_add(&ended_count, 1);
}

TEST(a_pool_works_off_what_waits_before_it_ends)
{
    struct pool *p = pool_new("test", 3, 1000, &(struct pool_work){begin, work, end, &worked});
    for (int i = 0; i < 300; i++)
        CHECK_OK(pool_put(p, must_alloc(1, sizeof(struct job))));
    CHECK(pool_waiting(p) > 0);
    pool_free(p);
    CHECK_INT(atomic_load(&worked), 300);
    CHECK_INT(atomic_load(&begun_count), 3);
    CHECK_INT(atomic_load(&ended_count), 3);
    pool_free(NULL);
}
