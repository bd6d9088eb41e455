/* batch.c -- from the store's or the stream's form to the relation `batch`. */
#include "view_engine/batch.h"

#include "base/time.h"
#include "view_engine/call.h"
#include "view_engine/fold.h"
#include "view_engine/relation.h"
#include "base/banned.h"

static int version_of(const char *type)
{
    int t;
    return event_type_from(type, &t) ? event_version(t) : 0;
}

const struct language event_language = {version_of, event_upcasters};

enum { UNKNOWN_TYPE, NEWER_SCHEMA, UNFIT, NO_OBJECT };
const char *const batch_unreadable[] = {
    "unknown type", "newer schema", "does not fit its old schema", "data is no JSON object", NULL};

void batch_read_members(struct batch_event *e, struct arena *a)
{
    if (!members_read(e->data, a, &e->members))
        e->unreadable = batch_unreadable[NO_OBJECT];
}

/* Raises data to the current schema, or says why that cannot be. */
static void upcast(const struct language *l, int schema, const char *data, struct arena *a,
                   struct batch_event *e)
{
    int current = l->version_of(e->type);
    if (!current)
        e->unreadable = batch_unreadable[UNKNOWN_TYPE];
    else if (schema > current)
        e->unreadable = batch_unreadable[NEWER_SCHEMA];
    else if (event_upcast(l->upcasters, e->type, schema, current, data, a, &e->data))
        e->unreadable = batch_unreadable[UNFIT];
    else
        batch_read_members(e, a);
}

struct batch_event batch_from_store(const struct language *l, const struct stored_event *s,
                                    struct arena *a)
{
    struct batch_event e = {.position = s->position,
                            .version = s->version,
                            .recorded = s->recorded,
                            .stream = s->stream,
                            .type = s->type};
    upcast(l, s->schema, s->data, a, &e);
    return e;
}

bool batch_from_entry(const struct language *l, const struct entry *s, struct arena *a,
                      struct batch_event *out)
{
    struct batch_event e = {.position = s->position,
                            .version = s->version,
                            .stream = s->fields[ENTRY_SUBJECT],
                            .type = s->fields[ENTRY_TYPE]};
    if (time_read(s->fields[ENTRY_TIME], &e.recorded) || !*e.stream || e.version < 1)
        return false;
    upcast(l, s->schema, s->fields[ENTRY_DATA], a, &e);
    *out = e;
    return true;
}

/* ---- who is given what ---- */

static bool is_named(const char *const *types, const char *type)
{
    for (const char *const *t = types; *t; t++)
        if (text_equal(*t, type))
            return true;
    return false;
}

bool statement_wants(const struct view_statement *s, const struct batch_event *e)
{
    return s->prefix ? text_starts(e->stream, s->prefix) && !is_named(s->types, e->type)
                     : is_named(s->types, e->type);
}

bool view_wants(const struct view *v, const struct batch_event *e)
{
    for (int i = 0; i < v->count; i++)
        if (statement_wants(&v->statements[i], e))
            return true;
    return e->unreadable || (v->fold && is_named(v->fold->types, e->type));
}

/* ---- columns ---- */

static void add_member(struct column *c, const struct batch_column *what,
                       const struct batch_event *e)
{
    const struct member *m = members_find(&e->members, what->name);
    struct span value = {NULL, 0};
    if (m && m->text.at) /* null is none */
        value = what->source == OF_MEMBER_AS_JSON ? m->json : m->text;
    column_text(c, value.at, value.length);
}

static void add(struct column *c, const struct batch_column *what, const struct batch_event *e)
{
    switch (what->source) {
    case OF_POSITION: column_int(c, e->position); break;
    case OF_STREAM: column_string(c, e->stream); break;
    case OF_VERSION: column_int(c, e->version); break;
    case OF_TYPE: column_string(c, e->type); break;
    case OF_TIME: column_int(c, e->recorded); break;
    case OF_DATA: column_string(c, e->data); break;
    case OF_MEMBER:
    case OF_MEMBER_AS_JSON: add_member(c, what, e); break;
    }
}

static void begin_columns(struct batch_call *c, const struct view_statement *s)
{
    for (int i = 0; i < s->column_count; i++)
        column_begin(&c->columns[i], batch_is_number(&s->columns[i]) ? COLUMN_BIGINT : COLUMN_TEXT);
}

void batch_prepare(struct batch_call *c, const struct view_statement *s,
                   const struct batch_event *const *events, int count)
{
    c->events = 0;
    for (int k = 0; k < count; k++) {
        if (!statement_wants(s, events[k]))
            continue;
        if (!c->events++)
            begin_columns(c, s);
        for (int i = 0; i < s->column_count; i++)
            add(&c->columns[i], &s->columns[i], events[k]);
    }
    for (int i = 0; i < s->column_count; i++)
        c->values[i] = c->events ? column_end(&c->columns[i]) : (struct pg_value){NULL, 0};
}

fallible batch_send(struct pipeline *p, const struct view_statement *s, const struct batch_call *c)
{
    return c->events ? pipeline_add_binary(p, &s->sql, s->column_count, c->values, NULL) : NULL;
}

void batch_release(struct batch_call *c)
{
    for (int i = 0; i < BATCH_COLUMNS; i++)
        column_release(&c->columns[i]);
}

fallible batch_add(struct pipeline *p, const struct view_statement *s,
                   const struct batch_event *const *events, int count)
{
    scoped_batch_call c = {0};
    batch_prepare(&c, s, events, count);
    return batch_send(p, s, &c);
}

fallible batch_prepare_on(struct pg *db, const struct view_statement *s)
{
    scoped_batch_call c = {0};
    batch_prepare(&c, s, NULL, 0);
    return pg_call_binary(db, &s->sql, s->column_count, c.values, NULL);
}
