/* waiting.h -- commands that must wait because another one of the batch touches their stream, in
 * order of arrival for each stream. One hot stream holds up nobody else. One thread. */
#pragma once

#include "writer/pending.h"

enum { WAITING_PER_STREAM = 128 };

struct waiting;
struct waiting *waiting_new(void);
void waiting_free(struct waiting *w); /* must be empty; NULL is allowed */

bool waiting_has(struct waiting *w, const char *stream);
/* False: too many wait for this stream. `first`: it keeps its place before those that came later.
 */
bool waiting_put(struct waiting *w, const char *stream, struct pending *p, bool first);
/* Calls `take` for the commands of every stream, in their order, until it says false; those it said
 * true of are gone from here. */
void waiting_each(struct waiting *w, bool (*take)(void *arg, const char *stream, struct pending *p),
                  void *arg);
int waiting_count(const struct waiting *w);
