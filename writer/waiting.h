/* waiting.h -- commands that must wait because an earlier one touches a stream, or has the key, of
 * theirs. They go in order of arrival: none overtakes one that came before it and shares a name
 * with it. Whoever shares none is held up by nobody. One thread. */
#pragma once

#include "writer/pending.h"

enum { WAITING_PER_NAME = 128 };

struct waiting;
struct waiting *waiting_new(void);
void waiting_free(struct waiting *w); /* must be empty; NULL is allowed */

/* Must `p`, which came after all that wait, wait behind one of them? */
bool waiting_blocks(struct waiting *w, const struct pending *p);

/* Gives `p` its place by p->arrival. `deferred_on`: a stream that it touches besides those of its
 * row; NULL: none. Returns those for whom there is no place any more, as a list by next_waiting: of
 * more than WAITING_PER_NAME that touch one name, whoever came last. NULL: none. */
struct pending *waiting_put(struct waiting *w, struct pending *p, const char *deferred_on);

/* One pass, in order of arrival, over all that wait: waiting_begin, then waiting_next until it is
 * NULL. Each command it returns has left: it is past its deadline at `now`, or there is `room` and
 * no earlier one, whether it left in this pass or not, shares a name with it. Nothing may be put in
 * between. */
void waiting_begin(struct waiting *w);
struct pending *waiting_next(struct waiting *w, int64_t now, bool room);
int waiting_count(const struct waiting *w);
