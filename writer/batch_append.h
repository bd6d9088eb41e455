/* batch_append.h -- what was decided becomes one append, and its outcomes theirs. Writer's thread.
 */
#pragma once

#include "writer/batch_commit.h"

/* As batch_commit, for commands that are decided. STORE_UNAVAILABLE: those sent are `may_be_done`.
 */
fallible batch_append(struct store *store, struct state_cache *cache, struct batch *b,
                      void (*defer)(void *arg, const char *stream, struct pending *p), void *arg);
