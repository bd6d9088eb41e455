/* batch.c -- from the store's or the stream's form to the relation `batch`. */
#include "projector/batch.h"

#include "base/time.h"
#include "base/banned.h"

static int version_of(const char *type)
{
    enum event_type t;
    return event_type_from(type, &t) ? event_version(t) : 0;
}

const struct language event_language = {version_of, event_upcasters};

enum { UNKNOWN_TYPE, NEWER_SCHEMA, UNFIT };
const char *const batch_unreadable[] = {"unknown type", "newer schema",
                                        "does not fit its old schema", NULL};

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
    if (!time_parse(s->fields[ENTRY_TIME], &e.recorded) || !*e.stream || e.version < 1)
        return false;
    upcast(l, s->schema, s->fields[ENTRY_DATA], a, &e);
    *out = e;
    return true;
}

/* ---- who is given what ---- */

static bool is_named(const struct view_statement *s, const char *type)
{
    for (const char *const *t = s->types; *t; t++)
        if (text_equal(*t, type))
            return true;
    return false;
}

bool statement_wants(const struct view_statement *s, const struct batch_event *e)
{
    return s->prefix ? text_starts(e->stream, s->prefix) && !is_named(s, e->type)
                     : is_named(s, e->type);
}

bool view_wants(const struct view *v, const struct batch_event *e)
{
    for (int i = 0; i < v->count; i++)
        if (statement_wants(&v->statements[i], e))
            return true;
    return e->unreadable != NULL;
}

/* ---- arrays ---- */

enum { POSITION, STREAM, VERSION, TYPE, RECORDED, DATA };

struct columns {
    struct text at[BATCH_COLUMNS];
};

static void columns_release(struct columns *c)
{
    for (int i = 0; i < BATCH_COLUMNS; i++)
        text_release(&c->at[i]);
}

/* A line break in JSON is space between its tokens: within texts it is written \\n. */
static void add_line(struct text *lines, const char *data)
{
    if (lines->length)
        text_append_char(lines, '\n');
    for (size_t n; (n = strcspn(data, "\n")), true; data += n + 1) {
        text_append_bytes(lines, data, n);
        if (!data[n])
            break;
        text_append_char(lines, ' ');
    }
}

static void add(struct columns *c, const struct batch_event *e)
{
    pg_array_int(&c->at[POSITION], e->position);
    pg_array_text(&c->at[STREAM], e->stream);
    pg_array_int(&c->at[VERSION], e->version);
    pg_array_text(&c->at[TYPE], e->type);
    pg_array_int(&c->at[RECORDED], e->recorded);
    add_line(&c->at[DATA], e->data);
}

static fallible call(struct pg *db, const struct view_statement *s, struct columns *c)
{
    const char *values[BATCH_COLUMNS];
    for (int i = 0; i < DATA; i++)
        values[i] = pg_array_end(&c->at[i]);
    values[DATA] = text_value(&c->at[DATA]);
    return pg_call(db, &s->sql, BATCH_COLUMNS, values, NULL);
}

fallible batch_run(struct pg *db, const struct view_statement *s,
                   const struct batch_event *const *events, int count)
{
    __attribute__((cleanup(columns_release))) struct columns c = {0};
    for (int i = 0; i < count; i++)
        if (statement_wants(s, events[i]))
            add(&c, events[i]);
    return c.at[POSITION].length ? call(db, s, &c) : NULL;
}

fallible batch_rehearse(struct pg *db, const struct view_statement *s)
{
    __attribute__((cleanup(columns_release))) struct columns c = {0};
    return call(db, s, &c);
}
