/* clock_catalog.h -- the versions of policies and calendars as the view keeps them, and in memory.
 * One thread. */
#pragma once

#include "features/sla/catalog.h"
#include "platform/postgres/postgres.h"

/* Zeroed before the first use. What is in memory is what the tables hold, or will once the
 * transaction under way is committed: versions are never changed, so how many there are tells
 * whether it is still that. */
struct clock_catalog {
    struct sla_catalog now;
    struct arena arena;
};

/* Whose tables policy_version and calendar_version. */
enum catalog_tables { OF_SEARCH_PATH, OF_SHOWN_VIEW, CATALOG_TABLES };
/* Reads them unless memory holds them. As pg_call; UNREADABLE_EVENT: a row that this program cannot
 * read. */
fallible clock_catalog_load(struct clock_catalog *c, struct pg *db, enum catalog_tables whose);
/* Adds a policy.defined or a calendar.defined to memory and to the tables of search_path. As
 * pg_call. */
fallible clock_catalog_add(struct clock_catalog *c, struct pg *db, const struct event *e,
                           int64_t version, const char *data);
void clock_catalog_release(struct clock_catalog *c);
