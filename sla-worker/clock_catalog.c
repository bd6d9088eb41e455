/* clock_catalog.c -- see clock_catalog.h. */
#include "sla-worker/clock_catalog.h"

#include "base/banned.h"

enum { POLICY, CALENDAR, TABLES };
static const char *const tables[TABLES] = {"policy_version", "calendar_version"};
static const char *const types[TABLES] = {"policy.defined", "calendar.defined"};
static const struct pg_statement add_row[TABLES] = {
    {"clock_policy_add", "INSERT INTO policy_version (id, version, data) "
                         "VALUES ($1, $2::bigint, $3::json)"},
    {"clock_calendar_add", "INSERT INTO calendar_version (id, version, data) "
                           "VALUES ($1, $2::bigint, $3::json)"}};

void clock_catalog_release(struct clock_catalog *c)
{
    arena_release(&c->arena);
    *c = (struct clock_catalog){.now = {.policy_count = 0}};
}

/* ---- tables ---- */

static fallible read_table(struct clock_catalog *c, int table, const struct rows *rows)
{
    for (int i = 0; i < rows_count(rows); i++) {
        scoped_arena a = {0};
        struct event e;
        int type;
        if (!event_type_from(types[table], &type))
            return UNREADABLE_EVENT;
        TRY(event_read(types[table], event_version(type), rows_text(rows, i, 1), &a, &e));
        catalog_add(&c->now, &e, rows_int(rows, i, 0), &c->arena);
    }
    return NULL;
}

static fallible read_all(struct clock_catalog *c, struct pg *db, enum catalog_tables whose)
{
    for (int t = 0; t < TABLES; t++) {
        scoped_arena a = {0};
        scoped_rows *rows = NULL;
        struct pg_statement all = {
            NULL, arena_printf(&a, "SELECT version, data FROM %s%s ORDER BY id, version",
                               whose == OF_SHOWN_VIEW ? "sla." : "", tables[t])};
        TRY(pg_call(db, &all, 0, NULL, &rows));
        TRY(read_table(c, t, rows));
    }
    return NULL;
}

/* Asked before each batch, so it is prepared; one of search_path is planned anew where that
 * changes.
 */
#define COUNTS(prefix)                                         \
    "SELECT (SELECT count(*) FROM " prefix "policy_version), " \
    "(SELECT count(*) FROM " prefix "calendar_version)"
static const struct pg_statement counts[CATALOG_TABLES] = {
    [OF_SEARCH_PATH] = {"clock_catalog_counts", COUNTS("")},
    [OF_SHOWN_VIEW] = {"clock_catalog_counts_shown", COUNTS("sla.")}};

fallible clock_catalog_load(struct clock_catalog *c, struct pg *db, enum catalog_tables whose)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(db, &counts[whose], 0, NULL, &rows));
    if (rows_int(rows, 0, 0) == c->now.policy_count &&
        rows_int(rows, 0, 1) == c->now.calendar_count)
        return NULL;
    clock_catalog_release(c);
    return read_all(c, db, whose);
}

fallible clock_catalog_add(struct clock_catalog *c, struct pg *db, const struct event *e,
                           int64_t version, const char *data)
{
    scoped_arena a = {0};
    int table = e->type == PolicyDefined ? POLICY : CALENDAR;
    const char *id = table == POLICY ? e->PolicyDefined.policy_id : e->CalendarDefined.calendar_id;
    const char *values[] = {id, arena_printf(&a, "%lld", (long long)version), data};
    TRY(pg_call(db, &add_row[table], 3, values, NULL));
    catalog_add(&c->now, e, version, &c->arena);
    return NULL;
}
