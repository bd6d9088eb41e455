/* background.c -- see background.h. */
#include "platform/process/background.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "platform/process/pool.h"
#include "base/banned.h"

struct background {
    const char *name;
    void (*run)(struct background *b, void *arg);
    void *arg;
    struct queue *stop; /* nothing is ever put there: closed, it ends every pause */
    pthread_t thread;
};

static void *background_main(void *arg)
{
    struct background *b = arg;
    pthread_setname_np(pthread_self(), b->name);
    b->run(b, b->arg);
    return NULL;
}

struct background *background_start(const char *name, void (*run)(struct background *b, void *arg),
                                    void *arg)
{
    struct background *b = must_alloc(1, sizeof(*b));
    *b = (struct background){.name = name, .run = run, .arg = arg, .stop = queue_new(1)};
    if (!pthread_create(&b->thread, NULL, background_main, b))
        return b;
    queue_free(b->stop);
    free(b);
    return NULL;
}

bool background_pause(struct background *b, int ms)
{
    struct job *none;
    return queue_take(b->stop, &none, 1, ms) == 0;
}

void background_end(struct background *b)
{
    if (!b)
        return;
    queue_close(b->stop);
    pthread_join(b->thread, NULL);
    queue_free(b->stop);
    free(b);
}
