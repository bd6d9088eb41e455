/* routes.h -- what can be asked: the QUERY rows of features/<name>/routes.def as a table. A row:
 * method, path, who may ask (a mask of roles; ANYONE needs no token), SQL file in the feature's
 * queries/, LIST or ITEM, seconds a client may keep the response (if it depends on who asks: none,
 * whatever stands there), the views the file names as VIEW(a) VIEW(b), or FILTERED_VIEW(a) if it
 * does so only when a filter is given, what a 404 says, then what is bound to $1, $2 … in this
 * order. Every query also takes min_position and wait_ms. The views decide when a cached response
 * ends and which position a response reflects. LINK: name, path, one line for people; the root
 * shows it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "events/problems.h"
#include "events/words.h"

/* Every view, by the names of features/<name>/views/; each is a schema of the read database. */
#define VIEW(name) VIEW_##name,
enum view {
#include "lists/views.def"
    VIEW_COUNT
};
#undef VIEW
extern const char *const view_names[VIEW_COUNT];

enum view_use { UNUSED_VIEW, USED_VIEW, USED_WHEN_FILTERED };
struct view_set {
    unsigned char use[VIEW_COUNT]; /* enum view_use, by enum view */
};
extern const struct view_set all_views;

enum response_form {
    LIST, /* weak ETag; pages if the row has a cursor */
    ITEM, /* the file's second column is its version; strong ETag; no body is a 404 */
};

/* What a binding puts into the next of $1, $2 … (a cursor: into the next `max`). */
enum binding_kind {
    BIND_END,
    BIND_PATH_ID,       /* {id}, the UUID of a stream; another form is the row's `missing` */
    BIND_PATH_WORD,     /* {name}, as of PATH_WORD in events/command.h; the same of another form */
    BIND_INT,           /* parameter, min..max */
    BIND_NUMBER,        /* parameter, a decimal number min..max; only together with `other` */
    BIND_TEXT,          /* parameter, min..max characters */
    BIND_WORD,          /* parameter, one of `words` */
    BIND_ONE_OF,        /* nothing: of the parameters `name` and `other` one must be given */
    BIND_CURSOR,        /* parameter `cursor`: `max` keys, each `min` on the first page */
    BIND_LANGUAGE,      /* the tag of the language that the client wants, "en" or "id" */
    BIND_ACTOR,         /* user id of who asks, NULL without a token */
    BIND_PSEUDONYM,     /* what stands for who asks in anonymous reports, NULL without a token */
    BIND_ROLE,          /* NULL without a token */
    BIND_AGENCY,        /* own agency; NULL for an admin, who has all, and without a token */
    BIND_CHOSEN_AGENCY, /* the same, but an admin may choose one by parameter `agency`; anybody
                           else may name only the own one: 403 */
    BIND_USER,          /* parameter: "none", "me" for the user id of who asks, or a user id */
};

struct binding {
    enum binding_kind kind;
    const char *name;  /* of the parameter */
    const char *other; /* parameter that this one depends on */
    int64_t min, max;
    const char *fallback; /* when the parameter is absent; NULL is SQL NULL */
    const char *const *words;
    const char *stream_kind; /* of a path id: events of the stream <kind>-<id> are shown */
};

enum { BINDINGS_MAX = 16 };

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

/* Routes of documents that are built in: path and what serves it. */
struct http_request;
struct document_route {
    const char *method, *path;
    void (*handle)(struct http_request *r, const void *row);
};
extern const struct document_route document_routes[]; /* ended by a NULL path */
