/* lives.c -- views of another life of the log: a restore gives positions out again, so what they
 * hold may never have happened. They are dropped with their checkpoints; the engine fills new ones.
 */
#include "view_engine/lives.h"

#include "base/log.h"
#include "base/banned.h"

static const struct pg_statement EPOCH = {
    "lives_epoch", "SELECT epoch, position FROM engine.lane WHERE name = 'main'"};
static const struct pg_statement VERSIONS = {"lives_views", "SELECT name FROM engine.view"};

/* Records of discarded events outlive the views, under a name that no view has: their positions
 * mean other events now. */
static const char FORGET[] =
    "UPDATE engine.discarded d SET view = d.view || '@' || l.epoch FROM engine.lane l "
    "WHERE l.name = 'main' AND d.view !~ '@'; "
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

const struct problem *lives_set_back(struct engine *e, const char *what, int64_t views,
                                     int64_t store)
{
    if (!e->set_back)
        log_error("the event store was restored without a new epoch: citywatchctl epoch raise",
                  KV("what", what), KV("views", views), KV("store", store));
    e->set_back = true;
    return LOG_SET_BACK;
}

fallible lives_compare(struct engine *e)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(e->parts.views, &EPOCH, 0, NULL, &rows));
    if (!rows_count(rows) || rows_int(rows, 0, 0) == e->epoch)
        return NULL;
    if (rows_int(rows, 0, 0) > e->epoch)
        return lives_set_back(e, "epoch", rows_int(rows, 0, 0), e->epoch);
    log_warning("the log has begun a new life: all views are filled anew from its beginning",
                KV("epoch", e->epoch), KV("was", rows_int(rows, 0, 0)), KV("head", e->newest));
    return drop_all(e);
}
