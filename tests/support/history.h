/* history.h -- random histories for tests of properties. Each feature whose events a view shows has
 * a generator, features/<name>/<name>_history.c; the build lists them in lists/histories.def. */
#pragma once

#include "events/decision.h"

struct history_event {
    int64_t version; /* place in its stream; the position is its place in the history, from 1 */
    const char *stream, *type, *data;
};

enum { HISTORY_SUBJECTS = 5, HISTORY_PEOPLE = 4, HISTORY_MAX = 260 };

/* Starts as {0}; history_make fills it anew. Texts live in the arena, which the caller releases. */
struct history {
    struct arena arena;
    unsigned seed;
    int count;
    struct history_event at[HISTORY_MAX];
};

/* What one feature adds, a step an event or none. The state is zeroed before the first step. */
struct history_generator {
    int weight; /* how often it has its turn, against the others */
    size_t state_size;
    void (*step)(struct history *h, void *state);
};

/* `events` at most HISTORY_MAX; the same seed makes the same history. */
void history_make(struct history *h, unsigned seed, int events);

/* ---- for generators ---- */

int history_pick(struct history *h, int below); /* 0 … below - 1 */
int64_t history_moment(struct history *h);      /* us; later than those before it */
/* Ids of what the events are about, shared by all generators, and of users. */
const char *history_subject(struct history *h, int i); /* 0 … HISTORY_SUBJECTS - 1 */
const char *history_person(struct history *h, int i);  /* 0 … HISTORY_PEOPLE - 1 */
/* The next event of "<kind>-<id>". */
void history_add(struct history *h, const char *kind, const char *id, struct event e);
