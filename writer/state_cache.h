/* state_cache.h -- the writer's folded states by stream, least recently used out first. One thread.
 * A version may be behind the store when another process writes: the append finds out. That a
 * stream does not exist is never remembered beyond a batch. */
#pragma once

#include "events/decision.h"
#include "platform/process/lru.h"
#include "platform/postgres/store.h"

struct state_cache;

struct cached {
    struct lru_node node; /* first; the cache's own */
    struct state_cache *cache;
    const char *stream;
    const struct decider *decider;
    void *state;
    int64_t version, position; /* of the last event folded; 0: none, -1: unreadable */
    struct arena arena;        /* owns the state and its texts */
    struct cached *next_unwritten;
};

struct state_cache *state_cache_new(int entries_max, size_t bytes_max);
void state_cache_free(struct state_cache *c); /* NULL is allowed */

struct cached *state_cache_get(struct state_cache *c, const char *stream); /* NULL: not there */
/* Makes it, empty, if it is not there. NULL: no rule decides on streams of its kind. */
struct cached *state_cache_make(struct state_cache *c, const char *stream);
void state_cache_drop(struct state_cache *c, const char *stream);

/* Folds one event into the state. */
void cached_fold(struct cached *s, const struct event *e, int64_t position);

/* Between batches only: forgets what was never written and what is over the limit. */
void state_cache_trim(struct state_cache *c);
int state_cache_count(const struct state_cache *c);
size_t state_cache_bytes(const struct state_cache *c); /* of the entries: nodes and arenas */
