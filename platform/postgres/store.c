/* store.c -- the event store's calls as SQL: arrays in, rows out. */
#include "platform/postgres/store.h"

#include "base/planted.h"
#include "platform/postgres/columns.h"
#include "platform/process/planted.h"
#include "base/banned.h"

/* The parameters of append_batch, in its order: name, kind of column. */
#define PARAMETERS_OF_APPEND(P) \
    P(C_ACTOR, TEXT)            \
    P(C_KEY, TEXT)              \
    P(C_DIGEST, TEXT)           \
    P(C_STATUS, INT)            \
    P(C_BODY, TEXT)             \
    P(C_VERSION, BIGINT)        \
    P(C_POSITION, BIGINT)       \
    P(C_LAST, INT)              \
    P(K_STREAM, TEXT)           \
    P(K_VERSION, BIGINT)        \
    P(L_COMMAND, INT)           \
    P(L_STREAM, TEXT)           \
    P(L_VERSION, BIGINT)        \
    P(W_COMMAND, INT)           \
    P(W_STREAM, TEXT)           \
    P(W_VERSION, BIGINT)        \
    P(W_LAST, INT)              \
    P(E_COMMAND, INT)           \
    P(E_STREAM, TEXT)           \
    P(E_VERSION, BIGINT)        \
    P(E_CATEGORY, TEXT)         \
    P(E_ID, TEXT)               \
    P(E_TYPE, TEXT)             \
    P(E_SCHEMA, INT)            \
    P(E_DATA, JSON)             \
    P(E_META, JSON)             \
    P(C_NOT_BEFORE, TIME)

#define PARAMETER_NAME(name, kind) name,
enum parameter { PARAMETERS_OF_APPEND(PARAMETER_NAME) PARAMETERS };

#define PARAMETER_KIND(name, kind) [name] = COLUMN_##kind,
static const enum column_kind kinds[PARAMETERS] = {PARAMETERS_OF_APPEND(PARAMETER_KIND)};

struct store {
    struct pg *connection;
    int64_t epoch;                     /* the caller's; 0: any */
    struct column columns[PARAMETERS]; /* of the last append: kept, the next one is as large */
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
    for (int i = 0; i < PARAMETERS; i++)
        column_release(&s->columns[i]);
    free(s);
}

struct pg *store_connection(struct store *s)
{
    return s->connection;
}

/* Names the store's problems apart from those of other databases. */
static fallible as_store(const struct store *s, const struct problem *p)
{
    if (pg_unless_absent(s->connection, p) == DATABASE_UNAVAILABLE)
        return STORE_UNAVAILABLE;
    return p == STATEMENT_REFUSED ? BATCH_REJECTED : p;
}

/* ---- append ---- */

static const struct pg_statement APPEND_BATCH = {
    "append_batch",
    "SELECT command, outcome, status, body, version, position FROM append_batch("
    "$1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::bigint[], $7::bigint[], "
    "$8::int[], $9::text[], $10::bigint[], $11::int[], $12::text[], $13::bigint[], "
    "$14::int[], $15::text[], $16::bigint[], $17::int[], "
    "$18::int[], $19::text[], $20::bigint[], $21::text[], $22::text[]::uuid[], $23::text[], "
    "$24::int[], $25::json[], $26::json[], "
    "c_not_before => $27::timestamptz[], p_epoch => $28::bigint)"};

void store_belongs(struct store *s, int64_t epoch)
{
    s->epoch = epoch;
}

static void add_command(struct column *p, const struct append *c, int last)
{
    column_string(&p[C_ACTOR], c->actor);
    column_string(&p[C_KEY], c->key);
    column_string(&p[C_DIGEST], c->digest);
    column_int(&p[C_STATUS], c->status);
    column_string(&p[C_BODY], c->body);
    column_int(&p[C_VERSION], c->version);
    column_int(&p[C_POSITION], c->position);
    column_int(&p[C_LAST], last);
    column_moment(&p[C_NOT_BEFORE], c->not_before);
}

/* `last`: index of the command's last event in it, 0: it is only looked at. */
static void add_stream(struct column *p, int command, const struct append_stream *s, int last)
{
    column_int(&p[last ? W_COMMAND : L_COMMAND], command);
    column_string(&p[last ? W_STREAM : L_STREAM], s->name);
    column_int(&p[last ? W_VERSION : L_VERSION], s->version);
    if (last)
        column_int(&p[W_LAST], last);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct append_stream *const *)a)->name,
                  (*(const struct append_stream *const *)b)->name);
}

/* The streams that exist, sorted: many commands of a batch look at the same few. */
static void add_known(struct column *p, const struct append *batch, int count, struct arena *a)
{
    size_t max = 0, known = 0;
    for (int i = 0; i < count; i++)
        max += (size_t)batch[i].stream_count;
    const struct append_stream **at = arena_array(a, max, sizeof(*at));
    for (int i = 0; i < count; i++)
        for (int k = 0; k < batch[i].stream_count; k++)
            if (batch[i].streams[k].version != 0)
                at[known++] = &batch[i].streams[k];
    qsort(at, known, sizeof(*at), by_name);
    for (size_t i = 0; i < known; i++)
        if (!i || by_name(&at[i - 1], &at[i]) || at[i - 1]->version != at[i]->version) {
            column_string(&p[K_STREAM], at[i]->name);
            column_int(&p[K_VERSION], at[i]->version);
        }
}

static void add_event(struct column *p, int command, const struct append_stream *s, int64_t version,
                      const struct append_event *e)
{
    column_int(&p[E_COMMAND], command);
    column_string(&p[E_STREAM], s->name);
    column_int(&p[E_VERSION], version);
    column_string(&p[E_CATEGORY], e->category);
    column_string(&p[E_ID], e->id);
    column_string(&p[E_TYPE], e->type);
    column_int(&p[E_SCHEMA], e->schema);
    column_string(&p[E_DATA], e->data);
    column_string(&p[E_META], e->meta);
}

/* Version of the n-th event: its stream's version, plus those before it in the same stream. */
static int64_t version_of(const struct append *c, int n)
{
    int64_t version = c->streams[c->events[n].stream].version + 1;
    for (int i = 0; i < n; i++)
        version += c->events[i].stream == c->events[n].stream;
    return version;
}

/* The command's last event in its `stream`, counted from 1; 0: none. */
static int last_in(const struct append *c, int stream)
{
    int n = c->event_count;
    while (n && c->events[n - 1].stream != stream)
        n--;
    return n;
}

static void add_batch(struct column *p, const struct append *batch, int count)
{
    int events = 0;
    for (int i = 0; i < count; i++) {
        const struct append *c = &batch[i];
        for (int k = 0; k < c->stream_count; k++) {
            int last = last_in(c, k);
            add_stream(p, i + 1, &c->streams[k], last ? events + last : 0);
        }
        for (int k = 0; k < c->event_count; k++)
            add_event(p, i + 1, &c->streams[c->events[k].stream], version_of(c, k), &c->events[k]);
        events += c->event_count;
        add_command(p, c, c->event_count ? events : 0);
    }
}

static const char *const outcome_words[] = {
    [OPEN] = "open",         [COMMITTED] = "committed",           [CHECKED] = "checked",
    [REPLAYED] = "replayed", [OUTCOME_KEY_REUSED] = "key_reused", [STALE] = "stale",
    [EARLY] = "early",
};

static enum outcome outcome_from(const char *word)
{
    for (int i = 0; i <= EARLY; i++)
        if (text_equal(outcome_words[i], word))
            return (enum outcome)i;
    return OPEN;
}

static void set_outcome(struct append *c, const struct rows *r, int row, struct arena *a)
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

fallible store_append(struct store *s, struct append *batch, int count, struct arena *a)
{
    struct pg_value values[PARAMETERS + 1];
    char epoch[8]; /* as the server takes a bigint: the greatest byte first */
    scoped_rows *rows = NULL;
    for (int i = 0; i < PARAMETERS; i++)
        column_begin(&s->columns[i], kinds[i]);
    add_batch(s->columns, batch, count);
    add_known(s->columns, batch, count, a);
    for (int i = 0; i < PARAMETERS; i++)
        values[i] = column_end(&s->columns[i]);
    for (int i = 0; i < 8; i++)
        epoch[i] = (char)(s->epoch >> (56 - 8 * i));
    bool any = !s->epoch || PLANTED(APPEND_IN_ANY_EPOCH);
    values[PARAMETERS] = (struct pg_value){any ? NULL : epoch, sizeof(epoch)};
    const struct problem *p =
        pg_call_binary(s->connection, &APPEND_BATCH, PARAMETERS + 1, values, &rows);
    if (p == STATEMENT_REFUSED && text_equal(pg_sqlstate(s->connection), "NE001"))
        return EPOCH_RAISED;
    TRY(as_store(s, p));
    if (rows_count(rows) != count)
        return BATCH_REJECTED;
    for (int i = 0; i < count; i++)
        set_outcome(&batch[i], rows, i, a);
    return PLANTED(RESULT_OUTSIDE_THE_TRANSACTION) ? planted_results(s, batch, count) : NULL;
}

/* ---- reading ---- */

#define EVENT_COLUMNS                                                                      \
    "SELECT position, version, stream, category, event_id, type, schema, data, "           \
    "meta->>'correlation_id', meta->>'causation_id', meta->>'traceparent', "               \
    "(extract(epoch FROM recorded) * 1000000)::bigint, (SELECT epoch FROM es_store) FROM " \
    "es_event "

static const struct pg_statement LOAD = {
    "store_load", EVENT_COLUMNS "WHERE stream = ANY ($1::text[]) ORDER BY stream, version"};
static const struct pg_statement READ = {
    "store_read", EVENT_COLUMNS "WHERE position > $1::bigint ORDER BY position LIMIT $2::bigint"};
static const struct pg_statement READ_DATA = {
    "store_read_data",
    "SELECT position, version, stream, NULL, NULL, type, schema, data, NULL, NULL, NULL, "
    "(extract(epoch FROM recorded) * 1000000)::bigint, NULL FROM es_event "
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
    TRY(as_store(s, pg_call(s->connection, statement, count, values, &rows)));
    out->count = rows_count(rows);
    out->epoch = out->count ? rows_int(rows, 0, 12) : 0;
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
    TRY(as_store(s, pg_call(s->connection, &HEAD, 0, NULL, &rows)));
    if (rows_count(rows) != 1)
        return BATCH_REJECTED;
    *position = rows_int(rows, 0, 0);
    *epoch = rows_int(rows, 0, 1);
    return NULL;
}

fallible store_id(struct store *s, char out[37])
{
    scoped_rows *rows = NULL;
    TRY(as_store(s, pg_call(s->connection, &IDENTITY, 0, NULL, &rows)));
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
    TRY(as_store(s, pg_call(s->connection, &CATEGORIES, 1, values, &rows)));
    for (int i = 0; i < rows_count(rows); i++)
        call(arg, rows_text(rows, i, 0), rows_int(rows, i, 1));
    return NULL;
}
