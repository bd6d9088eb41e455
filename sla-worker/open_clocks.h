/* open_clocks.h -- the table open_clocks of the view `sla` (clock_view.h): how many clocks of all
 * reports have not ended, by kind. It is exact: each batch adds by how much its reports have
 * changed, in the transaction of their rows. */
#pragma once

#include "features/sla/report_clocks.h"
#include "platform/postgres/postgres.h"

#define OPEN_CLOCKS_TABLE                                                  \
    "CREATE TABLE open_clocks (clock text PRIMARY KEY, clocks bigint NOT " \
    "NULL) WITH (fillfactor = 50);"

struct open_clocks { /* of one batch; zeroed before it */
    int64_t change[CLOCK_KINDS];
};

/* `sign`: -1 for the report as its row was, 1 as it is now. */
void open_clocks_add(struct open_clocks *o, const struct ReportClocks *r, int sign);
/* To the table of search_path, a row of each kind also where there is nothing to add. As pg_call.
 */
fallible open_clocks_store(const struct open_clocks *o, struct pg *db);
