/* store.c -- the event store's calls as SQL: arrays in, rows out. */
#include "platform/store.h"

#include <sodium.h>

#include "base/planted.h"
#include "platform/planted.h"
#include "base/banned.h"

/* Of append_batch, in its order. */
enum parameter {
    C_ACTOR,
    C_KEY,
    C_DIGEST,
    C_STATUS,
    C_BODY,
    C_VERSION,
    C_POSITION,
    C_LAST,
    S_COMMAND,
    S_STREAM,
    S_VERSION,
    S_WRITTEN,
    E_COMMAND,
    E_STREAM,
    E_VERSION,
    E_CATEGORY,
    E_ID,
    E_TYPE,
    E_SCHEMA,
    E_DATA,
    E_META,
    PARAMETERS
};

struct store {
    struct pg *connection;
    struct text *arrays; /* of the last append: kept, since the next one is as large */
};

struct store *store_new(struct pg *connection)
{
    struct store *s = must_alloc(1, sizeof(*s));
    s->connection = connection;
    return s;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    for (int i = 0; s->arrays && i < PARAMETERS; i++)
        text_release(&s->arrays[i]);
    free(s->arrays);
    free(s);
}

struct pg *store_connection(struct store *s)
{
    return s->connection;
}

/* Names the store's problems apart from those of other databases. */
static fallible as_store(const struct problem *p)
{
    if (p == DATABASE_UNAVAILABLE)
        return STORE_UNAVAILABLE;
    return p == STATEMENT_REFUSED ? BATCH_REJECTED : p;
}

/* ---- append ---- */

static const struct pg_statement APPEND_BATCH = {
    "append_batch",
    "SELECT command, outcome, status, body, version, position FROM append_batch("
    "$1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::bigint[], $7::bigint[], "
    "$8::int[], "
    "$9::int[], $10::text[], $11::bigint[], $12::boolean[], "
    "$13::int[], $14::text[], $15::bigint[], $16::text[], $17::uuid[], $18::text[], $19::int[], "
    "string_to_array($20::text, E'\\n')::json[], string_to_array($21::text, E'\\n')::json[])"};

static void add_command(struct text *p, const struct append *c, int last)
{
    pg_array_text(&p[C_ACTOR], c->actor);
    pg_array_text(&p[C_KEY], c->key);
    pg_array_text(&p[C_DIGEST], c->digest);
    pg_array_int(&p[C_STATUS], c->status);
    pg_array_text(&p[C_BODY], c->body);
    pg_array_int(&p[C_VERSION], c->version);
    pg_array_int(&p[C_POSITION], c->position);
    pg_array_int(&p[C_LAST], last);
}

static void add_stream(struct text *p, int command, const struct append_stream *s)
{
    pg_array_int(&p[S_COMMAND], command);
    pg_array_text(&p[S_STREAM], s->name);
    pg_array_int(&p[S_VERSION], s->version);
    pg_array_bool(&p[S_WRITTEN], s->written);
}

/* As elements of an array they would be quoted, and every quote of them escaped. Within JSON of
 * events there is no line break. */
static void add_line(struct text *lines, const char *json)
{
    if (lines->length)
        text_append_char(lines, '\n');
    text_append(lines, json);
}

static void add_event(struct text *p, int command, const struct append_stream *s, int64_t version,
                      const struct append_event *e)
{
    pg_array_int(&p[E_COMMAND], command);
    pg_array_text(&p[E_STREAM], s->name);
    pg_array_int(&p[E_VERSION], version);
    pg_array_text(&p[E_CATEGORY], e->category);
    pg_array_text(&p[E_ID], e->id);
    pg_array_text(&p[E_TYPE], e->type);
    pg_array_int(&p[E_SCHEMA], e->schema);
    add_line(&p[E_DATA], e->data);
    add_line(&p[E_META], e->meta);
}

/* Version of the n-th event: its stream's version, plus those before it in the same stream. */
static int64_t version_of(const struct append *c, int n)
{
    int64_t version = c->streams[c->events[n].stream].version + 1;
    for (int i = 0; i < n; i++)
        version += c->events[i].stream == c->events[n].stream;
    return version;
}

static void add_batch(struct text *p, const struct append *batch, int count)
{
    int events = 0;
    for (int i = 0; i < count; i++) {
        const struct append *c = &batch[i];
        for (int k = 0; k < c->stream_count; k++)
            add_stream(p, i + 1, &c->streams[k]);
        for (int k = 0; k < c->event_count; k++)
            add_event(p, i + 1, &c->streams[c->events[k].stream], version_of(c, k), &c->events[k]);
        events += c->event_count;
        add_command(p, c, c->event_count ? events : 0);
    }
}

static const char *const outcome_words[] = {
    [OPEN] = "open",         [COMMITTED] = "committed",  [CHECKED] = "checked",
    [REPLAYED] = "replayed", [WRONG_KEY] = "key_reused", [STALE] = "stale",
};

static enum outcome outcome_from(const char *word)
{
    for (int i = 0; i <= STALE; i++)
        if (text_equal(outcome_words[i], word))
            return (enum outcome)i;
    return OPEN;
}

static void settle(struct append *c, const struct rows *r, int row, struct arena *a)
{
    c->outcome = outcome_from(rows_text(r, row, 1));
    c->replayed_body = NULL;
    if (c->outcome == REPLAYED) {
        c->status = (int)rows_int(r, row, 2);
        c->replayed_body = arena_text(a, rows_text(r, row, 3));
    }
    if (c->outcome == REPLAYED || c->outcome == COMMITTED) {
        c->version = rows_int(r, row, 4);
        c->position = rows_int(r, row, 5);
    }
}

static struct text *empty_arrays(struct store *s)
{
    if (!s->arrays)
        s->arrays = must_alloc(PARAMETERS, sizeof(*s->arrays));
    for (int i = 0; i < PARAMETERS; i++)
        text_clear(&s->arrays[i]);
    return s->arrays;
}

fallible store_append(struct store *s, struct append *batch, int count, struct arena *a)
{
    struct text *p = empty_arrays(s);
    const char *values[PARAMETERS];
    scoped_rows *rows = NULL;
    add_batch(p, batch, count);
    for (int i = 0; i < PARAMETERS; i++)
        values[i] = i == E_DATA || i == E_META ? text_value(&p[i]) : pg_array_end(&p[i]);
    TRY(as_store(pg_call(s->connection, &APPEND_BATCH, PARAMETERS, values, &rows)));
    if (rows_count(rows) != count)
        return BATCH_REJECTED;
    for (int i = 0; i < count; i++)
        settle(&batch[i], rows, i, a);
    return PLANTED(RESULT_OUTSIDE_THE_TRANSACTION) ? planted_results(s, batch, count) : NULL;
}

/* ---- reading ---- */

#define EVENT_COLUMNS                                                            \
    "SELECT position, version, stream, category, event_id, type, schema, data, " \
    "meta->>'correlation_id', meta->>'causation_id', meta->>'traceparent', "     \
    "(extract(epoch FROM recorded) * 1000000)::bigint FROM es_event "

static const struct pg_statement LOAD = {
    "store_load", EVENT_COLUMNS "WHERE stream = ANY ($1::text[]) ORDER BY stream, version"};
static const struct pg_statement READ = {
    "store_read", EVENT_COLUMNS "WHERE position > $1::bigint ORDER BY position LIMIT $2::bigint"};
static const struct pg_statement READ_DATA = {
    "store_read_data",
    "SELECT position, version, stream, NULL, NULL, type, schema, data, NULL, NULL, NULL, "
    "(extract(epoch FROM recorded) * 1000000)::bigint FROM es_event "
    "WHERE position > $1::bigint ORDER BY position LIMIT $2::bigint"};
static const struct pg_statement READ_CATEGORY = {
    "store_read_category",
    EVENT_COLUMNS "WHERE category = $1 AND position > $2::bigint AND position <= $3::bigint "
                  "ORDER BY position LIMIT $4::bigint"};
static const struct pg_statement HEAD = {"store_head",
                                         "SELECT position, epoch FROM es_counter, es_store"};
static const struct pg_statement IDENTITY = {"store_id", "SELECT store_id FROM es_store"};
/* A loose index scan: one step a category, however many events there are. */
static const struct pg_statement CATEGORIES = {
    "store_categories",
    "WITH RECURSIVE c(category) AS ("
    "(SELECT category FROM es_event ORDER BY category LIMIT 1) UNION ALL "
    "SELECT (SELECT e.category FROM es_event e WHERE e.category > c.category "
    "ORDER BY e.category LIMIT 1) FROM c WHERE c.category IS NOT NULL) "
    "SELECT c.category, l.position FROM c, LATERAL (SELECT max(e.position) AS position "
    "FROM es_event e WHERE e.category = c.category AND e.position <= $1::bigint) l "
    "WHERE c.category IS NOT NULL AND l.position IS NOT NULL"};

static const char *text_or_empty(struct arena *a, const char *s)
{
    return s ? arena_text(a, s) : "";
}

static void copy_event(const struct rows *r, int row, struct arena *a, struct stored_event *e)
{
    *e = (struct stored_event){
        .position = rows_int(r, row, 0),
        .version = rows_int(r, row, 1),
        .stream = arena_text(a, rows_text(r, row, 2)),
        .category = arena_text(a, rows_text(r, row, 3)),
        .id = arena_text(a, rows_text(r, row, 4)),
        .type = arena_text(a, rows_text(r, row, 5)),
        .schema = (int)rows_int(r, row, 6),
        .data = arena_text(a, rows_text(r, row, 7)),
        .correlation_id = text_or_empty(a, rows_text(r, row, 8)),
        .causation_id = text_or_empty(a, rows_text(r, row, 9)),
        .traceparent = text_or_empty(a, rows_text(r, row, 10)),
        .recorded = rows_int(r, row, 11),
    };
}

static fallible read_events(struct store *s, const struct pg_statement *statement, int count,
                            const char *const *values, struct arena *a, struct event_page *out)
{
    scoped_rows *rows = NULL;
    TRY(as_store(pg_call(s->connection, statement, count, values, &rows)));
    out->count = rows_count(rows);
    out->at = arena_array(a, (size_t)out->count, sizeof(*out->at));
    for (int i = 0; i < out->count; i++)
        copy_event(rows, i, a, &out->at[i]);
    return NULL;
}

fallible store_load(struct store *s, const char *const *streams, int count, struct arena *a,
                    struct event_page *out)
{
    scoped_text names = {0};
    for (int i = 0; i < count; i++)
        pg_array_text(&names, streams[i]);
    const char *values[] = {pg_array_end(&names)};
    return read_events(s, &LOAD, 1, values, a, out);
}

fallible store_read(struct store *s, int64_t position, int limit, struct arena *a,
                    struct event_page *out)
{
    const char *values[] = {arena_printf(a, "%lld", (long long)position),
                            arena_printf(a, "%d", limit)};
    return read_events(s, &READ, 2, values, a, out);
}

fallible store_read_data(struct store *s, int64_t position, int limit, struct arena *a,
                         struct event_page *out)
{
    const char *values[] = {arena_printf(a, "%lld", (long long)position),
                            arena_printf(a, "%d", limit)};
    return read_events(s, &READ_DATA, 2, values, a, out);
}

fallible store_read_category(struct store *s, const char *category, int64_t position, int64_t to,
                             int limit, struct arena *a, struct event_page *out)
{
    const char *values[] = {category, arena_printf(a, "%lld", (long long)position),
                            arena_printf(a, "%lld", (long long)to), arena_printf(a, "%d", limit)};
    return read_events(s, &READ_CATEGORY, 4, values, a, out);
}

fallible store_head(struct store *s, int64_t *position, int64_t *epoch)
{
    scoped_rows *rows = NULL;
    TRY(as_store(pg_call(s->connection, &HEAD, 0, NULL, &rows)));
    if (rows_count(rows) != 1)
        return BATCH_REJECTED;
    *position = rows_int(rows, 0, 0);
    *epoch = rows_int(rows, 0, 1);
    return NULL;
}

fallible store_id(struct store *s, char out[37])
{
    scoped_rows *rows = NULL;
    TRY(as_store(pg_call(s->connection, &IDENTITY, 0, NULL, &rows)));
    if (rows_count(rows) != 1)
        return BATCH_REJECTED;
    snprintf(out, 37, "%s", rows_text(rows, 0, 0));
    return NULL;
}

fallible store_categories(struct store *s, int64_t position,
                          void (*call)(void *arg, const char *category, int64_t last), void *arg)
{
    scoped_rows *rows = NULL;
    scoped_arena a = {0};
    const char *values[] = {arena_printf(&a, "%lld", (long long)position)};
    TRY(as_store(pg_call(s->connection, &CATEGORIES, 1, values, &rows)));
    for (int i = 0; i < rows_count(rows); i++)
        call(arg, rows_text(rows, i, 0), rows_int(rows, i, 1));
    return NULL;
}

/* ---- hashes ---- */

void store_hash(const unsigned char key[32], const char *const *parts, int count,
                char out[HASH_TEXT])
{
    crypto_generichash_state state;
    unsigned char hash[32];
    crypto_generichash_init(&state, key, 32, sizeof(hash));
    for (int i = 0; i < count; i++) { /* lengths in front: "a","bc" is not "ab","c" */
        uint64_t length = strlen(parts[i]);
        crypto_generichash_update(&state, (const unsigned char *)&length, sizeof(length));
        crypto_generichash_update(&state, (const unsigned char *)parts[i], length);
    }
    crypto_generichash_final(&state, hash, sizeof(hash));
    text_hex(hash, sizeof(hash), out);
}
