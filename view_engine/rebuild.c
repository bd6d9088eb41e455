/* rebuild.c -- fills a new version of a view, page by page; the indexes that no upsert needs are
 * made when it is full. */
#include "view_engine/rebuild.h"

#include "view_engine/engine_parts.h"
#include "view_engine/call.h"
#include "view_engine/log_pages.h"
#include "view_engine/versions.h"
#include "base/banned.h"

enum {
    PAGE_EVENTS = 5000,
    SWAP_WITHIN = 2000 /* events that are applied while the home lane is held: some 50 ms */
};

struct rebuild {
    struct rebuild_parts parts;
    struct arena arena;
    const char *view;        /* name of the view */
    struct projected next;   /* the version that is filled, named like its schema */
    const char *indexes;     /* and statistics, yet to be made; NULL: they are there */
    struct lane lane;        /* its own */
    struct log_pages *pages; /* of the log */
    bool careful;            /* a page as a whole has been refused */
    int64_t began, goal;
    const char *why;
};

static const struct problem *because(struct rebuild *r, const struct problem *p, const char *why)
{
    r->why = arena_text(&r->arena, why);
    return p;
}

/* ---- beginning ---- */

static const struct pg_statement BESIDE = {
    "rebuild_lane", "INSERT INTO engine.lane (name, position, epoch, revision) SELECT $1::text, 0, "
                    "epoch, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint "
                    "FROM engine.lane WHERE name = (SELECT home FROM engine.view WHERE name = "
                    "$2::text) RETURNING epoch, revision"};
static const struct pg_statement LIST = {
    "rebuild_view", "INSERT INTO engine.view (name, file, version, lane, digest, text, home) "
                    "SELECT $1::text, $2::text, $3::int, $1::text, $4::text, $5::text, home "
                    "FROM engine.view WHERE name = $2::text"};
/* What is dropped before the filling, and what ends it, but for what schema $2 has already;
 * statistics, because the first query comes before autovacuum does. */
static const struct pg_statement INDEXES = {
    "rebuild_indexes",
    "SELECT coalesce(string_agg(format('DROP INDEX %I.%I', $1::text, c.relname), '; ') "
    "FILTER (WHERE NOT i.indisunique), ''), "
    "concat_ws('; ', string_agg(pg_get_indexdef(c.oid), '; ') FILTER (WHERE NOT i.indisunique "
    "AND (c.relname, $2::text) NOT IN (SELECT indexname, schemaname FROM pg_indexes)), "
    "(SELECT string_agg(format('ANALYZE %I.%I', $1::text, tablename), '; ') FROM pg_tables "
    "WHERE schemaname = $1::text)) "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "WHERE c.relnamespace = $1::text::regnamespace"};

static fallible parse(struct rebuild *r, int version)
{
    const struct view_fold *fold = fold_find(r->parts.folds, r->view);
    r->next.version = version;
    if (fold)
        return fold_view(fold, arena_printf(&r->arena, "%s_v%d", r->view, version),
                         r->parts.language, &r->arena, &r->next.view);
    for (const struct embedded *f = r->parts.files; f->name; f++) {
        if (!text_starts(f->name, r->view) || !text_equal(f->name + strlen(r->view), ".sql"))
            continue;
        struct embedded file = {arena_printf(&r->arena, "%s_v%d.sql", r->view, version), f->text};
        return view_parse(&file, r->parts.language, &r->arena, &r->next.view);
    }
    return because(r, NO_SUCH_ITEM, "this program has no file of that view");
}

/* Makes the tables as the file says, and learns what there is to be made when they are full. */
static fallible make_tables(struct rebuild *r, const char *other, const char **drop_indexes)
{
    const struct view *v = &r->next.view;
    const char *values[] = {v->name, other};
    scoped_rows *rows = NULL;
    TRY(view_create(v, r->parts.views));
    TRY(pg_call(r->parts.views, &INDEXES, 2, values, &rows));
    *drop_indexes = arena_text(&r->arena, rows_text(rows, 0, 0));
    r->indexes = arena_text(&r->arena, rows_text(rows, 0, 1));
    return NULL;
}

static fallible create_tables(struct rebuild *r)
{
    const char *drop_indexes;
    TRY(make_tables(r, "", &drop_indexes));
    TRY(view_complete(&r->next.view, r->parts.views, &r->arena));
    return pg_run(r->parts.views, drop_indexes);
}

static fallible compare_epochs(struct rebuild *r)
{
    int64_t head, epoch;
    TRY(store_head(r->parts.store, &head, &epoch));
    return epoch == r->lane.epoch
               ? NULL
               : because(r, VERSION_CONFLICT,
                         "the views belong to another epoch than the event store");
}

static fallible list(struct rebuild *r)
{
    const struct view *v = &r->next.view;
    scoped_rows *rows = NULL;
    const char *values[] = {v->name, r->view, arena_printf(&r->arena, "%d", r->next.version),
                            v->digest, v->text};
    TRY(pg_call(r->parts.views, &BESIDE, 2, (const char *[]){v->name, r->view}, &rows));
    r->lane = (struct lane){
        .name = v->name, .epoch = rows_int(rows, 0, 0), .revision = rows_int(rows, 0, 1)};
    TRY(pg_call(r->parts.views, &LIST, 5, values, NULL));
    return compare_epochs(r);
}

/* Runs `call` in a transaction of its own. */
static fallible transact(struct rebuild *r, const struct problem *(*call)(struct rebuild *r))
{
    int64_t generation;
    TRY(pg_begin(r->parts.views, &generation));
    const struct problem *p = call(r);
    if (!p)
        p = pg_commit(r->parts.views, generation);
    if (!p)
        return NULL;
    if (!*r->why && p == STATEMENT_REFUSED)
        because(r, p, pg_message(r->parts.views));
    pg_roll_back(r->parts.views, generation);
    return p;
}

static fallible create(struct rebuild *r)
{
    TRY(create_tables(r));
    return list(r);
}

/* ---- going on with one that was killed ---- */

/* The revision fences a rebuild that still fills it: what that one has not committed is rolled
 * back. */
static const struct pg_statement TAKE_OVER = {
    "rebuild_take_over", "UPDATE engine.lane SET revision = revision + 1 WHERE name = $1::text "
                         "RETURNING position, epoch, revision"};

static fallible take_over(struct rebuild *r)
{
    const char *name = r->next.view.name;
    scoped_rows *rows = NULL;
    TRY(pg_call(r->parts.views, &TAKE_OVER, 1, &name, &rows));
    if (!rows_count(rows))
        return because(r, VERSION_CONFLICT, "another version has begun to serve");
    r->began = rows_int(rows, 0, 0);
    r->lane = (struct lane){.name = name,
                            .position = r->began,
                            .epoch = rows_int(rows, 0, 1),
                            .revision = rows_int(rows, 0, 2)};
    TRY(view_complete(&r->next.view, r->parts.views, &r->arena));
    return compare_epochs(r);
}

/* Which indexes are still to be made: what the file makes under the same name, against what there
 * is, in a transaction that comes to nothing. */
static fallible find_missing_indexes(struct rebuild *r)
{
    const char *name = r->next.view.name, *aside = arena_printf(&r->arena, "%s_aside", name);
    const char *unused;
    int64_t generation;
    TRY(pg_begin(r->parts.views, &generation));
    const struct problem *p =
        pg_run(r->parts.views,
               arena_printf(&r->arena, "ALTER SCHEMA \"%s\" RENAME TO \"%s\"", name, aside));
    if (!p)
        p = make_tables(r, aside, &unused);
    pg_roll_back(r->parts.views, generation);
    return p;
}

static fallible go_on(struct rebuild *r)
{
    TRY(transact(r, take_over));
    return find_missing_indexes(r);
}

static fallible prepare(struct rebuild *r)
{
    struct versions v;
    TRY(versions_read(&r->parts, r->view, &v));
    if (!v.serving)
        return because(r, NO_SUCH_ITEM, "there is no such view, or it has not caught up yet");
    TRY(parse(r, v.serving + 1));
    if (v.filled)
        return go_on(r);
    TRY(rebuild_drop(&r->parts, r->view));
    return transact(r, create);
}

fallible rebuild_begin(const struct rebuild_parts *parts, const char *view, struct rebuild **out)
{
    struct rebuild *r = must_alloc(1, sizeof(*r));
    *r = (struct rebuild){.parts = *parts, .why = "", .next.filling = true};
    r->view = arena_text(&r->arena, view);
    r->pages = log_pages_new(parts->store, parts->language, &r->next.view, PAGE_EVENTS);
    *out = r;
    return prepare(r);
}

void rebuild_free(struct rebuild *r)
{
    if (!r)
        return;
    log_pages_free(r->pages);
    pg_close(r->parts.views); /* it remembers names of statements */
    parked_clear(&r->next.parked);
    arena_release(&r->arena);
    free(r);
}

int64_t rebuild_began(const struct rebuild *r)
{
    return r->began;
}

int64_t rebuild_position(const struct rebuild *r)
{
    return r->lane.position;
}

int64_t rebuild_goal(const struct rebuild *r)
{
    return r->goal;
}

const char *rebuild_why(const struct rebuild *r)
{
    return r->why;
}

/* ---- filling ---- */

static const struct pg_statement HOME = {
    "rebuild_home", "SELECT position FROM engine.lane WHERE name = (SELECT home FROM engine.view "
                    "WHERE name = $1::text)"};
static const struct pg_statement LEFT_OUT = {
    "rebuild_left_out", "SELECT position FROM engine.discarded WHERE view = $1 AND position > "
                        "$2::bigint ORDER BY position"};
static const struct pg_statement FIRST_FAULT = {
    "rebuild_fault", "SELECT position, type, stream, error FROM engine.parked "
                     "WHERE view = $1::text ORDER BY position LIMIT 1"};

/* A rebuild ends where an event would be parked: the fault is the file's or the log's, and in a
 * version that serves as whole nobody would notice it. */
static fallible refuse_rebuild(struct rebuild *r)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(r->parts.views, &FIRST_FAULT, 1, &r->next.view.name, &rows));
    if (rows_count(rows))
        r->why = arena_printf(&r->arena, "event %s, %s of %s: %s", rows_text(rows, 0, 0),
                              rows_text(rows, 0, 1), rows_text(rows, 0, 2), rows_text(rows, 0, 3));
    return UNREADABLE_EVENT;
}

/* Leaves out the events that an operator has discarded. Takes the others of the page up to the
 * goal; *to moves to the last one looked at. */
static fallible take_page(struct rebuild *r, const struct log_page *page, struct arena *a,
                          struct batch_event *events, int *count, int64_t *to)
{
    scoped_rows *left_out = NULL;
    const char *values[] = {r->view, arena_printf(a, "%lld", (long long)*to)};
    int next = 0;
    TRY(pg_call(r->parts.views, &LEFT_OUT, 2, values, &left_out));
    for (int i = 0; i < page->count && page->events[i].position <= r->goal; i++) {
        *to = page->events[i].position;
        while (next < rows_count(left_out) && rows_int(left_out, next, 0) < *to)
            next++;
        if (next == rows_count(left_out) || rows_int(left_out, next, 0) != *to)
            events[(*count)++] = page->events[i];
    }
    return NULL;
}

/* One page of the store, within a transaction; nothing behind the goal. A page that is taken as a
 * whole has been prepared. */
static fallible fill_page(struct rebuild *r, int64_t *to)
{
    scoped_arena a = {0};
    const struct log_page *page;
    int64_t before = *to;
    int count = 0;
    TRY(log_pages_next(r->pages, *to, &page));
    struct batch_event *events = arena_array(&a, (size_t)page->count + 1, sizeof(*events));
    TRY(take_page(r, page, &a, events, &count, to));
    if (*to == before)
        return because(r, VERSION_CONFLICT, "the event store ends before the views");
    if (count == page->count && page->calls && !r->careful)
        return view_send(&r->next.view, r->parts.views, page->calls);
    if (count)
        TRY(view_apply(&r->next, r->parts.views, events, count, true));
    return r->next.parked.events ? refuse_rebuild(r) : NULL;
}

static fallible fence(struct rebuild *r, int64_t to)
{
    const struct problem *p = lane_fence(r->parts.views, &r->lane, to, r->lane.revision);
    return p == VERSION_CONFLICT ? because(r, p, "another rebuild of this view has begun") : p;
}

static fallible fill_next(struct rebuild *r)
{
    int64_t to = r->lane.position;
    TRY(fill_page(r, &to));
    TRY(fence(r, to));
    r->lane.position = to; /* if this is not committed the rebuild is at an end */
    return NULL;
}

/* A page that is refused as a whole is tried again event by event, to name the one at fault. */
static fallible fill(struct rebuild *r, const struct problem *(*step)(struct rebuild *r))
{
    int64_t position = r->lane.position;
    r->careful = false;
    const struct problem *p = transact(r, step);
    if (p != STATEMENT_REFUSED)
        return p;
    r->careful = true;
    r->lane.position = position;
    r->why = "";
    return transact(r, step);
}

static fallible make_indexes(struct rebuild *r)
{
    TRY(fence(r, r->lane.position));
    TRY(pg_run(r->parts.views, "SET LOCAL maintenance_work_mem = '256MB'")); /* sorts in memory */
    TRY(pg_run(r->parts.views, r->indexes));
    r->indexes = NULL;
    return NULL;
}

/* ---- the swap ---- */

/* Applies the rest and exchanges the names in one transaction: a reader that finds the new tables
 * finds them complete. */
static fallible swap(struct rebuild *r)
{
    int64_t epoch, to = r->lane.position;
    struct versions v;
    TRY(home_hold(r->parts.views, r->view, &r->goal, &epoch));
    TRY(versions_read(&r->parts, r->view, &v));
    if (epoch != r->lane.epoch || v.serving != r->next.version - 1)
        return because(r, VERSION_CONFLICT, "another version has begun to serve");
    while (to < r->goal)
        TRY(fill_page(r, &to));
    TRY(fence(r, to));
    r->lane.position = to;
    return versions_exchange(r->parts.views, r->view, v.serving, r->next.version);
}

static fallible read_goal(struct rebuild *r)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(r->parts.views, &HOME, 1, &r->view, &rows));
    r->goal = rows_count(rows) ? rows_int(rows, 0, 0) : 0;
    return NULL;
}

fallible rebuild_step(struct rebuild *r, bool *done)
{
    *done = false;
    TRY(read_goal(r));
    if (r->goal - r->lane.position > SWAP_WITHIN)
        return fill(r, fill_next);
    if (r->indexes)
        return transact(r, make_indexes);
    TRY(fill(r, swap));
    *done = true;
    return NULL;
}
