/* due_commands.h -- the command that a report's clocks ask for. No I/O. */
#pragma once

#include "features/sla/report_clocks.h"
#include "writer/pending.h"

struct due_command {
    struct pending pending; /* first */
    struct queue *done;     /* goes there once it is settled */
    struct arena arena;
    char report_id[UUID_TEXT];
    const struct problem *problem; /* of its end; NULL: it is done */
    int64_t position;              /* of the log, of its answer */
    int64_t late_us;               /* since it was due */
    const char *what;              /* word for metrics and logs */
};

/* Fills `out`, zeroed, with what is due for the report at `now`, by the store's clock. False:
 * nothing is. Once settled it is put into `done`. */
bool due_command_fill(struct due_command *out, const struct ReportClocks *r,
                      const struct sla_catalog *catalog, int64_t now);
void due_command_release(struct due_command *d);
