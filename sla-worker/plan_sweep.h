/* plan_sweep.h -- the reports whose open clocks go on by other plans, though nothing has happened
 * to them: what was applied to open clocks is applied to these, some at a time. Reports that run by
 * the same plans are a group of the view; of each group one is looked at, and all are given out
 * only if that one goes on by another plan. A round ends behind the last group, the next one
 * follows while any was found. Nothing is kept but the place: who begins anew finds only what is
 * left. */
#pragma once

#include "base/time.h"
#include "features/sla/catalog.h"
#include "platform/postgres/postgres.h"

struct plan_sweep {
    int applied; /* of the catalog it is for; 0: none */
    bool runs, in_group, found;
    int64_t plans;         /* of the group; before the first: INT64_MIN */
    char after[UUID_TEXT]; /* the last report of the group that was given out */
    int64_t rests_until;   /* between two rounds; monotonic us */
};

/* Begins it anew if more versions are applied than it is for. */
void plan_sweep_begin(struct plan_sweep *s, const struct sla_catalog *catalog);

/* The next reports, up to `limit`: rows of report_id and state. NULL: none for now. As pg_call. */
fallible plan_sweep_read(struct plan_sweep *s, struct pg *views, const struct sla_catalog *catalog,
                         int limit, struct rows **out);
