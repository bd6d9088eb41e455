/* views.c -- the versions of views that an engine keeps: those that serve or have served. A version
 * is applied by the text it was made with, which the database holds, or by the program's own fold;
 * one that is being filled for a rebuild belongs to whoever fills it. */
#include "view_engine/engine_parts.h"

#include "base/log.h"
#include "base/banned.h"

/* A view that catches up has its own lane, too; a version that is being filled is not named like
 * its file. */
static const struct pg_statement KEPT = {
    "views_kept",
    "SELECT name, lane, digest, version, text, file FROM engine.view "
    "WHERE file = ANY ($1::text[]) AND (lane = $2::text OR (name = file AND lane = name)) "
    "ORDER BY name"};

static const struct pg_statement CHANGED = {"view_changed", "SELECT engine.changed($1::text)"};

fallible view_changed(struct pg *db, const char *view)
{
    return pg_call(db, &CHANGED, 1, &view, NULL);
}

/* engine.view.lane refers to engine.lane: it is there. */
static int lane_index(const struct engine *e, const char *name)
{
    int i = 0;
    while (i < e->lane_count - 1 && !text_equal(e->lanes[i].name, name))
        i++;
    return i;
}

static bool is_same(const struct projected *v, const struct rows *rows, int row)
{
    return text_equal(v->view.name, rows_text(rows, row, 0)) &&
           text_equal(v->view.digest, rows_text(rows, row, 2)) &&
           v->version == rows_int(rows, row, 3);
}

static bool are_same(const struct engine *e, const struct rows *rows)
{
    if (rows_count(rows) != e->view_count)
        return false;
    for (int i = 0; i < e->view_count; i++)
        if (!is_same(&e->views[i], rows, i))
            return false;
    return true;
}

/* Names of statements may mean other ones from now on, so the connection that has prepared them
 * goes first. */
void views_forget(struct engine *e)
{
    pg_close(e->parts.views);
    for (int i = 0; i < e->view_count; i++)
        parked_clear(&e->views[i].parked);
    e->view_count = 0;
    arena_release(&e->view_arena);
}

/* A view that catches up has a lane named like it. */
static fallible take_own(struct engine *e)
{
    const struct view *v = &e->files[e->file_count];
    if (text_equal(v->name, e->parts.home)) {
        log_error("a view is named like a lane", KV("view", v->name));
        return NOT_STARTED;
    }
    e->file_count += text_equal(v->home, e->parts.home);
    return NULL;
}

fallible views_read_own(struct engine *e)
{
    const struct engine_parts *parts = &e->parts;
    size_t count = 0;
    for (const struct embedded *f = parts->files; f->name; f++)
        count++;
    for (const struct view_fold *f = parts->folds; f && f->name; f++)
        count++;
    e->files = arena_array(&e->arena, count + 1, sizeof(*e->files));
    for (const struct embedded *f = parts->files; f->name; f++) {
        TRY(view_parse(f, parts->language, &e->arena, &e->files[e->file_count]));
        TRY(take_own(e));
    }
    for (const struct view_fold *f = parts->folds; f && f->name; f++) {
        TRY(fold_view(f, f->name, parts->language, &e->arena, &e->files[e->file_count]));
        TRY(take_own(e));
    }
    return NULL;
}

fallible engine_homes(const struct embedded *files, const struct language *language,
                      struct arena *a, const char *homes[ENGINE_HOMES_MAX], int *count)
{
    homes[0] = VIEW_HOME;
    *count = 1;
    for (const struct embedded *f = files; f->name; f++) {
        struct view v;
        int i = 0;
        TRY(view_parse(f, language, a, &v));
        while (i < *count && !text_equal(homes[i], v.home))
            i++;
        if (i == ENGINE_HOMES_MAX) {
            log_error("views have too many homes", KV("view", v.name));
            return NOT_STARTED;
        }
        homes[i] = v.home;
        *count = i < *count ? *count : i + 1;
    }
    return NULL;
}

static fallible read_version(struct engine *e, const struct rows *rows, int row, struct view *out)
{
    const char *name = rows_text(rows, row, 0);
    const struct view_fold *fold = fold_find(e->parts.folds, rows_text(rows, row, 5));
    struct embedded file = {arena_printf(&e->view_arena, "%s.sql", name), rows_text(rows, row, 4)};
    if (!fold)
        return view_parse(&file, e->parts.language, &e->view_arena, out);
    TRY(fold_view(fold, name, e->parts.language, &e->view_arena, out));
    return text_equal(out->digest, rows_text(rows, row, 2)) ? NULL : NOT_STARTED;
}

static fallible parse_all(struct engine *e, const struct rows *rows)
{
    e->views = arena_array(&e->view_arena, (size_t)rows_count(rows) + 1, sizeof(*e->views));
    for (int i = 0; i < rows_count(rows); i++) {
        e->views[i].version = (int)rows_int(rows, i, 3);
        if (read_version(e, rows, i, &e->views[i].view))
            return engine_stop(e, "a view's text of the database is not understood");
        e->view_count++;
    }
    return NULL;
}

fallible views_load(struct engine *e)
{
    scoped_rows *rows = NULL;
    scoped_text files = {0};
    for (int i = 0; i < e->file_count; i++)
        pg_array_text(&files, e->files[i].name);
    const char *values[] = {pg_array_end(&files), e->parts.home};
    TRY(pg_call(e->parts.views, &KEPT, 2, values, &rows));
    if (!are_same(e, rows)) {
        e->renewed = e->view_count > 0;
        if (e->renewed)
            return VERSION_CONFLICT;
        TRY(parse_all(e, rows));
    }
    for (int i = 0; i < e->view_count; i++) {
        e->views[i].lane = lane_index(e, rows_text(rows, i, 1));
        TRY(parked_load(&e->views[i].parked, e->parts.views, e->views[i].view.name));
    }
    return NULL;
}
