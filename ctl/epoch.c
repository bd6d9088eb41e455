/* epoch.c -- citywatchctl epoch show|raise: which life of the log this is. */
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "base/banned.h"

static const struct column columns[] = {
    {"part", false}, {"epoch", true}, {"position", true}, {"id", false}};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static const struct pg_statement LANES = {
    NULL, "SELECT name, epoch, position FROM engine.lane ORDER BY name <> 'main', name"};
/* Nothing is raised that has moved since the operator was asked. */
static const struct pg_statement RAISE = {
    NULL, "UPDATE es_store SET epoch = epoch + 1 WHERE epoch = $1::bigint RETURNING epoch"};

static void add(struct table *t, const char *part, int64_t epoch, int64_t position, const char *id)
{
    scoped_arena a = {0};
    const char *cells[COLUMNS] = {part, cell_int(&a, epoch), cell_int(&a, position), id};
    table_add(t, cells);
}

static fallible fill(struct city *c, struct table *t)
{
    struct head head;
    struct key_place all;
    int64_t epoch;
    char id[37];
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    TRY(city_head(c, &head));
    TRY(store_id(c->store, id));
    add(t, "store", head.epoch, head.position, id);
    TRY(city_redis_epoch(c, &epoch));
    TRY(city_key(c, "{events}:all", &all));
    add(t, "redis", epoch, all.last, NULL);
    TRY(pg_call(c->views, &LANES, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++)
        add(t, arena_printf(&a, "views: %s", rows_text(rows, i, 0)), rows_int(rows, i, 1),
            rows_int(rows, i, 2), NULL);
    return NULL;
}

static int show(bool json)
{
    return city_show(NEEDS_STORE | NEEDS_VIEWS | NEEDS_REDIS, "epoch show", columns, COLUMNS, fill,
                     json);
}

static int raise_from(struct city *c, const struct head *head)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    const char *value = cell_int(&a, head->epoch);
    const struct problem *p = pg_call(c->log, &RAISE, 1, &value, &rows);
    if (p)
        return failed_by(p, "epoch raise");
    if (rows_count(rows) != 1)
        return failed("somebody else has raised it meanwhile; nothing was changed.");
    printf("%s\n", rows_text(rows, 0, 0));
    return DONE;
}

static int raise_epoch(bool yes)
{
    struct head head;
    scoped_city c = {0};
    int code = city_open(&c, NEEDS_STORE);
    if (code)
        return code;
    const struct problem *p = city_head(&c, &head);
    if (p)
        return failed_by(p, "epoch raise");
    if (!confirmed(
            yes,
            "This begins epoch %lld of the log, which ends at position %lld. It is meant for a "
            "store that was restored to an earlier point, before anything is written to it. "
            "Redis is filled anew; the projector stops until the views are made again from the "
            "log; programs outside start again from a position they trust. There is no way "
            "back to epoch %lld.",
            (long long)head.epoch + 1, (long long)head.position, (long long)head.epoch))
        return FAILED;
    return raise_from(&c, &head);
}

int verb_epoch(int argc, char **argv)
{
    bool yes = false, json = false;
    const char *word = NULL;
    const struct option options[] = {
        {"--yes", NULL, &yes}, {"--json", NULL, &json}, {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, &word, 1))
        return usage();
    if (text_equal(word, "show") && yes)
        return wrong_usage("epoch show asks nothing: --yes is for epoch raise.");
    if (text_equal(word, "raise") && json)
        return wrong_usage("--json is for epoch show.");
    if (text_equal(word, "show"))
        return show(json);
    return text_equal(word, "raise") ? raise_epoch(yes) : wrong_word(word, "show or raise");
}
