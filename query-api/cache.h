/* cache.h -- responses by key, least recently used last, bounded in bytes. One a loop: no lock.
 * An entry also says that its query runs now, so that equal requests share the run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/process/lru.h"
#include "query-api/response.h"

struct run;

struct cache_entry {
    struct lru_node node;      /* first; the cache's own */
    struct response *response; /* NULL: none yet; borrowed, see cache_keep */
    struct run *run;           /* the newest one under way, NULL if none; set by who starts it */
    bool wants_gzip;           /* a client accepted gzip: the next run makes that form at once */
    size_t bytes;              /* the cache's own */
};

struct cache;
struct cache *cache_new(size_t limit_bytes); /* 0: keeps nothing but what runs */
void cache_free(struct cache *c);            /* no run may be under way */

/* The entry of the key, made if there is none; now the most recently used. Borrowed until the
 * next call. An entry with a run is never let go of. */
struct cache_entry *cache_entry(struct cache *c, const char *key, size_t length);

/* Holds the response in the entry, in place of an older one, and lets go of the least recently used
 * past the limit, of this one too if it alone is larger: `e` is not valid any more. NULL keeps what
 * is there, and drops an entry that has neither response nor run. */
void cache_keep(struct cache *c, struct cache_entry *e, struct response *response);

size_t cache_size(const struct cache *c); /* bytes */
