/* due_commands.h -- a command that is due, and the one that a report's clocks ask for. No I/O. */
#pragma once

#include "features/sla/report_clocks.h"
#include "writer/pending.h"

struct due_command {
    struct pending pending; /* first */
    struct queue *done;     /* goes there once it is settled */
    struct arena arena;
    const char *subject;           /* id of the report or whatever else it is due for */
    const struct problem *problem; /* of its end; NULL: it is done */
    int64_t position;              /* of the log, of its answer */
    int64_t late_us;               /* since it was due */
    const char *what;              /* word for metrics and logs */
};

/* Fills in what all have, of zeroed `out`: by the system, at `now`, for the subject, which is also
 * its target. Once settled it is put into `done`. */
void due_command_begin(struct due_command *out, const char *subject, int64_t due_at, int64_t now);
/* By that key it is done once, whoever asks for it and however often. */
void due_command_key(struct due_command *d, const char *key);

/* Begins `out`, zeroed, with what is due for the report at `now`, by the store's clock. False:
 * nothing is. */
bool due_command_fill(struct due_command *out, const struct ReportClocks *r,
                      const struct sla_catalog *catalog, int64_t now);
void due_command_release(struct due_command *d);
