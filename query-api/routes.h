/* routes.h -- what can be asked: the QUERY rows of features/<name>/routes.def as a table. A row:
 * method, path, who may ask (a mask of roles; ANYONE needs no token), SQL file in the feature's
 * queries/, LIST or ITEM, seconds a client may keep the response (if it depends on who asks: none,
 * whatever stands there), the views the file names as VIEW(a) VIEW(b), or FILTERED_VIEW(a) if it
 * does so, or waits for it, only when a filter is given, what a 404 says, then what is bound to $1,
 * $2 … in this order. Every query also takes min_position and wait_ms. These views, one of the log
 * at least, decide which position a response reflects. A cached one ends when one of all views
 * changes that the file's text reads, as report_list.report_list, named in the row or not.
 * PLANNER(enable_bitmapscan, on) among the bindings: a setting for this query alone, beside those
 * of all (sessions.def). LINK: name, path, one line for people; the root shows it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "events/bindings.h"
#include "events/problems.h"
#include "events/words.h"

/* Every view, by the names of features/<name>/views/ and the rows of features/<name>/folds.def;
 * each is a schema of the read database. Behind them tables that others than the log keep, rows
 * KEPT(schema) of features/<name>/kept.def: they have no position, and who changes them calls
 * engine.changed('<schema>') in the same transaction. */
#define VIEW(name) VIEW_##name,
#define FOLD(name) VIEW_##name,
#define KEPT(name) VIEW_##name,
enum view {
#include "lists/views.def"
#include "lists/folds.def"
#include "lists/kept.def"
    VIEW_COUNT
};
#undef VIEW
#undef FOLD
#undef KEPT
extern const char *const view_names[VIEW_COUNT];

enum view_use {
    UNUSED_VIEW,
    USED_VIEW,
    USED_WHEN_FILTERED,
    SHOWN_VIEW /* as it stands: it is read, and not waited for; no row says so, query_init does */
};
struct view_set {
    unsigned char use[VIEW_COUNT]; /* enum view_use, by enum view */
};
extern const struct view_set all_views; /* of the log */

/* Does it count for the position of a response? */
static inline bool view_is_awaited(const struct view_set *views, int view)
{
    return views->use[view] == USED_VIEW || views->use[view] == USED_WHEN_FILTERED;
}

enum response_form {
    LIST, /* weak ETag; pages if the row has a cursor */
    ITEM, /* the file's second column is its version; strong ETag; no body is a 404 */
};

struct route {
    const char *method, *path;
    int who;          /* mask of enum role */
    const char *file; /* features/<name>/queries/<file>.sql */
    enum response_form form;
    int max_age; /* seconds a client may keep it, if it depends on nobody */
    struct view_set views;
    const struct problem *missing; /* what a 404 says */
    struct binding bindings[BINDINGS_MAX];
};

extern const struct route query_routes[]; /* ended by a NULL path */

/* Routes of documents that are built in, and of the record: path and what serves it. */
struct http_request;
struct document_route {
    const char *method, *path;
    void (*handle)(struct http_request *r, const void *row);
};
extern const struct document_route document_routes[]; /* ended by a NULL path */
