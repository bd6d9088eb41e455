/* versions.c -- the versions of a view in the database: which there are, the exchange of two, and
 * their end. Whoever changes what a home lane consists of raises its revision first, so an engine's
 * next batch is refused and it loads anew. */
#include "view_engine/versions.h"

#include "view_engine/engine_parts.h"
#include "base/banned.h"

/* How far a version is filled that a rebuild may go on with: in this epoch of the log, and without
 * an event that was given up on since. */
static const struct pg_statement VERSIONS = {
    "versions",
    "SELECT v.name = v.file, v.version, v.lane = v.home, v.digest, "
    "CASE WHEN l.epoch = m.epoch AND l.position <= m.position AND NOT EXISTS (SELECT FROM "
    "engine.discarded d WHERE d.view = v.file AND d.position <= l.position "
    "AND d.discarded >= v.created) THEN l.position ELSE 0 END "
    "FROM engine.view v JOIN engine.lane l ON l.name = v.lane "
    "LEFT JOIN engine.lane m ON m.name = v.home WHERE v.file = $1::text ORDER BY v.version"};

static const char *digest_of_file(const struct rebuild_parts *parts, const char *view,
                                  struct arena *a)
{
    struct view v;
    const struct view_fold *fold = fold_find(parts->folds, view);
    if (fold)
        return fold_view(fold, view, parts->language, a, &v) ? NULL : v.digest;
    for (const struct embedded *f = parts->files; f->name; f++) {
        if (text_starts(f->name, view) && text_equal(f->name + strlen(view), ".sql"))
            return view_parse(f, parts->language, a, &v) ? NULL : v.digest;
    }
    return NULL;
}

fallible versions_read(const struct rebuild_parts *parts, const char *view, struct versions *out)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    const char *digest = digest_of_file(parts, view, &a);
    *out = (struct versions){0};
    TRY(pg_call(parts->views, &VERSIONS, 1, &view, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        bool whole = text_equal(rows_text(rows, i, 2), "t");
        if (text_equal(rows_text(rows, i, 0), "f")) {
            out->other = (int)rows_int(rows, i, 1);
            out->other_is_whole = whole;
            out->filled = !whole && out->other == out->serving + 1 &&
                                  text_equal(digest, rows_text(rows, i, 3))
                              ? rows_int(rows, i, 4)
                              : 0;
        } else if (whole) {
            out->serving = (int)rows_int(rows, i, 1);
            out->changed = !text_equal(digest, rows_text(rows, i, 3));
        }
    }
    return NULL;
}

/* ---- the home lane ---- */

static const struct pg_statement HOLD = {
    "home_hold", "UPDATE engine.lane SET revision = revision + 1 WHERE name = (SELECT home FROM "
                 "engine.view WHERE name = $1::text) RETURNING position, epoch"};

fallible home_hold(struct pg *db, const char *view, int64_t *position, int64_t *epoch)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(db, &HOLD, 1, &view, &rows));
    if (rows_count(rows) != 1)
        return NO_SUCH_ITEM;
    *position = rows_int(rows, 0, 0);
    *epoch = rows_int(rows, 0, 1);
    return NULL;
}

/* ---- exchange ---- */

static const struct pg_statement RENAME = {
    "version_rename", "UPDATE engine.view SET name = $2::text, lane = home WHERE name = $1::text"};
static const struct pg_statement END_LANE = {"version_lane_end",
                                             "DELETE FROM engine.lane WHERE name = $1::text"};

fallible versions_exchange(struct pg *db, const char *view, int serving, int next)
{
    scoped_arena a = {0};
    const char *old = arena_printf(&a, "%s_v%d", view, serving);
    const char *new = arena_printf(&a, "%s_v%d", view, next);
    const char *back[] = {view, old}, *forth[] = {new, view};
    TRY(pg_run(db, arena_printf(&a,
                                "ALTER SCHEMA \"%s\" RENAME TO \"%s\"; "
                                "ALTER SCHEMA \"%s\" RENAME TO \"%s\"",
                                view, old, new, view)));
    TRY(pg_call(db, &RENAME, 2, back, NULL));
    TRY(pg_call(db, &RENAME, 2, forth, NULL));
    TRY(view_changed(db, view));
    return pg_call(db, &END_LANE, 1, &new, NULL);
}

static fallible swap_back_within(const struct rebuild_parts *parts, const char *view)
{
    int64_t position, epoch;
    struct versions v;
    TRY(home_hold(parts->views, view, &position, &epoch));
    TRY(versions_read(parts, view, &v));
    if (!v.serving || !v.other || !v.other_is_whole)
        return NO_SUCH_ITEM;
    return versions_exchange(parts->views, view, v.serving, v.other);
}

fallible rebuild_swap_back(const struct rebuild_parts *parts, const char *view)
{
    int64_t generation;
    TRY(pg_begin(parts->views, &generation));
    const struct problem *p = swap_back_within(parts, view);
    if (!p)
        return pg_commit(parts->views, generation);
    pg_roll_back(parts->views, generation);
    return p;
}

/* ---- the end of versions ---- */

static const struct pg_statement OTHERS = {
    "version_others", "SELECT name FROM engine.view WHERE file = $1::text AND name <> file"};
static const struct pg_statement UNPARK = {"version_unpark",
                                           "DELETE FROM engine.parked WHERE view = $1::text"};
static const struct pg_statement UNLIST = {"version_unlist",
                                           "DELETE FROM engine.view WHERE name = $1::text"};
static const struct pg_statement LEFT_OVER = {
    "version_left_over",
    "SELECT nspname FROM pg_namespace WHERE nspname ~ ('^' || $1::text || '_v[0-9]+$') "
    "AND nspname NOT IN (SELECT name FROM engine.view)"};

static fallible unlist_within(const struct rebuild_parts *parts, const char *view)
{
    int64_t position, epoch;
    scoped_rows *rows = NULL;
    TRY(home_hold(parts->views, view, &position, &epoch));
    TRY(pg_call(parts->views, &OTHERS, 1, &view, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        const char *name = rows_text(rows, i, 0);
        TRY(pg_call(parts->views, &UNPARK, 1, &name, NULL));
        TRY(pg_call(parts->views, &UNLIST, 1, &name, NULL));
        TRY(pg_call(parts->views, &END_LANE, 1, &name, NULL));
    }
    return NULL;
}

/* Two steps: nobody waits for the home lane while a schema waits for its last reader. */
fallible rebuild_drop(const struct rebuild_parts *parts, const char *view)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    int64_t generation;
    TRY(pg_begin(parts->views, &generation));
    const struct problem *p = unlist_within(parts, view);
    if (!p)
        p = pg_commit(parts->views, generation);
    if (p) {
        pg_roll_back(parts->views, generation);
        return p;
    }
    TRY(pg_call(parts->views, &LEFT_OVER, 1, &view, &rows));
    for (int i = 0; i < rows_count(rows); i++)
        TRY(pg_run(parts->views,
                   arena_printf(&a, "DROP SCHEMA \"%s\" CASCADE", rows_text(rows, i, 0))));
    return NULL;
}
