/* cache.h -- answers by key, least recently used last, bounded in bytes. One a loop: no lock.
 * An entry also says that its query runs now, so that equal requests share the run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query-api/answer.h"

struct run;

struct entry {
    struct answer *answer; /* NULL: none yet; borrowed, see cache_keep */
    struct run *run;       /* the newest one under way, NULL if none; set by who starts it */
    bool packs;            /* somebody took it with gzip: the next run packs it at once */
    /* the cache's own */
    const char *key;
    size_t key_length, bytes;
    uint64_t digest;
    struct entry *next;          /* in its bucket */
    struct entry *newer, *older; /* by use */
};

struct cache;
struct cache *cache_new(size_t limit_bytes); /* 0: keeps nothing but what runs */
void cache_free(struct cache *c);            /* no run may be under way */

/* The entry of the key, made if there is none; now the most recently used. Borrowed until the
 * next call. An entry with a run is never let go of. */
struct entry *cache_entry(struct cache *c, const char *key, size_t length);

/* Holds the answer in the entry, in place of an older one, and lets go of the least recently used
 * past the limit, of this one too if it alone is larger: `e` is not valid any more. NULL keeps what
 * is there, and drops an entry that has neither answer nor run. */
void cache_keep(struct cache *c, struct entry *e, struct answer *a);

size_t cache_size(const struct cache *c); /* bytes */
