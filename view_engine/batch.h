/* batch.h -- events on their way into the views. */
#pragma once

#include "base/members.h"
#include "platform/postgres/pipeline.h"
#include "platform/redis/redis.h"
#include "platform/postgres/store.h"
#include "view_engine/view.h"

struct batch_event {
    int64_t position, version;
    int64_t recorded; /* us */
    const char *stream, *type;
    const char *data;       /* of the current schema version; NULL if it cannot be made */
    struct members members; /* of data */
    const char *unreadable; /* why there are none; else NULL */
};

extern const struct language event_language;
extern const char *const batch_unreadable[]; /* every such reason, ended by NULL */

/* Sets what follows from `data`. */
void batch_read_members(struct batch_event *e, struct arena *a);
struct batch_event batch_from_store(const struct language *l, const struct stored_event *e,
                                    struct arena *a);
/* False if the entry cannot be what the relay wrote. */
bool batch_from_entry(const struct language *l, const struct entry *e, struct arena *a,
                      struct batch_event *out);

/* Is the statement given this event? And does any statement of the view look at it? An event that
 * cannot be read concerns every view: nothing tells which ones it would change. */
bool statement_wants(const struct view_statement *s, const struct batch_event *e);
bool view_wants(const struct view *v, const struct batch_event *e);

/* Adds one statement for those events that it wants; nothing if there are none. As pipeline_add. */
fallible batch_add(struct pipeline *p, const struct view_statement *s,
                   const struct batch_event *const *events, int count);
/* Runs it for no event at all: prepares it, and shows that the database takes it. As pg_call. */
fallible batch_prepare_on(struct pg *db, const struct view_statement *s);
