/* view_states.h -- what the polls of view_progress found of each view. One thread writes, any
 * reads: a poll is written beside the one before it and then shown, so a reader has all of one
 * poll (loop_state.c says why it must), without a lock. */
#pragma once

#include <stdatomic.h>

#include "base/text.h"
#include "platform/postgres/rows.h"
#include "query-api/routes.h"
#include "query-api/view_progress.h"

struct pg_statement;

/* What a poll found of one view. */
struct view_state {
    _Atomic int64_t position; /* NO_POSITION: it is not of the log */
    _Atomic int64_t mark;     /* of its last change */
    _Atomic uint64_t version; /* of its rows, lane and epoch */
    atomic_bool there;
    atomic_bool unfilled; /* it does not show the whole log yet */
};
enum { NO_POSITION = -1 };

struct view_states {
    struct view_state of_poll[2][VIEW_COUNT];
    atomic_uint polls; /* the last good one wrote of_poll[polls % 2]; 0: there was none */
};

/* A poll's question; view_states_write takes its answer. *epoch: the life of the log that the views
 * are of, untouched if there are none. True if somebody may have waited for what is new. */
extern const struct pg_statement view_states_query;
bool view_states_write(struct view_states *states, const struct rows *rows, _Atomic int64_t *epoch);

/* All but `known` and `refused`. Before the first poll: position 0 of a version of its own. */
struct progress view_states_read(struct view_states *states, const struct view_set *views);

/* The furthest position of any view, 0 if there is none. */
int64_t view_states_furthest(struct view_states *states);

/* ---- the writer's thread ---- */

/* How many views of the log are shown, with the lowest position of those that are there, INT64_MAX
 * if none is; names the others. */
int view_states_shown(struct view_states *states, int64_t *lowest, struct text *others);
struct view_set view_states_there(struct view_states *states);
