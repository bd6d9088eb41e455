/* pages.c -- see pages.h. No lock: a page belongs to the thread from its creation until it is
 * joined. */
#include "projector/pages.h"

#include <pthread.h>

#include "base/banned.h"

struct page {
    struct pages *owner;
    struct arena arena;
    int64_t after;
    struct batch_event *events;
    int count;
    const struct problem *problem;
};

struct pages {
    struct store *store;
    const struct language *language;
    int limit;
    struct page two[2], *shown, *ahead;
    pthread_t thread;
    bool running;      /* it reads *ahead */
    bool ahead_is_set; /* *ahead holds what follows its `after` */
};

struct pages *pages_new(struct store *store, const struct language *language, int events)
{
    struct pages *p = must_alloc(1, sizeof(*p));
    *p = (struct pages){.store = store, .language = language, .limit = events};
    p->shown = &p->two[0];
    p->ahead = &p->two[1];
    p->shown->owner = p->ahead->owner = p;
    return p;
}

static fallible read_page(struct page *g)
{
    struct pages *p = g->owner;
    struct event_page found;
    TRY(store_read_data(p->store, g->after, p->limit, &g->arena, &found));
    g->events = arena_array(&g->arena, (size_t)found.count + 1, sizeof(*g->events));
    for (int i = 0; i < found.count; i++)
        g->events[i] = batch_from_store(p->language, &found.at[i], &g->arena);
    g->count = found.count;
    return NULL;
}

static void fill(struct page *g, int64_t after)
{
    arena_release(&g->arena);
    g->after = after;
    g->count = 0;
    g->problem = read_page(g);
}

static void *fill_ahead(void *arg)
{
    struct page *g = arg;
    fill(g, g->after);
    return NULL;
}

void pages_pause(struct pages *p)
{
    if (!p->running)
        return;
    pthread_join(p->thread, NULL);
    p->running = false;
    p->ahead_is_set = !p->ahead->problem; /* else it is read again when it is wanted */
}

/* Behind a page that is not full there is nothing yet. */
static void read_ahead(struct pages *p)
{
    p->ahead_is_set = false;
    if (p->shown->count < p->limit)
        return;
    p->ahead->after = p->shown->events[p->shown->count - 1].position;
    p->running = pthread_create(&p->thread, NULL, fill_ahead, p->ahead) == 0;
}

fallible pages_next(struct pages *p, int64_t position, const struct batch_event **events,
                    int *count)
{
    pages_pause(p);
    if (p->ahead_is_set && p->ahead->after == position) {
        struct page *before = p->shown;
        p->shown = p->ahead;
        p->ahead = before;
    } else {
        fill(p->shown, position);
    }
    p->ahead_is_set = false;
    TRY(p->shown->problem);
    read_ahead(p);
    *events = p->shown->events;
    *count = p->shown->count;
    return NULL;
}

void pages_free(struct pages *p)
{
    if (!p)
        return;
    pages_pause(p);
    arena_release(&p->two[0].arena);
    arena_release(&p->two[1].arena);
    free(p);
}
