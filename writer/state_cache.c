/* state_cache.c -- a hash table by name and a list by last use. Clients choose some of the names,
 * so the hash has a key nobody knows. */
#include "writer/state_cache.h"

#include <sodium.h>

#include "base/banned.h"

struct state_cache {
    struct cached **buckets;
    size_t bucket_count; /* a power of two */
    unsigned char key[crypto_shorthash_KEYBYTES];
    struct cached *newest, *oldest;
    struct cached *unwritten; /* made since the last trim, which may have stayed empty */
    int count, entries_max;
    size_t bytes, bytes_max;
};

struct state_cache *state_cache_new(int entries_max, size_t bytes_max)
{
    struct state_cache *c = must_alloc(1, sizeof(*c));
    c->entries_max = entries_max;
    c->bytes_max = bytes_max;
    c->bucket_count = 1;
    while (c->bucket_count < (size_t)entries_max)
        c->bucket_count *= 2;
    c->buckets = must_alloc(c->bucket_count, sizeof(struct cached *));
    crypto_shorthash_keygen(c->key);
    return c;
}

static uint64_t hash_of(const struct state_cache *c, const char *stream)
{
    uint64_t n;
    unsigned char hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, (const unsigned char *)stream, strlen(stream), c->key);
    memcpy(&n, hash, sizeof(n));
    return n;
}

/* Where the pointer to it is, or would be. Names lie apart from their nodes: of nodes with another
 * hash none is read. */
static struct cached **place_of(const struct state_cache *c, uint64_t hash, const char *stream)
{
    struct cached **at = &c->buckets[hash & (c->bucket_count - 1)];
    while (*at && ((*at)->hash != hash || !text_equal((*at)->stream, stream)))
        at = &(*at)->next_in_bucket;
    return at;
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
    *place_of(c, s->hash, s->stream) = s->next_in_bucket;
    unlink_use(c, s);
    c->count--;
    c->bytes -= sizeof(*s) + arena_size(&s->arena);
    arena_release(&s->arena);
    free(s);
}

void state_cache_free(struct state_cache *c)
{
    if (!c)
        return;
    while (c->newest) /* the list of unwritten ones is not used again */
        forget(c, c->newest);
    free(c->buckets);
    free(c);
}

/* A command asks for the same two several times in a row. */
static struct cached *used_last(const struct state_cache *c, const char *stream)
{
    struct cached *s = c->newest;
    for (int i = 0; s && i < 2; i++, s = s->older)
        if (text_equal(s->stream, stream))
            return s;
    return NULL;
}

static struct cached *use(struct state_cache *c, struct cached *s)
{
    if (s && s != c->newest) {
        unlink_use(c, s);
        link_newest(c, s);
    }
    return s;
}

struct cached *state_cache_get(struct state_cache *c, const char *stream)
{
    struct cached *found = used_last(c, stream);
    return use(c, found ? found : *place_of(c, hash_of(c, stream), stream));
}

struct cached *state_cache_make(struct state_cache *c, const char *stream)
{
    uint64_t hash = hash_of(c, stream);
    struct cached **at = place_of(c, hash, stream), *s = *at;
    const struct decider *decider = stream_decider(stream);
    if (s || !decider)
        return use(c, s);
    s = must_alloc(1, sizeof(*s));
    s->cache = c;
    s->hash = hash;
    s->decider = decider;
    s->stream = arena_text(&s->arena, stream);
    s->state = arena_alloc(&s->arena, s->decider->state_size);
    *at = s;
    link_newest(c, s);
    s->next_unwritten = c->unwritten;
    c->unwritten = s;
    c->count++;
    c->bytes += sizeof(*s) + arena_size(&s->arena);
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
    while (c->count && (c->count > c->entries_max || c->bytes > c->bytes_max))
        forget(c, c->oldest);
}

size_t state_cache_bytes(const struct state_cache *c)
{
    return c->bytes;
}

int state_cache_count(const struct state_cache *c)
{
    return c->count;
}
