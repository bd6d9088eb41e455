/* fold.h -- a view that a C function keeps instead of the statements of a file: for tables whose
 * next row follows from what a rule says of the rows before it.
 *
 * The engine treats it like a file: a schema named like it, the lane's checkpoint in the same
 * transaction, halving and parking of events, retry, rebuild, and a new start with a new epoch.
 *
 * The function: `db` is in the engine's transaction; search_path is the view's schema, then
 * PostGIS's (the first differs between versions, so tables are named without a schema). `events`
 * are of `types` and readable, in the order of the log, at least one; members and data are of the
 * current schema version. It changes rows of its own tables only, does not end the transaction, and
 * keeps nothing of events elsewhere: the transaction may come to nothing, and the events are given
 * again. Its answer:
 *
 *     NULL               all of the events are applied
 *     UNREADABLE_EVENT   one of them cannot be applied, whoever tries: the engine searches for it
 *                        by giving it fewer, and parks it with its successors
 *     STATEMENT_REFUSED  at once after the pg_ call that was refused: the same if the values were
 *                        at fault (PG_DATA); else the batch is tried again
 *     any other          the batch is tried again
 *
 * Cost: statements of files go in one round trip for all views; a fold adds one of its own and
 * those of its calls. A rebuild gives it pages of some thousand events.
 *
 * A database does not hold the function. So a view whose revision, tables or types differ from this
 * program's when an engine starts is dropped with all its versions and filled anew from the log's
 * beginning, in a lane of its own; streams are no longer parked. An engine that meets such a view
 * later stops. So all programs that run engines, rebuild or verify give the same: view_folds. */
#pragma once

#include "view_engine/batch.h"

struct view_fold {
    const char *name;         /* of view and schema; NULL ends a list of folds */
    const char *tables;       /* DDL, unqualified */
    const char *const *types; /* events it is given, ended by NULL */
    const char *revision;     /* changes whenever the function's results do */
    const struct problem *(*apply)(void *context, struct pg *db,
                                   const struct batch_event *const *events, int count);
    void *context;    /* borrowed; used by the thread of the engine or rebuild */
    const char *home; /* its lane (view.h); NULL: main */
};

/* What sla-worker and citywatchctl give, ended by a NULL name; the projector keeps no fold. Defined
 * once a program, beside the folds. */
extern const struct view_fold view_folds[];

/* NOT_STARTED, logged: no name of a view, or a type that the language lacks. Named like `name`,
 * which is that of a version. Texts live in `a`; the fold is borrowed. */
fallible fold_view(const struct view_fold *f, const char *name, const struct language *language,
                   struct arena *a, struct view *out);

/* The fold of that name in a list, which may be NULL. NULL: none. */
const struct view_fold *fold_find(const struct view_fold *folds, const char *name);

/* Gives it the events in its schema, within the caller's transaction. */
fallible fold_apply(const struct view *v, struct pg *db, const struct batch_event *const *events,
                    int count);
