/* registry.c -- which views there are, in which lane, and where the lanes stand: schema `engine` of
 * the read database. */
#include "view_engine/engine_parts.h"
#include "view_engine/refill.h"

#include "base/log.h"
#include "base/banned.h"

/* ---- making what is missing ---- */

static const struct pg_statement LANES = {
    "lanes",
    "SELECT name, position, epoch, revision FROM engine.lane ORDER BY name <> $1::text, name"};
static const struct pg_statement NEW_LANE = {
    "lane_new", "INSERT INTO engine.lane (name, position, epoch, serves_from) "
                "VALUES ($1::text, 0, $2::bigint, $3::bigint)"};
static const struct pg_statement VIEWS = {
    "views", "SELECT name, lane, digest, file, text, home FROM engine.view"};
static const struct pg_statement NEW_VIEW = {
    "view_new", "INSERT INTO engine.view (name, file, lane, digest, text, home) "
                "VALUES ($1::text, $1::text, $2::text, $3::text, $4::text, $5::text)"};
static const struct pg_statement KEEP_TEXT = {
    "view_text", "UPDATE engine.view SET text = $2::text WHERE name = $1::text"};
/* A lane of its own at the place where the view stands. All engines load anew: it may be a view of
 * another one of them by now. */
static const struct pg_statement DETACH = {
    "view_detach",
    "WITH moved AS (UPDATE engine.lane SET revision = revision + 1 "
    "WHERE name NOT IN (SELECT name FROM engine.view) RETURNING name, position, epoch), "
    "own AS (INSERT INTO engine.lane (name, position, epoch) SELECT $1::text, position, epoch "
    "FROM moved WHERE name = $2::text RETURNING name) "
    "UPDATE engine.view SET lane = own.name FROM own WHERE view.name = $1::text"};
static const struct pg_statement ADOPT = {
    "view_adopt", "UPDATE engine.view SET home = $2::text WHERE file = $1::text"};

static const char *number(struct arena *a, int64_t n)
{
    return arena_printf(a, "%lld", (long long)n);
}

struct view *engine_file(struct engine *e, const char *name)
{
    for (int i = 0; i < e->file_count; i++)
        if (text_equal(e->files[i].name, name))
            return &e->files[i];
    return NULL;
}

struct projected *registry_find(struct engine *e, const char *name)
{
    for (int i = 0; i < e->view_count; i++)
        if (text_equal(e->views[i].view.name, name))
            return &e->views[i];
    return NULL;
}

static fallible new_lane(struct engine *e, const char *name, int64_t serves_from, struct arena *a)
{
    const char *values[] = {name, number(a, e->epoch), number(a, serves_from)};
    return pg_call(e->parts.views, &NEW_LANE, 3, values, NULL);
}

/* Syntax, names, rights: the file will be refused next time as well. */
static bool is_files_fault(const struct engine *e, const struct problem *p)
{
    return p == STATEMENT_REFUSED && text_starts(pg_sqlstate(e->parts.views), "42");
}

static fallible create_tables(struct engine *e, const struct view *v)
{
    const struct problem *p = view_create(v, e->parts.views);
    if (!is_files_fault(e, p))
        return p;
    log_error("the tables of a view could not be created", KV("view", v->name),
              KV("reason", pg_message(e->parts.views)));
    return engine_stop(e, "the tables of a view could not be created");
}

/* A new view begins in a lane of its own, unless its home has not begun either. */
static fallible add_view(struct engine *e, const struct view *v, struct arena *a)
{
    const char *lane = e->lanes[0].position ? v->name : e->lanes[0].name;
    const char *values[] = {v->name, lane, v->digest, v->text, e->parts.home};
    TRY(create_tables(e, v));
    if (e->lanes[0].position)
        TRY(new_lane(e, v->name, e->lanes[0].position, a));
    TRY(pg_call(e->parts.views, &NEW_VIEW, 5, values, NULL));
    TRY(view_changed(e->parts.views, v->name));
    log_info("view created", KV("view", v->name), KV("lane", lane));
    return NULL;
}

static fallible add_missing(struct engine *e, const bool *there, struct arena *a)
{
    bool added = false;
    for (int i = 0; i < e->file_count; i++) {
        if (there[i])
            continue;
        TRY(add_view(e, &e->files[i], a));
        added = true;
    }
    if (!added || e->lanes[0].position)
        return NULL;
    return lane_fence(e->parts.views, &e->lanes[0], 0,
                      e->lanes[0].revision + 1); /* it has new members */
}

/* A view that this program has no file for. At start it is taken for an older program's and gets a
 * lane of its own, where it stands still until a program has the file again. Later it means that
 * another program keeps views here, and the engine stops. */
static fallible unknown_view(struct engine *e, const char *name, const char *lane)
{
    const char *values[] = {name, e->parts.home};
    if (!text_equal(lane, e->parts.home))
        return NULL;
    if (e->registered)
        return engine_stop(e, "another program keeps views that this one does not know");
    log_warning("a view has no file for this lane in this program: it leaves it", KV("view", name),
                KV("lane", lane));
    return pg_call(e->parts.views, &DETACH, 2, values, NULL);
}

/* A view whose file names another home now: as soon as it has left the old one. */
static fallible adopt(struct engine *e, const char *file, const char *lane, const char *home)
{
    const char *values[] = {file, e->parts.home};
    if (text_equal(home, e->parts.home) || text_equal(lane, home))
        return NULL;
    return pg_call(e->parts.views, &ADOPT, 2, values, NULL);
}

/* Tables that were made before the database kept the file's text. */
static fallible keep_text(struct engine *e, const struct view *f, const char *digest)
{
    const char *values[] = {f->name, f->text};
    if (text_equal(f->digest, digest))
        return pg_call(e->parts.views, &KEEP_TEXT, 2, values, NULL);
    log_error("the file of a view has changed since its tables were made, and its old text is not "
              "kept: drop the schema of that name and its row in engine.view: it is read anew",
              KV("view", f->name));
    return engine_stop(e, "the file of a view has changed since its tables were made");
}

static fallible check_fold(struct engine *e, const struct view *f, const struct rows *rows, int row,
                           bool *there)
{
    bool serves = text_equal(f->name, rows_text(rows, row, 0));
    if (text_equal(f->digest, rows_text(rows, row, 2))) {
        there[f - e->files] |= serves;
        return NULL;
    }
    if (!e->registered)
        return refill_changed_fold(e, f);
    return serves ? engine_stop(e, "another program keeps a view by another function") : NULL;
}

static fallible check_registered(struct engine *e, const struct rows *rows, int row, bool *there)
{
    const char *name = rows_text(rows, row, 0), *digest = rows_text(rows, row, 2);
    struct view *f = engine_file(e, rows_text(rows, row, 3));
    if (!f)
        return unknown_view(e, name, rows_text(rows, row, 1));
    TRY(adopt(e, f->name, rows_text(rows, row, 1), rows_text(rows, row, 5)));
    if (f->fold)
        return check_fold(e, f, rows, row, there);
    if (!text_equal(f->name, name)) /* a version that does not serve */
        return NULL;
    there[f - e->files] = true;
    if (!rows_text(rows, row, 4))
        return keep_text(e, f, digest);
    if (!e->registered && !text_equal(f->digest, digest))
        log_warning("the file of a view has changed: the view is kept by its old text until it is "
                    "rebuilt: citywatchctl rebuild",
                    KV("view", name));
    return NULL;
}

static fallible read_lanes(struct engine *e)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(e->parts.views, &LANES, 1, &e->parts.home, &rows));
    arena_release(&e->lane_names);
    e->lane_count = 0;
    if (rows_count(rows) > MAX_LANES) {
        log_error("too many lanes in engine.lane", KV("lanes", rows_count(rows)));
        return engine_stop(e, "too many lanes");
    }
    for (int i = 0; i < rows_count(rows); i++) {
        e->lanes[e->lane_count++] =
            (struct lane){arena_text(&e->lane_names, rows_text(rows, i, 0)), rows_int(rows, i, 1),
                          rows_int(rows, i, 2), rows_int(rows, i, 3)};
        if (rows_int(rows, i, 2) != e->epoch) {
            log_error("the views belong to another epoch of the log: they must be rebuilt",
                      KV("lane", rows_text(rows, i, 0)), KV("epoch", rows_int(rows, i, 2)),
                      KV("store_epoch", e->epoch));
            return engine_stop(e, "the views belong to another epoch than the event store");
        }
    }
    return NULL;
}

static fallible register_views(struct engine *e)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    bool *there = arena_array(&a, (size_t)e->file_count + 1, sizeof(*there));
    TRY(pg_run(e->parts.views, "LOCK TABLE engine.view IN SHARE ROW EXCLUSIVE MODE"));
    TRY(refill_after_epoch(e));
    TRY(read_lanes(e));
    if (!e->lane_count || !text_equal(e->lanes[0].name, e->parts.home))
        TRY(new_lane(e, e->parts.home, e->newest, &a));
    TRY(pg_call(e->parts.views, &VIEWS, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++)
        TRY(check_registered(e, rows, i, there));
    TRY(read_lanes(e));
    return add_missing(e, there, &a);
}

/* ---- reading it ---- */

/* Prepares every statement, so that one the database does not take is a fault of the file, at
 * start, and not of the first event. */
static fallible prepare_view(struct engine *e, struct view *v)
{
    TRY(view_complete(v, e->parts.views, &e->view_arena));
    TRY(pg_call(e->parts.views, &v->enter, 0, NULL, NULL));
    for (int i = 0; i < v->count; i++)
        TRY(batch_prepare_on(e->parts.views, &v->statements[i]));
    return pg_run(e->parts.views, "RESET search_path");
}

static fallible prepare_all(struct engine *e)
{
    if (e->prepared_on == pg_generation(e->parts.views))
        return NULL;
    for (int i = 0; i < e->view_count; i++) {
        const struct problem *p = prepare_view(e, &e->views[i].view);
        if (is_files_fault(e, p))
            return engine_stop(e, "a statement of a view is refused by the database");
        if (p == NOT_STARTED)
            return engine_stop(e, "a view file does not fit its tables");
        TRY(p);
    }
    e->prepared_on = pg_generation(e->parts.views);
    return NULL;
}

static fallible load_within(struct engine *e)
{
    TRY(register_views(e));
    TRY(read_lanes(e));
    TRY(views_load(e));
    return prepare_all(e);
}

static fallible load(struct engine *e)
{
    int64_t generation;
    TRY(pg_begin(e->parts.views, &generation));
    const struct problem *p = load_within(e);
    if (!p)
        p = pg_commit(e->parts.views, generation);
    if (p)
        pg_roll_back(e->parts.views, generation);
    return p;
}

fallible registry_load(struct engine *e)
{
    const struct problem *p = load(e);
    if (p && e->renewed) {
        e->renewed = false;
        views_forget(e);
        p = load(e);
    }
    e->loaded = !p;
    e->registered |= !p;
    return p;
}

static const struct pg_statement HOME = {
    "lane_home", "SELECT position, revision FROM engine.lane WHERE name = $1::text"};

fallible registry_compare(struct engine *e, bool *changed)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(e->parts.views, &HOME, 1, &e->parts.home, &rows));
    *changed = rows_count(rows) != 1 || rows_int(rows, 0, 0) != e->lanes[0].position ||
               rows_int(rows, 0, 1) != e->lanes[0].revision;
    return NULL;
}

/* ---- joining ---- */

static const struct pg_statement JOIN = {
    "lane_join", "UPDATE engine.view SET lane = home WHERE lane = $1::text"};
static const struct pg_statement END_LANE = {"lane_end",
                                             "DELETE FROM engine.lane WHERE name = $1::text"};

static fallible join_within(struct engine *e, const struct lane *lane)
{
    TRY(lane_fence(e->parts.views, &e->lanes[0], e->lanes[0].position, e->lanes[0].revision + 1));
    TRY(lane_fence(e->parts.views, lane, lane->position, lane->revision + 1));
    TRY(pg_call(e->parts.views, &JOIN, 1, &lane->name, NULL));
    return pg_call(e->parts.views, &END_LANE, 1, &lane->name, NULL);
}

fallible registry_join(struct engine *e, int lane)
{
    int64_t generation;
    TRY(pg_begin(e->parts.views, &generation));
    const struct problem *p = join_within(e, &e->lanes[lane]);
    if (!p)
        p = pg_commit(e->parts.views, generation);
    if (p)
        pg_roll_back(e->parts.views, generation);
    else
        log_info("view has caught up", KV("view", e->lanes[lane].name),
                 KV("position", e->lanes[lane].position));
    return p;
}
