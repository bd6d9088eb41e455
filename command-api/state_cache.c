/* state_cache.c -- a libc search tree by name and a list by last use. */
#include "command-api/state_cache.h"

#include <search.h>

#include "base/banned.h"

struct state_cache {
    void *by_name; /* tsearch root */
    struct cached *newest, *oldest;
    struct cached *unwritten; /* made since the last trim, which may have stayed empty */
    int count, most;
};

struct state_cache *state_cache_new(int most)
{
    struct state_cache *c = must_alloc(1, sizeof(*c));
    c->most = most;
    return c;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct cached *)a)->stream, ((const struct cached *)b)->stream);
}

static void unlink_use(struct state_cache *c, struct cached *s)
{
    *(s->newer ? &s->newer->older : &c->newest) = s->older;
    *(s->older ? &s->older->newer : &c->oldest) = s->newer;
}

static void link_newest(struct state_cache *c, struct cached *s)
{
    s->newer = NULL;
    s->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = s;
    c->newest = s;
}

static void forget(struct state_cache *c, struct cached *s)
{
    tdelete(s, &c->by_name, by_name);
    unlink_use(c, s);
    c->count--;
    arena_release(&s->arena);
    free(s);
}

void state_cache_free(struct state_cache *c)
{
    if (!c)
        return;
    while (c->newest) /* the list of unwritten ones is not looked at again */
        forget(c, c->newest);
    free(c);
}

struct cached *state_cache_get(struct state_cache *c, const char *stream)
{
    struct cached **found = tfind(&(struct cached){.stream = stream}, &c->by_name, by_name);
    if (!found)
        return NULL;
    unlink_use(c, *found);
    link_newest(c, *found);
    return *found;
}

struct cached *state_cache_make(struct state_cache *c, const char *stream)
{
    struct cached *s = state_cache_get(c, stream);
    if (s)
        return s;
    s = must_alloc(1, sizeof(*s));
    s->decider = stream_decider(stream);
    s->stream = arena_text(&s->arena, stream);
    s->state = arena_alloc(&s->arena, s->decider->state_size);
    if (!tsearch(s, &c->by_name, by_name))
        abort();
    link_newest(c, s);
    s->next_unwritten = c->unwritten;
    c->unwritten = s;
    c->count++;
    return s;
}

void state_cache_drop(struct state_cache *c, const char *stream)
{
    struct cached *s = state_cache_get(c, stream);
    if (!s)
        return;
    for (struct cached **at = &c->unwritten; *at; at = &(*at)->next_unwritten)
        if (*at == s) {
            *at = s->next_unwritten;
            break;
        }
    forget(c, s);
}

void cached_fold(struct cached *s, const struct event *e, int64_t position)
{
    s->decider->evolve(s->state, e, &s->arena);
    s->version++;
    s->position = position;
}

void state_cache_trim(struct state_cache *c)
{
    while (c->unwritten) {
        struct cached *s = c->unwritten;
        c->unwritten = s->next_unwritten;
        if (s->version <= 0)
            forget(c, s);
    }
    while (c->count > c->most)
        forget(c, c->oldest);
}

int state_cache_count(const struct state_cache *c)
{
    return c->count;
}
