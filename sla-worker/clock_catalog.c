/* clock_catalog.c -- see clock_catalog.h. */
#include "sla-worker/clock_catalog.h"

#include "base/shape_copy.h"
#include "features/calendar/definition.h"
#include "base/banned.h"

enum { POLICY, CALENDAR, TABLES };
static const char *const tables[TABLES] = {"policy_version", "calendar_version"};
static const char *const types[TABLES] = {"policy.defined", "calendar.defined"};
static const struct pg_statement add_row[TABLES] = {
    {"clock_policy_add", "INSERT INTO policy_version (id, version, data) "
                         "VALUES ($1, $2::bigint, $3::json)"},
    {"clock_calendar_add", "INSERT INTO calendar_version (id, version, data) "
                           "VALUES ($1, $2::bigint, $3::json)"}};

/* ---- memory ---- */

/* Rows are few and versions rise: a new one stands behind those of its id. */
static int place_of(const char *id, const void *rows, int count, size_t size,
                    const char *(*id_of)(const void *row))
{
    int i = 0;
    while (i < count && strcmp(id_of((const char *)rows + (size_t)i * size), id) <= 0)
        i++;
    return i;
}

static const char *policy_id(const void *row)
{
    return ((const struct policy *)row)->rules.policy_id;
}

static const char *calendar_id(const void *row)
{
    return ((const struct sla_calendar *)row)->id;
}

/* The rows with a free one at `place`. */
static void *widen(struct arena *a, const void *rows, int count, size_t size, int place)
{
    char *out = arena_array(a, (size_t)count + 1, size);
    size_t before = (size_t)place * size;
    if (count) {
        memcpy(out, rows, before);
        memcpy(out + before + size, (const char *)rows + before, (size_t)count * size - before);
    }
    return out;
}

static void remember_policy(struct clock_catalog *c, const struct PolicyDefined *e, int64_t version)
{
    struct sla_catalog *now = &c->now;
    int place =
        place_of(e->policy_id, now->policies, now->policy_count, sizeof(struct policy), policy_id);
    struct policy *rows = widen(&c->arena, now->policies, now->policy_count, sizeof(*rows), place);
    rows[place] = (struct policy){.version = 0};
    policy_defined(&rows[place], e, &c->arena);
    rows[place].version = version;
    now->policies = rows;
    now->policy_count++;
}

static void remember_calendar(struct clock_catalog *c, const struct CalendarDefined *e,
                              int64_t version)
{
    struct sla_catalog *now = &c->now;
    struct CalendarDefined *own = arena_alloc(&c->arena, sizeof(*own));
    shape_copy(event_shape(CalendarDefined), e, &c->arena, own);
    int place = place_of(own->calendar_id, now->calendars, now->calendar_count,
                         sizeof(struct sla_calendar), calendar_id);
    struct sla_calendar *rows =
        widen(&c->arena, now->calendars, now->calendar_count, sizeof(*rows), place);
    rows[place] = (struct sla_calendar){.id = own->calendar_id, .version = version};
    working_time_of(own, &c->arena, &rows[place].time);
    now->calendars = rows;
    now->calendar_count++;
}

static void remember(struct clock_catalog *c, const struct event *e, int64_t version)
{
    if (e->type == PolicyDefined)
        remember_policy(c, &e->PolicyDefined, version);
    else
        remember_calendar(c, &e->CalendarDefined, version);
}

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
        remember(c, &e, rows_int(rows, i, 0));
    }
    return NULL;
}

static fallible read_all(struct clock_catalog *c, struct pg *db, const char *prefix)
{
    for (int t = 0; t < TABLES; t++) {
        scoped_arena a = {0};
        scoped_rows *rows = NULL;
        struct pg_statement all = {
            NULL, arena_printf(&a, "SELECT version, data FROM %s%s ORDER BY id, version", prefix,
                               tables[t])};
        TRY(pg_call(db, &all, 0, NULL, &rows));
        TRY(read_table(c, t, rows));
    }
    return NULL;
}

fallible clock_catalog_load(struct clock_catalog *c, struct pg *db, const char *schema)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    const char *prefix = schema ? arena_printf(&a, "%s.", schema) : "";
    struct pg_statement counts = {NULL,
                                  arena_printf(&a,
                                               "SELECT (SELECT count(*) FROM %spolicy_version), "
                                               "(SELECT count(*) FROM %scalendar_version)",
                                               prefix, prefix)};
    TRY(pg_call(db, &counts, 0, NULL, &rows));
    if (rows_int(rows, 0, 0) == c->now.policy_count &&
        rows_int(rows, 0, 1) == c->now.calendar_count)
        return NULL;
    clock_catalog_release(c);
    return read_all(c, db, prefix);
}

fallible clock_catalog_add(struct clock_catalog *c, struct pg *db, const struct event *e,
                           int64_t version, const char *data)
{
    scoped_arena a = {0};
    int table = e->type == PolicyDefined ? POLICY : CALENDAR;
    const char *id = table == POLICY ? e->PolicyDefined.policy_id : e->CalendarDefined.calendar_id;
    const char *values[] = {id, arena_printf(&a, "%lld", (long long)version), data};
    TRY(pg_call(db, &add_row[table], 3, values, NULL));
    remember(c, e, version);
    return NULL;
}
