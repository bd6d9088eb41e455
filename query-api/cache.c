/* cache.c -- the bytes of the entries, which platform/process/lru keeps. */
#include "query-api/cache.h"

#include "base/arena.h"
#include "platform/process/metrics.h"
#include "base/banned.h"

enum { FIRST_ENTRIES = 256 };

struct cache {
    struct lru entries;
    size_t limit, bytes;
};

struct cache *cache_new(size_t limit_bytes)
{
    struct cache *c = must_alloc(1, sizeof(*c));
    c->limit = limit_bytes;
    lru_init(&c->entries, FIRST_ENTRIES);
    return c;
}

static void count_bytes(struct cache *c, struct cache_entry *e)
{
    size_t now = sizeof(*e) + e->node.key_length + (e->response ? response_bytes(e->response) : 0);
    metric_add(METRIC_query_cache_bytes, NULL, (double)now - (double)e->bytes);
    c->bytes += now - e->bytes;
    e->bytes = now;
}

static void drop_entry(struct cache *c, struct cache_entry *e)
{
    lru_remove(&c->entries, &e->node);
    c->bytes -= e->bytes;
    metric_add(METRIC_query_cache_bytes, NULL, -(double)e->bytes);
    response_drop(e->response);
    free(e);
}

static struct cache_entry *new_entry(struct cache *c, const struct lru_key *key)
{
    struct cache_entry *e = must_alloc(1, sizeof(*e) + key->length);
    e->node.key = memcpy(e + 1, key->at, key->length);
    e->node.key_length = key->length;
    lru_add(&c->entries, &e->node, key->hash);
    count_bytes(c, e);
    return e;
}

struct cache_entry *cache_entry(struct cache *c, const char *key, size_t length)
{
    struct lru_key k = lru_key(&c->entries, key, length);
    struct lru_node *found = lru_find(&c->entries, &k);
    return found ? (struct cache_entry *)found : new_entry(c, &k);
}

static void make_room(struct cache *c)
{
    for (struct lru_node *n = c->entries.oldest, *newer; n && c->bytes > c->limit; n = newer) {
        struct cache_entry *e = (struct cache_entry *)n;
        newer = n->newer;
        if (!e->run)
            drop_entry(c, e);
    }
}

void cache_keep(struct cache *c, struct cache_entry *e, struct response *response)
{
    if (response) {
        response_drop(e->response);
        e->response = response_hold(response);
        count_bytes(c, e);
    }
    if (!e->response && !e->run)
        drop_entry(c, e);
    make_room(c);
}

size_t cache_size(const struct cache *c)
{
    return c->bytes;
}

void cache_free(struct cache *c)
{
    if (!c)
        return;
    while (c->entries.newest)
        drop_entry(c, (struct cache_entry *)c->entries.newest);
    lru_release(&c->entries);
    free(c);
}
