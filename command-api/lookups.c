/* lookups.c -- see lookups.h. */
#include "command-api/lookups.h"

#include "base/log.h"
#include "base/time.h"
#include "events/gather.h"
#include "platform/process/pool.h"
#include "writer/gather.h"
#include "writer/writer.h"
#include "base/banned.h"

enum { THREADS = 2, WAITING_MAX = 256 };

struct lookups {
    const struct settings *settings;
    struct writer *writer;
    struct pool *pool;
};

struct searcher {
    struct lookups *of;
    struct gatherer *gatherer;
};

static void *begin(void *context)
{
    struct searcher *s = must_alloc(1, sizeof(*s));
    s->of = context;
    s->gatherer = gatherer_new(s->of->settings, "command-api lookups");
    return s;
}

static void end(void *state)
{
    struct searcher *s = state;
    gatherer_free(s->gatherer);
    free(s);
}

/* A client that has waited so long repeats the request. */
static fallible search_for(struct searcher *s, struct pending *p)
{
    if (time_monotonic() > p->deadline)
        return QUEUE_FULL;
    const struct problem *problem = gather(s->gatherer, p);
    if (problem && problem != DATABASE_UNAVAILABLE)
        log_error("what a command needs cannot be looked up",
                  KV("command", command_name(p->command.type)), KV("problem", problem->name));
    return problem ? LOOKUP_AWAY : writer_put(s->of->writer, p);
}

static void work(struct job *j, void *state)
{
    struct pending *p = (struct pending *)(void *)j;
    const struct problem *problem = search_for(state, p);
    if (!problem)
        return;
    p->problem = problem;
    p->settled(p);
}

struct lookups *lookups_new(const struct settings *settings, struct writer *writer)
{
    struct lookups *l = must_alloc(1, sizeof(*l));
    const struct pool_work work_of = {.begin = begin, .work = work, .end = end, .context = l};
    l->settings = settings;
    l->writer = writer;
    l->pool = pool_new("lookup", THREADS, WAITING_MAX, &work_of);
    return l;
}

void lookups_free(struct lookups *l)
{
    if (!l)
        return;
    pool_free(l->pool);
    free(l);
}

fallible lookups_put(struct lookups *l, struct pending *p)
{
    if (!gather_of(&p->command))
        return writer_put(l->writer, p);
    p->deadline = time_monotonic() + l->settings->command_wait_ms * 1000;
    return pool_put(l->pool, &p->job);
}
