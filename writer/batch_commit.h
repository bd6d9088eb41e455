/* batch_commit.h -- one try at a batch: load what is missing, decide, append, fold. Writer's
 * thread. */
#pragma once

#include "writer/pending.h"
#include "writer/state_cache.h"

struct batch {
    struct pending *at[BATCH_MAX];
    int count;
};

/* Sets the outcome of every command that is still OPEN and whose versions held; STALE ones become
 * OPEN again, their states forgotten; EARLY ones are TOO_EARLY. STORE_UNAVAILABLE: outcomes
 * unknown, may be repeated under the same keys. BATCH_REJECTED: nothing was written. `defer` is
 * called for a command that turns out, while it is decided, to need a stream that an earlier one of
 * the batch touches: it has left the batch. */
fallible batch_commit(struct store *store, struct state_cache *cache, struct batch *b,
                      void (*defer)(void *arg, const char *stream, struct pending *p), void *arg);
