/* epoch.c -- citywatchctl epoch show|raise: which life of the log this is. */
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "base/banned.h"

static const struct table_column columns[] = {
    {"part", false}, {"epoch", true}, {"position", true}, {"id", false}};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* JSON's numbers stay whole up to here in every reader, and there is room to raise it on. */
#define MAX_EPOCH INT64_C(1000000000000000)

static const struct pg_statement LANES = {
    NULL, "SELECT name, epoch, position FROM engine.lane ORDER BY name <> 'main', name"};
/* Nothing is raised that has moved since the operator was asked. */
static const struct pg_statement RAISE = {
    NULL, "WITH held AS (UPDATE es_counter SET position = position RETURNING position) "
          "UPDATE es_store SET epoch = $2::bigint FROM held WHERE epoch = $1::bigint "
          "RETURNING epoch, held.position"};
/* From here on query-api shows nothing of the old views, whatever it has not heard yet. */
static const struct pg_statement HIDE = {
    NULL, "UPDATE engine.lane SET serves_from = 9223372036854775807"};
static const struct pg_statement LAST_OF_VIEWS = {
    NULL, "SELECT coalesce(max(epoch), 0) FROM engine.lane"};

static void add(struct table *t, const char *part, int64_t epoch, int64_t position, const char *id)
{
    scoped_arena a = {0};
    const char *cells[COLUMNS] = {part, cell_int(&a, epoch), cell_int(&a, position), id};
    table_add(t, cells);
}

static fallible fill(struct city *c, struct table *t)
{
    struct log_head head;
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

/* An epoch that nobody has seen: a backup may be older than the last time it was raised. Whoever
 * knows a number that is `above` all of them does without Redis. */
static int64_t last_known(struct city *c, int64_t epoch, int64_t above)
{
    scoped_rows *rows = NULL;
    int64_t redis = 0;
    if (above > epoch)
        epoch = above;
    if (pg_call(c->views, &LAST_OF_VIEWS, 0, NULL, &rows))
        failed("The database of the views does not tell which epoch it is of.");
    else if (rows_int(rows, 0, 0) > epoch)
        epoch = rows_int(rows, 0, 0);
    if (!above && city_redis_epoch(c, &redis))
        failed("Redis does not tell which epoch it holds.");
    return redis > epoch ? redis : epoch;
}

static int raise_from(struct city *c, const struct log_head *head, int64_t next)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    const char *values[] = {cell_int(&a, head->epoch), cell_int(&a, next)};
    const struct problem *p = pg_call(c->log, &RAISE, 2, values, &rows);
    if (p)
        return failed_by(p, "epoch raise");
    if (rows_count(rows) != 1)
        return failed("somebody else has raised it meanwhile; nothing was changed.");
    if (pg_call(c->views, &HIDE, 0, NULL, NULL))
        failed("The old views could not be hidden: they may be shown for a second.");
    printf("%s\n", rows_text(rows, 0, 0));
    fprintf(
        stderr,
        "Epoch %s has begun at position %s. What happens next, by itself:\n"
        "  - every service ends and starts again within seconds; who has a session logs in anew;\n"
        "  - the projector fills all views from the log; until then queries get 503 and\n"
        "    /ready/query-api says so; lag shows how far they are;\n"
        "  - the relay fills Redis anew; consumer groups there are gone.\n"
        "What remains to be done: disable again who was disabled since the backup; programs\n"
        "outside start again from position %s at most. verify tells when all is whole.\n",
        rows_text(rows, 0, 0), rows_text(rows, 0, 1), rows_text(rows, 0, 1));
    return DONE;
}

static int raise_epoch(bool yes, int64_t above)
{
    struct log_head head;
    scoped_city c = {0};
    int code = city_open(&c, NEEDS_STORE | NEEDS_VIEWS | (above ? 0 : NEEDS_REDIS));
    if (code)
        return code;
    const struct problem *p = city_head(&c, &head);
    if (p)
        return failed_by(p, "epoch raise");
    int64_t next = last_known(&c, head.epoch, above) + 1;
    if (!confirmed(
            yes,
            "This begins epoch %lld of the log, which ends at position %lld. It is meant for a "
            "store that was restored to an earlier point. Services start again, all sessions end, "
            "views and Redis are filled anew, and programs outside start again from a position "
            "they trust. There is no way back to epoch %lld.",
            (long long)next, (long long)head.position, (long long)head.epoch))
        return FAILED;
    return raise_from(&c, &head, next);
}

int verb_epoch(int argc, char **argv)
{
    bool yes = false, json = false;
    const char *word = NULL, *above = NULL;
    int64_t known = 0;
    const struct option options[] = {{"--above", &above, NULL},
                                     {"--yes", NULL, &yes},
                                     {"--json", NULL, &json},
                                     {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, &word, 1))
        return usage();
    if (text_equal(word, "show") && (yes || above))
        return wrong_usage("epoch show changes nothing: --yes and --above are for epoch raise.");
    if (above && (!text_to_int(above, &known) || known < 1 || known > MAX_EPOCH))
        return wrong_usage("--above %s is no number from 1 to %lld.", above, (long long)MAX_EPOCH);
    if (text_equal(word, "raise") && json)
        return wrong_usage("--json is for epoch show.");
    if (text_equal(word, "show"))
        return show(json);
    return text_equal(word, "raise") ? raise_epoch(yes, known) : wrong_word(word, "show or raise");
}
