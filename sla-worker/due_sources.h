/* due_sources.h -- where the firing thread looks for what is due: a row a view. */
#pragma once

#include "platform/postgres/postgres.h"
#include "sla-worker/clock_catalog.h"
#include "sla-worker/due_commands.h"
#include "writer/gather.h"

/* What is read with, of the one thread. */
struct due_reader {
    struct pg *views;
    struct clock_catalog catalog;
    struct gatherer *gatherer;
};

struct due_source {
    const char *view; /* what has been done is done for good once its lane shows it */
    /* id and the columns that `fill` takes, of what is due at $1 us, $2 of them, the oldest first.
     */
    struct pg_statement due;
    int turn_max; /* so many a turn */
    int every_ms; /* between two looks; 0: in every turn. For a look at all that there is */
    const struct problem *(*begin)(
        struct due_reader *r); /* in a turn that has some; NULL: nothing */
    /* Fills `out`, zeroed, with what the row asks for at `now`. *is_due false: nothing. As pg_call;
     * any other problem: that row cannot be read. */
    const struct problem *(*fill)(struct due_reader *r, const struct rows *rows, int row,
                                  int64_t now, struct due_command *out, bool *is_due);
};

enum { DUE_DISPATCHES, DUE_POSITIONS, DUE_CLOCKS, DUE_SOURCES };
extern const struct due_source due_sources[DUE_SOURCES];
