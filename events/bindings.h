/* bindings.h -- what a query takes: the ends of the QUERY rows of features/<name>/routes.def, which
 * query-api binds to $1, $2 … in their order. Here, because a rule too may have to know which
 * values a parameter takes; bindings.def has the words that rows are written with. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* What a binding puts into the next of $1, $2 … (a cursor: into the next `max`). */
enum binding_kind {
    BIND_END,
    BIND_PATH_ID,       /* {id}, the UUID of a stream; another form is the row's `missing` */
    BIND_PATH_WORD,     /* {name}, as of PATH_WORD in events/command.h; the same of another form */
    BIND_PLANNER,       /* nothing: the planner's setting `name` is `other` for this query alone */
    BIND_PATH_CODE,     /* {name}, as of PATH_CODE there */
    BIND_INT,           /* parameter, min..max; a filter if it has no fallback */
    BIND_ID,            /* parameter, a UUID; with `min` it must be given */
    BIND_NUMBER,        /* parameter, a decimal number min..max; only together with `other` */
    BIND_TIME,          /* parameter, RFC 3339; not before that of `other`. Bound in UTC */
    BIND_TEXT,          /* parameter, min..max characters */
    BIND_WORD,          /* parameter, one of `words` */
    BIND_ONE_OF,        /* nothing: of the parameters `name` and `other` one must be given */
    BIND_MADE_BY,       /* nothing: the pure function `other` makes the answer (events/answer.h) */
    BIND_CURSOR,        /* parameter `cursor`: `max` keys, each `min` on the first page */
    BIND_LANGUAGE,      /* the tag of the language that the client wants, "en" or "id" */
    BIND_SECOND,        /* a number that is another one each second: an answer that tells of the
                           present time is not kept longer; the time itself is the database's */
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
    const char *apart; /* of a word with a fallback: the one that counts as a filter all the same */
    const char *stream_kind; /* of a path id: events of the stream <kind>-<id> are shown */
};

enum { BINDINGS_MAX = 16 };

/* Those of the query GET path, ended by BIND_END; NULL: there is none. */
const struct binding *query_bindings(const char *path);

/* Is it a parameter that says which items a list has, or in which order? */
bool is_filter(const struct binding *row);
/* Why the filter does not take the value: a sentence, constant or in `a`. NULL: it does. */
const char *filter_refuses(const struct binding *row, const char *value, struct arena *a);

/* What a flag takes: true, false. */
extern const char *const flag_words[];
