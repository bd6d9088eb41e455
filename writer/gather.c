/* gather.c -- see gather.h. */
#include "writer/gather.h"

#include "events/gather.h"
#include "events/query_text.h"
#include "platform/postgres/postgres.h"
#include "platform/postgres/sessions.h"
#include "base/banned.h"

/* After a failure it lets the database be for a while. */
static const int64_t BACK_OFF_US = 250000;

struct gatherer {
    struct pg *views;
    struct pg_statement *statements; /* of gather_rows; made when first wanted */
    int64_t away_until;              /* monotonic */
};

static int count_rows(void)
{
    int n = 0;
    while (gather_rows[n].file)
        n++;
    return n;
}

struct gatherer *gatherer_new(const struct settings *settings, const char *name)
{
    struct gatherer *g = must_alloc(1, sizeof(*g));
    g->views = pg_new(settings->read_database_url, name, lookup_session,
                      (int)settings->database_timeout_ms);
    g->statements = must_alloc((size_t)count_rows() + 1, sizeof(*g->statements));
    return g;
}

void gatherer_free(struct gatherer *g)
{
    if (!g)
        return;
    for (int i = 0; gather_rows[i].file; i++)
        free((void *)(uintptr_t)g->statements[i].sql);
    free(g->statements);
    pg_free(g->views);
    free(g);
}

static fallible statement_of(struct gatherer *g, const struct gather_row *row,
                             const struct pg_statement **out)
{
    struct pg_statement *s = &g->statements[row - gather_rows];
    if (!s->sql) {
        scoped_text sql = {0};
        TRY(append_query(&sql, row->file));
        *s = (struct pg_statement){row->file, text_take(&sql)};
    }
    *out = s;
    return NULL;
}

static fallible call(struct gatherer *g, const struct gather_row *row, const struct command *c,
                     struct rows **rows)
{
    const struct pg_statement *s;
    scoped_text body = {0};
    shape_write(command_shape(c->type), c->body, &body);
    const char *values[] = {text_value(&body), role_name(c->actor.role), c->actor.agency};
    if (time_monotonic() < g->away_until)
        return DATABASE_UNAVAILABLE;
    TRY(statement_of(g, row, &s));
    const struct problem *p =
        pg_unless_absent(g->views, pg_call_again(g->views, s, 3, values, rows));
    if (p == DATABASE_UNAVAILABLE)
        g->away_until = time_monotonic() + BACK_OFF_US;
    return p;
}

fallible gather(struct gatherer *g, struct pending *p)
{
    scoped_rows *rows = NULL;
    const struct gather_row *row = gather_of(&p->command);
    if (!row)
        return NULL;
    TRY(call(g, row, &p->command, &rows));
    if (!rows_count(rows) || !rows_text(rows, 0, 0))
        return NULL;
    void *found = arena_alloc(p->arena, row->shape->size);
    TRY(shape_read_stored(row->shape, rows_text(rows, 0, 0), p->arena, found, NULL));
    p->command.prepared = found;
    return NULL;
}
