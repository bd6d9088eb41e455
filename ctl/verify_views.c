/* verify_views.c -- a view against a fold of the log: its file or function makes it again in a
 * schema beside it, and row is compared with row, both at the same position. A page of rows is
 * compared while the view's lane is locked, which takes some milliseconds; nothing else holds the
 * projector up. */
#include "ctl/verify.h"

#include <unistd.h>

#include "view_engine/engine_parts.h"
#include "base/banned.h"

enum { ROWS = 1000, TIMES = 5, PATIENCE = 20, PATIENCE_US = 100000 };

extern const struct embedded view_files[];

struct fold {
    struct city *city;
    struct findings *findings;
    struct arena *arena;        /* of the connection's life */
    const char *name;           /* of the view; projected.view.name is the schema beside it */
    struct projected projected; /* made by its own file or function */
    int64_t at;                 /* position the fold stands at, */
    int64_t target;             /* where the view stands, */
    int64_t revision, epoch;    /* as its lane says */
    struct names left_out;      /* positions that the view was made without */
    bool over;                  /* it cannot be compared any further; said */
    bool again;                 /* a stream was retried meanwhile: from the start */
    int64_t rows;               /* compared */
};

/* ---- where the view stands ---- */

static const struct pg_statement LOCK_LANE = {
    NULL, "SELECT 1 FROM engine.lane l JOIN engine.view v ON v.lane = l.name WHERE v.name = $1 "
          "FOR UPDATE OF l"};
static const struct pg_statement PLACE = {
    NULL, "SELECT l.position, l.revision, l.epoch, v.digest FROM engine.lane l "
          "JOIN engine.view v ON v.lane = l.name WHERE v.name = $1"};
static const struct pg_statement LEFT_OUT = {
    NULL, "SELECT position FROM engine.parked WHERE view = $1 UNION "
          "SELECT position FROM engine.discarded WHERE view = $1"};

/* Within a transaction that holds the lane: rows, position and what was left out belong together.
 */
static fallible lock_place(struct fold *f, const char **digest)
{
    struct pg *db = f->city->views;
    scoped_rows *place = NULL;
    scoped_rows *left_out = NULL;
    TRY(pg_call(db, &LOCK_LANE, 1, &f->name, NULL));
    TRY(pg_call(db, &PLACE, 1, &f->name, &place));
    TRY(pg_call(db, &LEFT_OUT, 1, &f->name, &left_out));
    *digest = rows_count(place) ? arena_text(f->arena, rows_text(place, 0, 3)) : NULL;
    if (!*digest)
        return NULL;
    f->again = f->at && rows_int(place, 0, 1) != f->revision;
    f->target = rows_int(place, 0, 0);
    f->revision = rows_int(place, 0, 1);
    f->epoch = rows_int(place, 0, 2);
    names_clear(&f->left_out);
    for (int i = 0; i < rows_count(left_out); i++)
        names_add(&f->left_out, rows_text(left_out, i, 0));
    return NULL;
}

/* ---- folding ---- */

static void cannot_take(struct fold *f, const struct batch_event *e)
{
    const char *why = pg_message(f->city->views);
    f->over = true;
    if (!*why) /* it was not the database */
        why = "refused by the program's function";
    differs(f->findings, "views", f->name, e->position, "the fold cannot take this event (%s): %s",
            e->type, e->unreadable ? e->unreadable : why);
}

/* Applied in halves once something is refused, until one event is left to name. */
static fallible apply(struct fold *f, const struct batch_event *events, int count)
{
    struct pg *db = f->city->views;
    TRY(pg_run(db, "SAVEPOINT part"));
    const struct problem *p = view_apply(&f->projected, db, events, count, false);
    if (!p)
        return pg_run(db, "RELEASE SAVEPOINT part");
    if (p != UNREADABLE_EVENT)
        return p;
    if (count == 1) {
        cannot_take(f, events);
        return NULL;
    }
    TRY(pg_run(db, "ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part"));
    TRY(apply(f, events, count / 2));
    return f->over ? NULL : apply(f, events + count / 2, count - count / 2);
}

/* The next page of the log, up to f->target. */
static fallible fold_page(struct fold *f)
{
    scoped_arena a = {0};
    struct event_page page;
    int count = 0;
    TRY(store_read_data(f->city->store, f->at, BATCH_EVENTS, &a, &page));
    struct batch_event *events = arena_array(&a, (size_t)page.count, sizeof(*events));
    if (!page.count || page.at[0].position > f->target) {
        differs(f->findings, "views", f->name, f->target, "the view is ahead of the log");
        f->over = true;
        return NULL;
    }
    for (int i = 0; i < page.count && page.at[i].position <= f->target; i++) {
        f->at = page.at[i].position;
        if (!names_has(&f->left_out, arena_printf(&a, "%lld", (long long)f->at)))
            events[count++] = batch_from_store(&event_language, &page.at[i], &a);
    }
    return count ? apply(f, events, count) : NULL;
}

static fallible in_transaction(struct fold *f, const struct problem *(*step)(struct fold *f))
{
    int64_t generation;
    TRY(pg_begin(f->city->views, &generation));
    const struct problem *p = step(f);
    if (!p && !f->over)
        return pg_commit(f->city->views, generation);
    pg_roll_back(f->city->views, generation);
    return p;
}

static fallible make_schema(struct fold *f)
{
    TRY(pg_run(f->city->views, arena_printf(f->arena, "DROP SCHEMA IF EXISTS \"%s\" CASCADE",
                                            f->projected.view.name)));
    TRY(view_create(&f->projected.view, f->city->views));
    return view_complete(&f->projected.view, f->city->views, f->arena);
}

static fallible read_place(struct fold *f)
{
    struct log_head head;
    const char *digest;
    TRY(lock_place(f, &digest));
    f->over = true;
    TRY(city_head(f->city, &head));
    if (!digest)
        differs(f->findings, "views", f->name, 0, "the projector has not made this view");
    else if (!text_equal(digest, f->projected.view.digest))
        differs(f->findings, "views", f->name, 0,
                "it was made by another file: it must be rebuilt");
    else if (f->epoch != head.epoch)
        differs(f->findings, "views", f->name, 0, "epoch is %lld, the store says %lld",
                (long long)f->epoch, (long long)head.epoch);
    else
        f->over = false;
    return NULL;
}

static fallible fold_all(struct fold *f)
{
    f->at = f->rows = 0;
    TRY(in_transaction(f, read_place));
    if (!f->over)
        TRY(in_transaction(f, make_schema));
    while (!f->over && f->at < f->target) {
        TRY(in_transaction(f, fold_page));
        progress(f->findings, f->name, f->at, f->target);
    }
    return NULL;
}

/* ---- comparing ---- */

static const struct pg_statement TABLES = {
    NULL,
    "SELECT quote_ident(c.relname), string_agg(quote_ident(a.attname), ', ' ORDER BY k.n), "
    "to_regclass(quote_ident($2) || '.' || quote_ident(c.relname)) IS NOT NULL "
    "FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary "
    "CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(column_number, n) "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.column_number "
    "WHERE c.relnamespace = to_regnamespace($1) GROUP BY c.oid, c.relname ORDER BY c.relname"};

/* The next keys of both, and of each whether its rows are the same. `after` is a row as JSON, NULL
 * on the first page. A key among the first of both is among the first of its own table. */
static const char *page_sql(struct arena *a, const char *side, const char *schema,
                            const char *table, const char *key, bool first)
{
    if (first)
        return arena_printf(a, "%s AS (SELECT * FROM \"%s\".%s ORDER BY %s LIMIT %d)", side, schema,
                            table, key, ROWS);
    return arena_printf(a,
                        "%s AS (SELECT t.* FROM after_row f CROSS JOIN LATERAL (SELECT * FROM "
                        "\"%s\".%s t WHERE ROW(%s) > ROW(f.*) ORDER BY %s LIMIT %d) t)",
                        side, schema, table, key, key, ROWS);
}

static const char *compare_sql(struct fold *f, struct arena *a, const char *table, const char *key,
                               bool first)
{
    const char *own = f->projected.view.name;
    const char *after = first ? "after_row AS (SELECT $1::jsonb)"
                              : arena_printf(a,
                                             "after_row AS (SELECT %s FROM "
                                             "jsonb_populate_record(NULL::\"%s\".%s, $1::jsonb))",
                                             key, own, table);
    return arena_printf(
        a,
        "WITH %s, %s, %s, keys AS (SELECT %s FROM live UNION SELECT %s FROM fold ORDER BY %s LIMIT "
        "%d), pairs AS (SELECT to_jsonb(k.*) AS key, to_jsonb(l.*) AS l, to_jsonb(s.*) AS s "
        "FROM keys k LEFT JOIN live l USING (%s) LEFT JOIN fold s USING (%s) ORDER BY %s) "
        "SELECT key, CASE WHEN l IS NOT DISTINCT FROM s THEN NULL "
        "WHEN l IS NULL THEN 'this row is missing' WHEN s IS NULL THEN 'this row should not be' "
        "ELSE 'differs from the fold in ' || (SELECT string_agg(x.key, ', ' ORDER BY x.key) FROM "
        "jsonb_each(l) x WHERE x.value IS DISTINCT FROM s->x.key) END FROM pairs",
        after, page_sql(a, "live", f->name, table, key, first),
        page_sql(a, "fold", own, table, key, first), key, key, key, ROWS, key, key, key);
}

struct row_page {
    struct fold *fold;
    const char *table, *key;
    struct text after;
    bool more;
};

static fallible compare_rows(struct row_page *p)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    struct fold *f = p->fold;
    const char *after = p->after.length ? text_value(&p->after) : NULL;
    struct pg_statement s = {NULL, compare_sql(f, &a, p->table, p->key, !after)};
    TRY(pg_call(f->city->views, &s, 1, &after, &rows));
    int count = rows_count(rows);
    for (int i = 0; i < count; i++)
        if (rows_text(rows, i, 1))
            differs(f->findings, "views", f->name, f->at, "%s %s: %s", p->table,
                    rows_text(rows, i, 0), rows_text(rows, i, 1));
    f->rows += count;
    p->more = count == ROWS;
    text_clear(&p->after);
    if (count)
        text_append(&p->after, rows_text(rows, count - 1, 0));
    return NULL;
}

/* Locks the lane, brings the fold to where the view stands, compares one page. */
static fallible compare_page(struct row_page *p)
{
    struct fold *f = p->fold;
    int64_t generation;
    const char *digest;
    TRY(pg_begin(f->city->views, &generation));
    const struct problem *problem = lock_place(f, &digest);
    while (!problem && !f->again && !f->over && f->at < f->target)
        problem = fold_page(f);
    if (!problem && !f->again && !f->over)
        problem = compare_rows(p);
    if (!problem && !f->over)
        return pg_commit(f->city->views, generation);
    pg_roll_back(f->city->views, generation);
    return problem;
}

static fallible compare_table(struct fold *f, const char *table, const char *key)
{
    struct row_page p = {.fold = f, .table = table, .key = key, .more = true};
    const struct problem *problem = NULL;
    while (!problem && p.more && !f->again && !f->over)
        problem = compare_page(&p);
    text_release(&p.after);
    return problem;
}

static fallible compare_tables(struct fold *f)
{
    scoped_rows *rows = NULL;
    const char *values[] = {f->projected.view.name, f->name};
    TRY(pg_call(f->city->views, &TABLES, 2, values, &rows));
    for (int i = 0; i < rows_count(rows) && !f->again && !f->over; i++) {
        if (text_equal(rows_text(rows, i, 2), "t"))
            TRY(compare_table(f, rows_text(rows, i, 0), rows_text(rows, i, 1)));
        else
            differs(f->findings, "views", f->name, 0, "table %s is missing", rows_text(rows, i, 0));
    }
    return NULL;
}

/* ---- views ---- */

static fallible compare_view(struct fold *f)
{
    for (int n = 0; n < TIMES; n++) {
        f->again = false;
        TRY(fold_all(f));
        if (!f->over)
            TRY(compare_tables(f));
        if (!f->again && !f->over)
            compared(f->findings, "views", f->name, f->rows, "rows", f->at);
        if (!f->again)
            return NULL;
    }
    differs(f->findings, "views", f->name, 0, "its parked streams change all the time: try later");
    return NULL;
}

static fallible verify_view(struct fold *f)
{
    f->name = f->projected.view.name;
    view_place(&f->projected.view, arena_printf(f->arena, "verify_%s", f->name), f->arena);
    const struct problem *p = compare_view(f);
    names_clear(&f->left_out);
    TRY(p);
    return pg_run(f->city->views, arena_printf(f->arena, "DROP SCHEMA IF EXISTS \"%s\" CASCADE",
                                               f->projected.view.name));
}

static const struct pg_statement ONE_AT_A_TIME = {
    NULL, "SELECT pg_try_advisory_lock(hashtext('citywatch verify'))"};

/* The lock goes with the connection; the server may take a moment to notice that one is closed. */
static fallible lock(struct pg *db)
{
    for (int n = 0; n < PATIENCE; n++) {
        scoped_rows *rows = NULL;
        TRY(pg_call(db, &ONE_AT_A_TIME, 0, NULL, &rows));
        if (text_equal(rows_text(rows, 0, 0), "t"))
            return NULL;
        usleep(PATIENCE_US);
    }
    return VERSION_CONFLICT;
}

/* `name` NULL: all. */
static fallible verify_named(struct city *c, const char *name, struct arena *a,
                             struct findings *out)
{
    TRY(lock(c->views));
    for (const struct embedded *file = view_files; file->name; file++) {
        struct fold f = {.city = c, .findings = out, .arena = a};
        size_t stem = strcspn(file->name, ".");
        if (name && (strlen(name) != stem || strncmp(name, file->name, stem) != 0))
            continue;
        TRY(view_parse(file, &event_language, a, &f.projected.view));
        TRY(verify_view(&f));
    }
    for (const struct view_fold *kept = view_folds; kept->name; kept++) {
        struct fold f = {.city = c, .findings = out, .arena = a};
        if (name && !text_equal(name, kept->name))
            continue;
        TRY(fold_view(kept, kept->name, &event_language, a, &f.projected.view));
        TRY(verify_view(&f));
    }
    return NULL;
}

fallible verify_views(struct city *c, const char *name, struct findings *f)
{
    scoped_arena a = {0};
    const struct problem *p = verify_named(c, name, &a, f);
    pg_close(c->views); /* prepared statements are named by texts that go now */
    return p;
}
