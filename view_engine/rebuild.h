/* rebuild.h -- fills a new version of a view from the beginning of the log, beside the one that
 * serves, and lets it serve. Runs in any process that may do what the projector may, with
 * connections of its own; engines notice the swap by the revision of the view's home lane.
 *
 * The version that serves is the schema `<view>`; the new one is `<view>_v<n + 1>` until the swap,
 * which renames both in the transaction that holds their home lane where both stand. The old one,
 * then
 * `<view>_v<n>`, is kept moving until it is dropped. A rebuild that is killed leaves a schema that
 * nobody reads; the next one goes on with it where it stopped, or drops it if the view's file or
 * the epoch is another one by now. */
#pragma once

#include "platform/postgres/store.h"
#include "view_engine/fold.h"

struct rebuild_parts {
    const struct embedded *files; /* ended by a NULL name */
    const struct language *language;
    struct store *store;           /* all borrowed */
    struct pg *views;              /* its settings: views_session */
    const struct view_fold *folds; /* as in engine_parts; borrowed */
};

/* What a view has in the database, for people. */
struct versions {
    int serving;         /* 0: there is no such view */
    int other;           /* the last one beside it; 0: none */
    bool other_is_whole; /* it has served and is kept; else it is being, or was to be, filled */
    int64_t filled;      /* the next rebuild goes on with the other one behind this position; 0: it
                            begins anew */
    bool changed;        /* the serving one was made by another text than this program's */
};
fallible versions_read(const struct rebuild_parts *parts, const char *view, struct versions *out);

struct rebuild;

/* Takes over the version that an earlier one has begun to fill, if it can be gone on with; else
 * drops the versions that do not serve and makes an empty one. *out is set, problem or not. One
 * rebuild of a view at a time: a second one takes over, and the first one fails. NO_SUCH_ITEM: no
 * such view, or it has not caught up yet. All problems below are described by *why, which lives as
 * long as the rebuild. */
fallible rebuild_begin(const struct rebuild_parts *parts, const char *view, struct rebuild **out);
/* Fills one page more, or makes the indexes, or swaps: then *done. UNREADABLE_EVENT: an event would
 * be parked; the view goes on as it is. After any problem the rebuild is at an end. */
fallible rebuild_step(struct rebuild *r, bool *done);
int64_t rebuild_began(const struct rebuild *r); /* behind this position: 0 unless it goes on */
int64_t rebuild_position(const struct rebuild *r);
int64_t rebuild_goal(const struct rebuild *r); /* where the home lane stood when last looked at */
const char *rebuild_why(const struct rebuild *r); /* "" if there is nothing to add */
void rebuild_free(struct rebuild *r);             /* NULL is allowed; drops nothing */

/* The last version that served, and is kept, serves again. NO_SUCH_ITEM: there is none. */
fallible rebuild_swap_back(const struct rebuild_parts *parts, const char *view);
/* Drops all versions that do not serve. */
fallible rebuild_drop(const struct rebuild_parts *parts, const char *view);
