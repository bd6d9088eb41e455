/* lru.c -- see lru.h. */
#include "platform/process/lru.h"

#include <sodium.h>
#include <string.h>

#include "base/arena.h"
#include "base/banned.h"

static void make_buckets(struct lru *l, size_t expected)
{
    l->bucket_count = 1;
    while (l->bucket_count < expected)
        l->bucket_count *= 2;
    l->buckets = must_alloc(l->bucket_count, sizeof(*l->buckets));
}

void lru_init(struct lru *l, size_t expected)
{
    *l = (struct lru){0};
    make_buckets(l, expected);
    randombytes_buf(l->hash_key, sizeof(l->hash_key));
}

void lru_release(struct lru *l)
{
    free(l->buckets);
    *l = (struct lru){0};
}

static struct lru_node **bucket_of(const struct lru *l, uint64_t hash)
{
    return &l->buckets[hash & (l->bucket_count - 1)];
}

static void put_into_bucket(struct lru *l, struct lru_node *n)
{
    struct lru_node **at = bucket_of(l, n->hash);
    n->next_in_bucket = *at;
    *at = n;
}

static void grow(struct lru *l)
{
    free(l->buckets);
    make_buckets(l, l->bucket_count * 2);
    for (struct lru_node *n = l->newest; n; n = n->older)
        put_into_bucket(l, n);
}

static void link_newest(struct lru *l, struct lru_node *n)
{
    n->newer = NULL;
    n->older = l->newest;
    *(l->newest ? &l->newest->newer : &l->oldest) = n;
    l->newest = n;
}

static void unlink_use(struct lru *l, struct lru_node *n)
{
    *(n->newer ? &n->newer->older : &l->newest) = n->older;
    *(n->older ? &n->older->newer : &l->oldest) = n->newer;
}

struct lru_key lru_key(const struct lru *l, const void *at, size_t length)
{
    return (struct lru_key){at, length, digest_short(l->hash_key, at, length)};
}

/* Keys may lie apart from their nodes: of nodes with another hash none is read. */
struct lru_node *lru_find(struct lru *l, const struct lru_key *k)
{
    for (struct lru_node *n = *bucket_of(l, k->hash); n; n = n->next_in_bucket)
        if (n->hash == k->hash && n->key_length == k->length &&
            memcmp(n->key, k->at, k->length) == 0) {
            lru_use(l, n);
            return n;
        }
    return NULL;
}

void lru_use(struct lru *l, struct lru_node *n)
{
    if (n == l->newest)
        return;
    unlink_use(l, n);
    link_newest(l, n);
}

void lru_add(struct lru *l, struct lru_node *n, uint64_t hash)
{
    if (l->count >= l->bucket_count)
        grow(l);
    n->hash = hash;
    put_into_bucket(l, n);
    link_newest(l, n);
    l->count++;
}

void lru_remove(struct lru *l, struct lru_node *n)
{
    struct lru_node **at = bucket_of(l, n->hash);
    while (*at != n)
        at = &(*at)->next_in_bucket;
    *at = n->next_in_bucket;
    unlink_use(l, n);
    l->count--;
}
