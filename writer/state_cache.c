/* state_cache.c -- the size of the entries, which platform/process/lru keeps. */
#include "writer/state_cache.h"

#include "base/banned.h"

struct state_cache {
    struct lru states;
    struct cached *unwritten; /* made since the last trim, which may have stayed empty */
    size_t entries_max;
    size_t bytes, bytes_max;
};

struct state_cache *state_cache_new(int entries_max, size_t bytes_max)
{
    struct state_cache *c = must_alloc(1, sizeof(*c));
    c->entries_max = (size_t)entries_max;
    c->bytes_max = bytes_max;
    lru_init(&c->states, c->entries_max);
    return c;
}

static void forget(struct state_cache *c, struct cached *s)
{
    lru_remove(&c->states, &s->node);
    c->bytes -= sizeof(*s) + arena_size(&s->arena);
    arena_release(&s->arena);
    free(s);
}

void state_cache_free(struct state_cache *c)
{
    if (!c)
        return;
    while (c->states.newest) /* the list of unwritten ones is not used again */
        forget(c, (struct cached *)c->states.newest);
    lru_release(&c->states);
    free(c);
}

/* A command asks for the same two several times in a row: no hash is made for them. */
static struct cached *find_recent(struct state_cache *c, const char *stream)
{
    struct lru_node *n = c->states.newest;
    for (int i = 0; n && i < 2; i++, n = n->older)
        if (text_equal(n->key, stream)) {
            lru_use(&c->states, n);
            return (struct cached *)n;
        }
    return NULL;
}

struct cached *state_cache_get(struct state_cache *c, const char *stream)
{
    struct cached *recent = find_recent(c, stream);
    if (recent)
        return recent;
    struct lru_key k = lru_key(&c->states, stream, strlen(stream));
    return (struct cached *)lru_find(&c->states, &k);
}

static struct cached *new_state(struct state_cache *c, const struct lru_key *k,
                                const struct decider *decider)
{
    struct cached *s = must_alloc(1, sizeof(*s));
    s->cache = c;
    s->decider = decider;
    s->stream = arena_text(&s->arena, k->at);
    s->state = arena_alloc(&s->arena, decider->state_size);
    s->node.key = s->stream;
    s->node.key_length = k->length;
    lru_add(&c->states, &s->node, k->hash);
    s->next_unwritten = c->unwritten;
    c->unwritten = s;
    c->bytes += sizeof(*s) + arena_size(&s->arena);
    return s;
}

struct cached *state_cache_make(struct state_cache *c, const char *stream)
{
    struct lru_key k = lru_key(&c->states, stream, strlen(stream));
    struct lru_node *found = lru_find(&c->states, &k);
    const struct decider *decider = stream_decider(stream);
    if (found || !decider)
        return (struct cached *)found;
    return new_state(c, &k, decider);
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
    size_t before = arena_size(&s->arena);
    s->decider->evolve(s->state, e, &s->arena);
    s->cache->bytes += arena_size(&s->arena) - before;
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
    while (c->states.count && (c->states.count > c->entries_max || c->bytes > c->bytes_max))
        forget(c, (struct cached *)c->states.oldest);
}

size_t state_cache_bytes(const struct state_cache *c)
{
    return c->bytes;
}

int state_cache_count(const struct state_cache *c)
{
    return (int)c->states.count;
}
