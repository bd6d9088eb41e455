/* refill.c -- drops views that are to be filled anew. After a restore of the store, positions are
 * given out again, so views of the older epoch may hold what never happened. A function of an older
 * program is gone: nothing can apply further events to its tables. */
#include "view_engine/refill.h"

#include "base/log.h"
#include "base/banned.h"

static const struct pg_statement EPOCH = {
    "refill_epoch", "SELECT epoch, position FROM engine.lane WHERE name = $1::text"};
static const struct pg_statement VERSIONS = {"refill_views", "SELECT name FROM engine.view"};

/* Records of discarded events outlive the views, under a name that no view has: their positions
 * mean other events now. */
static const char FORGET[] =
    "UPDATE engine.discarded d SET view = d.view || '@' || (SELECT min(epoch) FROM engine.lane) "
    "WHERE d.view !~ '@'; "
    "DELETE FROM engine.parked; DELETE FROM engine.view; DELETE FROM engine.lane";

static fallible drop_all(struct engine *e)
{
    scoped_text sql = {0};
    scoped_rows *rows = NULL;
    TRY(pg_call(e->parts.views, &VERSIONS, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++)
        text_printf(&sql, "DROP SCHEMA IF EXISTS \"%s\" CASCADE; ", rows_text(rows, i, 0));
    text_append(&sql, FORGET);
    return pg_run(e->parts.views, text_value(&sql));
}

const struct problem *log_set_back(struct engine *e, const char *what, int64_t views, int64_t store)
{
    if (!e->set_back)
        log_error("the event store was restored without a new epoch: citywatchctl epoch raise",
                  KV("what", what), KV("views", views), KV("store", store));
    e->set_back = true;
    return LOG_SET_BACK;
}

fallible refill_after_epoch(struct engine *e)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(e->parts.views, &EPOCH, 1, &e->parts.home, &rows));
    if (!rows_count(rows) || rows_int(rows, 0, 0) == e->epoch)
        return NULL;
    if (rows_int(rows, 0, 0) > e->epoch)
        return log_set_back(e, "epoch", rows_int(rows, 0, 0), e->epoch);
    log_warning("the log has begun a new life: all views are filled anew from its beginning",
                KV("epoch", e->epoch), KV("was", rows_int(rows, 0, 0)), KV("head", e->newest));
    return drop_all(e);
}

/* ---- functions ---- */

static const struct pg_statement CHANGED_FOLD = {
    "refill_fold",
    "SELECT name FROM engine.view WHERE file = $1::text AND (digest <> $2::text OR EXISTS "
    "(SELECT FROM engine.view WHERE name = $1::text AND digest <> $2::text))"};
/* As after a new epoch. */
static const struct pg_statement FORGET_DISCARDED = {
    "refill_discarded", "UPDATE engine.discarded SET view = view || '@' || clock_timestamp() "
                        "WHERE view = $1::text"};

static void write_drop(struct text *sql, const char *name)
{
    text_printf(sql, "DROP SCHEMA IF EXISTS \"%s\" CASCADE; ", name);
    text_printf(sql, "DELETE FROM engine.parked WHERE view = '%s'; ", name);
    text_printf(sql, "DELETE FROM engine.view WHERE name = '%s'; ", name);
    text_printf(sql, "DELETE FROM engine.lane WHERE name = '%s'; ", name);
}

fallible refill_changed_fold(struct engine *e, const struct view *fold)
{
    scoped_rows *rows = NULL;
    scoped_text sql = {0};
    const char *values[] = {fold->name, fold->digest};
    bool serving = false;
    TRY(pg_call(e->parts.views, &CHANGED_FOLD, 2, values, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        serving |= text_equal(rows_text(rows, i, 0), fold->name);
        write_drop(&sql, rows_text(rows, i, 0));
    }
    if (!rows_count(rows)) /* dropped already, with another version */
        return NULL;
    text_append(&sql, "UPDATE engine.lane SET revision = revision + 1 "
                      "WHERE name NOT IN (SELECT name FROM engine.view)");
    TRY(pg_run(e->parts.views, text_value(&sql)));
    if (!serving)
        return NULL;
    log_warning("the function of a view has changed: it is filled anew from the log's beginning",
                KV("view", fold->name));
    return pg_call(e->parts.views, &FORGET_DISCARDED, 1, &fold->name, NULL);
}
