/* log_pages.c -- see log_pages.h. No lock: a page belongs to the thread from its creation until it
 * is joined. */
#include "view_engine/log_pages.h"

#include <pthread.h>

#include "view_engine/call.h"
#include "base/banned.h"

struct page {
    struct log_pages *owner;
    struct arena arena;
    int64_t after;
    struct log_page shown;
    struct batch_call *calls; /* one a statement; their memory outlives the arena's */
    const struct problem *problem;
};

struct log_pages {
    struct store *store;
    const struct language *language;
    const struct view *view;
    int limit;
    struct page two[2], *shown, *ahead;
    pthread_t thread;
    bool running;      /* it reads *ahead */
    bool ahead_is_set; /* *ahead holds what follows its `after` */
};

struct log_pages *log_pages_new(struct store *store, const struct language *language,
                                const struct view *view, int events)
{
    struct log_pages *p = must_alloc(1, sizeof(*p));
    *p = (struct log_pages){.store = store, .language = language, .view = view, .limit = events};
    p->shown = &p->two[0];
    p->ahead = &p->two[1];
    p->shown->owner = p->ahead->owner = p;
    return p;
}

static void prepare(struct page *g, const struct batch_event *const *at)
{
    const struct view *v = g->owner->view;
    if (v->fold) /* it takes the events themselves */
        return;
    if (!g->calls)
        g->calls = must_alloc((size_t)v->count, sizeof(*g->calls));
    for (int i = 0; i < v->count; i++)
        batch_prepare(&g->calls[i], &v->statements[i], at, g->shown.count);
    g->shown.calls = g->calls;
}

static fallible read_page(struct page *g)
{
    struct log_pages *p = g->owner;
    struct event_page found;
    TRY(store_read_data(p->store, g->after, p->limit, &g->arena, &found));
    struct batch_event *events = arena_array(&g->arena, (size_t)found.count + 1, sizeof(*events));
    const struct batch_event **at = arena_array(&g->arena, (size_t)found.count + 1, sizeof(*at));
    g->shown = (struct log_page){.events = events, .count = found.count};
    bool is_readable = true;
    for (int i = 0; i < found.count; i++) {
        events[i] = batch_from_store(p->language, &found.at[i], &g->arena);
        at[i] = &events[i];
        is_readable &= !events[i].unreadable;
    }
    if (is_readable)
        prepare(g, at);
    return NULL;
}

static void fill(struct page *g, int64_t after)
{
    arena_release(&g->arena);
    g->after = after;
    g->shown = (struct log_page){.count = 0};
    g->problem = read_page(g);
}

static void *fill_ahead(void *arg)
{
    struct page *g = arg;
    fill(g, g->after);
    return NULL;
}

void log_pages_pause(struct log_pages *p)
{
    if (!p->running)
        return;
    pthread_join(p->thread, NULL);
    p->running = false;
    p->ahead_is_set = !p->ahead->problem; /* else it is read again when it is wanted */
}

/* Behind a page that is not full there is nothing yet. */
static void read_ahead(struct log_pages *p)
{
    p->ahead_is_set = false;
    const struct log_page *last = &p->shown->shown;
    if (last->count < p->limit)
        return;
    p->ahead->after = last->events[last->count - 1].position;
    p->running = pthread_create(&p->thread, NULL, fill_ahead, p->ahead) == 0;
}

fallible log_pages_next(struct log_pages *p, int64_t position, const struct log_page **out)
{
    log_pages_pause(p);
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
    *out = &p->shown->shown;
    return NULL;
}

static void release(struct page *g, int statements)
{
    for (int i = 0; g->calls && i < statements; i++)
        batch_release(&g->calls[i]);
    free(g->calls);
    arena_release(&g->arena);
}

void log_pages_free(struct log_pages *p)
{
    if (!p)
        return;
    log_pages_pause(p);
    release(&p->two[0], p->view->count);
    release(&p->two[1], p->view->count);
    free(p);
}
