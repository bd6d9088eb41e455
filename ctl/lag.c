/* lag.c -- citywatchctl lag: how far each copy of the log is behind it. */
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "base/banned.h"

static const struct table_column columns[] = {{"part", false},  {"name", false}, {"position", true},
                                              {"behind", true}, {"age", true},   {"parked", true},
                                              {"epoch", true}};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static const struct pg_statement VIEWS = {
    NULL, "SELECT l.name, v.name, l.position, l.epoch, "
          "(SELECT count(*) FROM engine.parked p WHERE p.view = v.name) "
          "FROM engine.lane l LEFT JOIN engine.view v ON v.lane = l.name ORDER BY l.name, v.name"};

/* Age: since when the first event that is missing has been waiting, in seconds. */
static fallible add(struct city *c, const struct log_head *head, struct table *t, const char *part,
                    const char *name, int64_t position, int64_t epoch, const char *parked)
{
    scoped_arena a = {0};
    int64_t behind = head->position > position ? head->position - position : 0;
    double age;
    TRY(city_waiting(c, head, position, &age));
    const char *cells[COLUMNS] = {part,
                                  name,
                                  cell_int(&a, position),
                                  cell_int(&a, behind),
                                  arena_printf(&a, "%.1f", age),
                                  parked,
                                  cell_int(&a, epoch)};
    table_add(t, cells);
    return NULL;
}

static fallible add_views(struct city *c, const struct log_head *head, struct table *t)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(c->views, &VIEWS, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        const char *lane = rows_text(rows, i, 0), *view = rows_text(rows, i, 1);
        if (!view && !text_equal(lane, "main"))
            continue;
        TRY(add(c, head, t, "view", view ? view : "(none)", rows_int(rows, i, 2),
                rows_int(rows, i, 3), rows_text(rows, i, 4)));
    }
    return NULL;
}

static fallible fill(struct city *c, struct table *t)
{
    struct log_head head;
    struct key_place all;
    int64_t epoch;
    TRY(city_redis_epoch(c, &epoch));
    TRY(city_key(c, "{events}:all", &all));
    TRY(city_head(c, &head));
    TRY(add(c, &head, t, "store", "log", head.position, head.epoch, NULL));
    TRY(add(c, &head, t, "redis", "{events}:all", all.last, epoch, NULL));
    TRY(add_views(c, &head, t));
    return NULL;
}

int verb_lag(int argc, char **argv)
{
    bool json = false;
    const struct option options[] = {{"--json", NULL, &json}, {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, NULL, 0))
        return usage();
    return city_show(NEEDS_STORE | NEEDS_VIEWS | NEEDS_REDIS, "lag", columns, COLUMNS, fill, json);
}
