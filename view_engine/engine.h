/* engine.h -- follows the log and keeps the views. It knows no view: a view is a file (view.h),
 * or a function of the program's (fold.h). It keeps those whose home is its own lane; other
 * engines, in threads or programs of their own, keep the others, and none waits for another.
 *
 * The rule (`cursor` is the checkpoint of its home lane): another epoch of the store stops the
 * engine; an entry at or before the cursor is skipped; one whose `prev` is the cursor is applied;
 * any other, and a malformed one, sends the engine to the event store, from which it reads on to
 * the end. So does an idle stream while the store is ahead. A batch is one transaction: the
 * checkpoint first, compared with what this engine believes it to be, then the statements of each
 * view.
 *
 * Views of an older epoch are dropped when an engine starts, and filled anew from the log's
 * beginning. While the store is behind the views in one and the same epoch, the engine waits for a
 * new one.
 *
 * Threads: one engine belongs to one thread. */
#pragma once

#include "platform/postgres/sessions.h"
#include "view_engine/fold.h"

struct engine;

struct engine_parts {
    const struct embedded *files; /* ended by a NULL name */
    const struct language *language;
    struct store *store; /* all borrowed for the life of the engine */
    struct pg *views;    /* its settings: views_session */
    struct redis *redis;
    int block_ms; /* how long a read of the stream waits for news */
    const struct view_fold
        *folds;       /* beside the files, ended by a NULL name; NULL: none. Borrowed */
    const char *home; /* the lane of the views it keeps; NULL: "main" */
};

/* The homes of all files, each once, "main" first; texts live in `a`. NOT_STARTED as engine_new. */
enum { ENGINE_HOMES_MAX = 8 };
fallible engine_homes(const struct embedded *files, const struct language *language,
                      struct arena *a, const char *homes[ENGINE_HOMES_MAX], int *count);

/* NOT_STARTED if a view file is malformed; logged. Does not connect yet. */
fallible engine_new(const struct engine_parts *parts, struct engine **out);
void engine_free(struct engine *e); /* NULL is allowed */

/* One turn: reads what is new, at most one batch a lane, and applies it; waits up to block_ms for
 * the stream. Returns how many ms to wait before the next turn, or ENGINE_STOPPED: this engine
 * cannot go on, engine_reason says why; nothing it believed is lost, a new one may try. Without
 * Redis it polls the store; without a database it returns growing waits. */
enum { ENGINE_STOPPED = -1 };
int engine_step(struct engine *e);
const char *engine_reason(const struct engine *e); /* NULL while it goes on */

/* Applies a parked stream of a view again, in order. *left: events of it that are parked now, 0 if
 * the stream is free. Problems as in pg_call and store_load: nothing was changed. */
fallible engine_retry(struct engine *e, const char *view, const char *stream, int64_t *left);

/* ---- what it knows, for readiness and metrics ---- */

struct engine_health {
    bool store, views, redis;
    bool set_back;      /* the store was restored without a new epoch */
    double lag_seconds; /* of the home lane */
};
struct engine_health engine_health(const struct engine *e);
void engine_metrics(const struct engine *e); /* sets es_projection_*, by view */
