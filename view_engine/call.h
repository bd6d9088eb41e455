/* call.h -- what one statement is given of some events, made ready by any thread and sent later. */
#pragma once

#include "platform/postgres/columns.h"
#include "platform/postgres/pipeline.h"
#include "view_engine/batch.h"

/* Starts as { 0 }; its memory is kept from one batch_prepare to the next. */
struct batch_call {
    int events; /* 0: the statement wants none of them */
    struct column columns[BATCH_COLUMNS];
    struct pg_value values[BATCH_COLUMNS]; /* borrowed from columns */
};
void batch_prepare(struct batch_call *c, const struct view_statement *s,
                   const struct batch_event *const *events, int count);
/* Adds it to the pipeline; nothing if it wants none. As pipeline_add. */
fallible batch_send(struct pipeline *p, const struct view_statement *s, const struct batch_call *c);
void batch_release(struct batch_call *c);
#define scoped_batch_call __attribute__((cleanup(batch_release))) struct batch_call

/* Runs the view's statements as they were prepared, in one round trip, within the caller's
 * transaction, which any problem ends: it does not tell which event is at fault. */
fallible view_send(const struct view *v, struct pg *db, const struct batch_call *calls);
