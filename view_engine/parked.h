/* parked.h -- the streams that one view does not apply until they are retried: a copy in memory of
 * the view's rows in engine.parked, so that most events need no look-up. */
#pragma once

#include "view_engine/batch.h"
#include "view_engine/names.h"

struct parked {
    struct names streams;
    int64_t events; /* rows in engine.parked */
    int64_t oldest; /* us; 0: none */
};

void parked_clear(struct parked *p);

/* Reads the rows of `view` anew. As pg_call. */
fallible parked_load(struct parked *p, struct pg *db, const char *view);

/* Events that a batch adds to the queues of one view. Starts as { 0 }. */
struct parking {
    struct text stream, position, version, type, error, attempts;
    int count;
};
void parking_release(struct parking *p);
/* `error` NULL: the event only follows one that is parked. */
void parking_add(struct parking *p, const struct batch_event *e, const char *error);
/* Writes them, within the caller's transaction; a row that is there counts one more attempt. */
fallible parking_store(struct parking *p, struct pg *db, const char *view);
