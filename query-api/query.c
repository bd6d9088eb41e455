/* query.c -- statements from SQL files. The files write qualified names, report_list.report_list:
 * a prepared statement looks names up again after a schema was renamed, so it follows a view's
 * swap; it needs no search_path per query; and two views may have tables of one name. */
#include "query-api/query.h"

#include "events/query_text.h"
#include "base/banned.h"

static const char PAGE[] = "-- :page\n";
static const char NAME_CHARACTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";

/* "-- :page": the file <this>_page, or <this>_filtered, as the relation page: to plan what finds
 * the rows of every filter costs more than to run what needs none. */
static fallible append_relations(struct text *sql, const struct route *route, const char *file,
                                 const char *page)
{
    const char *with = "WITH ";
    char name[64];
    TRY(append_query_relations(sql, file, &with));
    if (!strstr(file, PAGE))
        return NULL;
    snprintf(name, sizeof(name), "%s%s", route->file, page);
    return append_query_relation(sql, "page", name, &with);
}

/* Does a text of SQL, comments left out, name a table of that schema? */
static bool reads(const char *sql, const char *schema)
{
    size_t length = strlen(schema);
    for (const char *at = sql; *at; at++) {
        if (text_starts(at, "--"))
            at += strcspn(at, "\n") - 1;
        else if (strncmp(at, schema, length) == 0 && at[length] == '.' &&
                 (at == sql || !strchr(NAME_CHARACTERS, at[-1])))
            return true;
    }
    return false;
}

/* What the text reads beside what the row names is shown as it stands. */
static void add_shown(struct view_set *views, const char *sql)
{
    for (int i = 0; i < VIEW_COUNT; i++)
        if (!views->use[i] && reads(sql, view_names[i]))
            views->use[i] = SHOWN_VIEW;
}

/* `all`: also those that are not waited for. */
static void append_views(struct text *sql, const struct view_set *views, bool all)
{
    const char *comma = "";
    for (int i = 0; i < VIEW_COUNT; i++)
        if (all ? views->use[i] != UNUSED_VIEW : view_is_awaited(views, i)) {
            text_printf(sql, "%s'%s'", comma, view_names[i]);
            comma = ", ";
        }
}

/* How many of $1, $2 … it takes. */
static int values_of(const struct binding *b)
{
    if (b->kind == BIND_CURSOR)
        return (int)b->max;
    return b->kind == BIND_ONE_OF || b->kind == BIND_MADE_BY || b->kind == BIND_PLANNER ? 0 : 1;
}

/* Whether events wait parked that the response would show: of one item those of its own stream, of
 * a list any. */
static void append_parked(struct text *sql, const struct route *route, const struct view_set *views)
{
    int place = 0;
    text_append(sql, "EXISTS (SELECT 1 FROM engine.parked WHERE view IN (");
    append_views(sql, views, false);
    text_append(sql, ")");
    for (const struct binding *b = route->bindings; b->kind; b++) {
        place += values_of(b);
        if (b->kind == BIND_PATH_ID)
            text_printf(sql, " AND stream = '%s-' || $%d::text", b->stream_kind, place);
    }
    text_append(sql, ")");
}

/* One statement, so one snapshot: positions and marks are those of the rows. The lowest position is
 * what the whole response reflects; the sum of all marks rises when any view changes. */
static void append_progress(struct text *sql, const struct route *route,
                            const struct view_set *views)
{
    text_append(sql, "SELECT coalesce(min(l.position), 0), (SELECT coalesce(sum(mark), 0)::bigint "
                     "FROM engine.change WHERE view IN (");
    append_views(sql, views, true);
    text_append(sql, ")), ");
    append_parked(sql, route, views);
    text_append(sql, ", coalesce(CASE WHEN bool_and(l.position >= l.serves_from) "
                     "THEN min(l.epoch) END, 0)");
    text_append(sql, " FROM engine.view v "
                     "JOIN engine.lane l ON l.name = v.lane WHERE v.name IN (");
    append_views(sql, views, false);
    text_append(sql, ")");
}

/* Adds to `views` what is shown beside them. */
static fallible write_statement(struct text *sql, const struct route *route, struct view_set *views,
                                const char *page)
{
    const char *file = query_file(route->file, strlen(route->file));
    scoped_text body = {0};
    if (!file)
        return INTERNAL;
    TRY(append_relations(&body, route, file, page));
    TRY(append_query_text(&body, file));
    add_shown(views, text_value(&body));
    text_append(sql, "SELECT lane.*, answer.* FROM (");
    append_progress(sql, route, views);
    text_printf(sql, ") lane LEFT JOIN (\n%s) answer ON true", text_value(&body));
    return NULL;
}

static bool is_about_who_asks(enum binding_kind kind)
{
    return kind >= BIND_ACTOR;
}

static struct view_set unfiltered_views(const struct view_set *views)
{
    struct view_set out = *views;
    for (int i = 0; i < VIEW_COUNT; i++)
        if (out.use[i] == USED_WHEN_FILTERED)
            out.use[i] = UNUSED_VIEW;
    return out;
}

/* Reader's settings are made for pages that an index finds in their order; a query that another
 * plan suits names its own. */
static void init_planner(struct query *q, const struct route *route)
{
    scoped_text sql = {0}, name = {0};
    for (const struct binding *b = route->bindings; b->kind; b++)
        if (b->kind == BIND_PLANNER)
            text_printf(&sql, "%s set_config('%s', '%s', true)", sql.length ? "," : "SELECT",
                        b->name, b->other);
    text_printf(&name, "%s_planner", route->file);
    if (sql.length)
        q->planner = (struct pg_statement){text_take(&name), text_take(&sql)};
}

static fallible init_row(struct query *q, const struct binding *b)
{
    q->personal = q->personal || is_about_who_asks(b->kind);
    if (b->kind == BIND_CURSOR)
        q->keys = (int)b->max;
    if (b->kind == BIND_MADE_BY)
        q->made_by = query_answer_named(b->other);
    return b->kind == BIND_MADE_BY && !q->made_by ? INTERNAL : NULL;
}

fallible query_init(struct query *q, const struct route *route)
{
    scoped_text sql = {0}, filtered = {0}, name = {0};
    struct view_set plain = unfiltered_views(&route->views), all = route->views;
    TRY(write_statement(&sql, route, &plain, "_page"));
    TRY(write_statement(&filtered, route, &all, "_filtered"));
    text_printf(&name, "%s_filtered", route->file);
    *q = (struct query){.route = route, .plain = {{route->file, text_take(&sql)}, plain}};
    if (strstr(query_file(route->file, strlen(route->file)), PAGE))
        q->filtered = (struct query_form){{text_take(&name), text_take(&filtered)}, all};
    for (const struct binding *b = route->bindings; b->kind; b++)
        TRY(init_row(q, b));
    init_planner(q, route);
    if (q->personal)
        snprintf(q->cache_control, sizeof(q->cache_control), "private, no-cache");
    else
        snprintf(q->cache_control, sizeof(q->cache_control), "public, max-age=%d", route->max_age);
    return NULL;
}

void query_release(struct query *q)
{
    free((void *)(uintptr_t)q->plain.statement.sql);
    free((void *)(uintptr_t)q->filtered.statement.sql);
    free((void *)(uintptr_t)q->filtered.statement.name);
    free((void *)(uintptr_t)q->planner.sql);
    free((void *)(uintptr_t)q->planner.name);
}
