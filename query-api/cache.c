/* cache.c -- a hash table with a list by use. The number of buckets doubles with the entries. */
#include "query-api/cache.h"

#include "base/arena.h"
#include "platform/metrics.h"
#include "query-api/cursor.h"
#include "base/banned.h"

enum { FIRST_BUCKETS = 256 };

struct cache {
    size_t limit, bytes;
    struct cache_entry **buckets;
    size_t bucket_count, entries; /* bucket_count: a power of two */
    struct cache_entry *newest, *oldest;
};

struct cache *cache_new(size_t limit_bytes)
{
    struct cache *c = must_alloc(1, sizeof(*c));
    c->limit = limit_bytes;
    c->bucket_count = FIRST_BUCKETS;
    c->buckets = must_alloc(c->bucket_count, sizeof(struct cache_entry *));
    return c;
}

static struct cache_entry **bucket_of(struct cache *c, uint64_t digest)
{
    return &c->buckets[(digest ^ digest >> 32) & (c->bucket_count - 1)];
}

static void count_bytes(struct cache *c, struct cache_entry *e)
{
    size_t now = sizeof(*e) + e->key_length + (e->response ? response_bytes(e->response) : 0);
    metric_add(METRIC_query_cache_bytes, NULL, (double)now - (double)e->bytes);
    c->bytes += now - e->bytes;
    e->bytes = now;
}

/* ---- the list by use ---- */

static void unlink_use(struct cache *c, struct cache_entry *e)
{
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
}

static void link_newest(struct cache *c, struct cache_entry *e)
{
    e->newer = NULL;
    e->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
}

/* ---- entries ---- */

static void drop_entry(struct cache *c, struct cache_entry *e)
{
    struct cache_entry **at = bucket_of(c, e->digest);
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    unlink_use(c, e);
    c->entries--;
    c->bytes -= e->bytes;
    metric_add(METRIC_query_cache_bytes, NULL, -(double)e->bytes);
    response_drop(e->response);
    free(e);
}

static void grow(struct cache *c)
{
    free(c->buckets);
    c->bucket_count *= 2;
    c->buckets = must_alloc(c->bucket_count, sizeof(struct cache_entry *));
    for (struct cache_entry *e = c->newest; e; e = e->older) {
        struct cache_entry **at = bucket_of(c, e->digest);
        e->next = *at;
        *at = e;
    }
}

static struct cache_entry *new_entry(struct cache *c, const char *key, size_t length,
                                     uint64_t digest)
{
    if (c->entries >= c->bucket_count)
        grow(c);
    struct cache_entry *e = must_alloc(1, sizeof(*e) + length);
    e->key = memcpy(e + 1, key, length);
    e->key_length = length;
    e->digest = digest;
    struct cache_entry **at = bucket_of(c, digest);
    e->next = *at;
    *at = e;
    link_newest(c, e);
    c->entries++;
    count_bytes(c, e);
    return e;
}

struct cache_entry *cache_entry(struct cache *c, const char *key, size_t length)
{
    uint64_t digest = digest_bytes(DIGEST_START, key, length);
    for (struct cache_entry *e = *bucket_of(c, digest); e; e = e->next)
        if (e->digest == digest && e->key_length == length && memcmp(e->key, key, length) == 0) {
            if (c->newest != e) {
                unlink_use(c, e);
                link_newest(c, e);
            }
            return e;
        }
    return new_entry(c, key, length, digest);
}

static void make_room(struct cache *c)
{
    for (struct cache_entry *e = c->oldest, *newer; e && c->bytes > c->limit; e = newer) {
        newer = e->newer;
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
    while (c->newest)
        drop_entry(c, c->newest);
    free(c->buckets);
    free(c);
}
