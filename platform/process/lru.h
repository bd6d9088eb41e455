/* lru.h -- entries by their key and in the order of their last use: a hash table and a list, both
 * intrusive. The owner allocates the entries, bounds them (count, or bytes of its own) and frees
 * what it has taken out. Clients choose many keys, so the hash has a key nobody knows. One thread.
 */
#pragma once

#include "platform/identity/digest.h"

/* The first member of an entry: a pointer to one is a pointer to the other. */
struct lru_node {
    const void *key; /* the entry's, set before lru_add; stays as long as it is in the table */
    size_t key_length;
    uint64_t hash;
    struct lru_node *next_in_bucket, *newer, *older;
};

struct lru {
    struct lru_node *newest, *oldest; /* NULL: empty */
    size_t count;
    /* the table's own */
    struct lru_node **buckets;
    size_t bucket_count; /* a power of two */
    unsigned char hash_key[SHORT_KEY];
};

/* With room for `expected` entries; doubled when there are more. */
void lru_init(struct lru *l, size_t expected);
void lru_release(struct lru *l); /* the table; the entries are the owner's */

/* A lookup's key with its hash, which lru_add takes from the lookup before it. */
struct lru_key {
    const void *at;
    size_t length;
    uint64_t hash;
};
struct lru_key lru_key(const struct lru *l, const void *at, size_t length);

/* The entry, from now on the most recently used one; NULL if there is none. */
struct lru_node *lru_find(struct lru *l, const struct lru_key *k);
/* Marks it as used, without a lookup. */
void lru_use(struct lru *l, struct lru_node *n);

/* As the most recently used one. There must be none of that key; node.key and key_length are set,
 * `hash` is that of lru_key. */
void lru_add(struct lru *l, struct lru_node *n, uint64_t hash);
void lru_remove(struct lru *l, struct lru_node *n);
