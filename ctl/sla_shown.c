/* sla_shown.c -- citywatchctl sla next, explain: the view of the clocks as tables. */
#include "base/time.h"
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/sla.h"
#include "events/query_text.h"
#include "features/sla/explained.h"
#include "sla-worker/clock_catalog.h"
#include "base/banned.h"

static const char *moment_cell(struct arena *a, int64_t at)
{
    char time[TIME_TEXT];
    return at && at != NEVER ? arena_text(a, time_format(at, time)) : NULL;
}

/* ---- next ---- */

static const struct table_column next_columns[] = {
    {"at", false},    {"in_seconds", true}, {"what", false},   {"report", false},
    {"clock", false}, {"level", false},     {"target", false}, {"agency", false}};
enum { NEXT_COLUMNS = sizeof(next_columns) / sizeof(next_columns[0]) };

static const struct pg_statement NEXT_DUE = {
    NULL, "SELECT state, (extract(epoch FROM now()) * 1000000)::bigint FROM sla.report_clocks "
          "WHERE next_at IS NOT NULL ORDER BY next_at LIMIT $1::int"};

static void add_next(struct table *t, const struct ReportClocks *r,
                     const struct sla_catalog *catalog, int64_t now)
{
    static const char *const words[] = {
        [NEXT_NOTHING] = "nothing",   [NEXT_POLICY] = "another policy",
        [NEXT_PLAN] = "a newer plan", [NEXT_HOLD_ENDS] = "the hold ends",
        [NEXT_LEVEL] = "level",       [NEXT_CLOSE] = "it is closed"};
    scoped_arena a = {0};
    struct sla_clock *clocks;
    int count = report_clocks_fold(r, catalog, &a, &clocks);
    struct clocks_next next = report_clocks_next(r, clocks, count);
    const char *cells[NEXT_COLUMNS] = {moment_cell(&a, next.at),
                                       cell_int(&a, (next.at - now) / 1000000),
                                       words[next.what],
                                       r->report_id,
                                       next.clock ? next.clock->name : NULL,
                                       next.level ? next.level->name : NULL,
                                       next.level ? next.level->target : NULL,
                                       r->owner_agency};
    table_add(t, cells);
}

static fallible fill_next(struct city *c, int limit, struct clock_catalog *catalog, struct table *t)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    const char *value = cell_int(&a, limit);
    TRY(clock_catalog_load(catalog, c->views, OF_SHOWN_VIEW));
    TRY(pg_call(c->views, &NEXT_DUE, 1, &value, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        scoped_arena own = {0};
        struct ReportClocks r;
        TRY(shape_read_stored(&ReportClocks_shape, rows_text(rows, i, 0), &own, &r, NULL));
        add_next(t, &r, &catalog->now, rows_int(rows, i, 1));
    }
    return NULL;
}

int sla_next(int limit, bool json)
{
    scoped_city c = {0};
    scoped_table t = table_of(next_columns, NEXT_COLUMNS);
    struct clock_catalog catalog = {.now = {.policy_count = 0}};
    int code = city_open(&c, NEEDS_VIEWS);
    if (code)
        return code;
    const struct problem *p = fill_next(&c, limit, &catalog, &t);
    clock_catalog_release(&catalog);
    if (p)
        return failed_by(p, "sla next");
    table_print(&t, json);
    return DONE;
}

/* ---- explain ---- */

static const struct table_column explain_columns[] = {
    {"clock", false}, {"from", false}, {"to", false}, {"counted", true}, {"what", false}};
enum { EXPLAIN_COLUMNS = sizeof(explain_columns) / sizeof(explain_columns[0]) };

static void add_line(struct table *t, struct arena *a, const char *clock, int64_t from, int64_t to,
                     const char *counted, const char *what)
{
    const char *cells[EXPLAIN_COLUMNS] = {clock, moment_cell(a, from), moment_cell(a, to), counted,
                                          what};
    table_add(t, cells);
}

static const char *terms_text(const struct clock_event *e, struct arena *a)
{
    return arena_printf(a, "By version %lld of policy %s, version %lld of calendar %s: %s.%s",
                        (long long)e->terms->policy_version, e->terms->policy,
                        (long long)e->terms->calendar_version, e->terms->calendar,
                        amount_text(e->terms->allotted_us, a),
                        e->why ? arena_join(a, " Why: ", e->why, ".") : "");
}

static const char *level_text(const struct explained_clock *c, const struct sla_level *level,
                              struct arena *a)
{
    char time[TIME_TEXT];
    int64_t fired = explained_fired_at(c, level->name);
    const char *when =
        fired ? arena_join(a, "fired at ", time_format(fired, time), "") : "not fired";
    return arena_printf(a, "Level %s for %s: %s.", level->name, level->target, when);
}

/* How it stands, by what it ran, its levels, its intervals. */
static void add_clock_lines(struct table *t, const struct explained_report *r, int i)
{
    scoped_arena a = {0};
    struct explained_clock c;
    explained_clock_read(r, i, &a, &c);
    const char *name = c.clock->name;
    add_line(t, &a, name, c.clock->started_at, c.clock->ended_at,
             amount_text(c.now.consumed_us, &a), clock_text(&c, ENGLISH, &a));
    for (int k = 0; k < c.event_count; k++)
        if (c.events[k].terms)
            add_line(t, &a, name, c.events[k].at, 0, NULL, terms_text(&c.events[k], &a));
    for (int l = 0; l < c.clock->terms->level_count; l++)
        add_line(t, &a, name, clock_level_at(c.clock, l, r->record.now), 0, NULL,
                 level_text(&c, &c.clock->terms->levels[l], &a));
    for (int k = 0; k < c.interval_count; k++)
        add_line(t, &a, name, c.intervals[k].from, c.intervals[k].to,
                 amount_text(c.intervals[k].counted_us, &a),
                 interval_text(&c.intervals[k], ENGLISH, &a));
}

static void print_explained(const struct explained_report *r, bool json)
{
    scoped_table t = table_of(explain_columns, EXPLAIN_COLUMNS);
    scoped_text all = {0};
    if (json) {
        explained_write(r, &all);
        print_visible(stdout, text_value(&all));
        return;
    }
    for (int i = 0; i < r->count; i++)
        add_clock_lines(&t, r, i);
    table_print(&t, false);
}

/* What GET /sla/{id}/explain reads, by nobody and of every agency. */
static fallible read_record(struct city *c, const char *report, struct arena *a,
                            struct explained_report *out)
{
    scoped_rows *rows = NULL;
    scoped_text sql = {0};
    TRY(append_query(&sql, "clocks_explained"));
    const struct pg_statement record = {NULL, text_value(&sql)};
    const char *values[] = {report, NULL, NULL, NULL, "en", "0"};
    TRY(pg_call(c->views, &record, 6, values, &rows));
    return rows_count(rows) ? explained_read(rows_text(rows, 0, 0), a, out) : NO_SUCH_REPORT;
}

int sla_explain(const char *report, bool json)
{
    scoped_city c = {0};
    scoped_arena a = {0};
    struct explained_report r;
    int code = city_open(&c, NEEDS_VIEWS);
    if (code)
        return code;
    const struct problem *p = read_record(&c, report, &a, &r);
    if (p)
        return failed_by(p, "sla explain");
    print_explained(&r, json);
    return DONE;
}
