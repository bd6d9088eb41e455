/* groups.c -- citywatchctl groups: who consumes the streams of Redis in groups. Their lag is
 * counted from positions in the store: Redis' own is missing or wrong once a stream was trimmed. */
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "base/banned.h"

static const struct table_column columns[] = {{"key", false},      {"group", false},
                                              {"consumers", true}, {"pending", true},
                                              {"position", true},  {"lag", true}};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static const struct redis_reply *member(const struct redis_reply *map, const char *name)
{
    static const struct redis_reply none = {.kind = REPLY_NIL};
    for (int i = 0; i + 1 < map->count; i += 2)
        if (text_equal(map->at[i].text, name))
            return &map->at[i + 1];
    return &none;
}

static fallible add_group(struct city *c, const char *key, int64_t head,
                          const struct redis_reply *group, struct table *t)
{
    scoped_arena a = {0};
    int64_t position = 0, lag;
    const char *id = member(group, "last-delivered-id")->text;
    char digits[24] = {0};
    snprintf(digits, sizeof(digits), "%.*s", id ? (int)strcspn(id, "-") : 0, id ? id : "");
    text_to_int(digits, &position);
    TRY(city_count(c, category_of_key(key), position, head, &lag));
    const char *cells[COLUMNS] = {key,
                                  member(group, "name")->text,
                                  cell_int(&a, member(group, "consumers")->integer),
                                  cell_int(&a, member(group, "pending")->integer),
                                  cell_int(&a, position),
                                  cell_int(&a, lag)};
    table_add(t, cells);
    return NULL;
}

static fallible add_key(struct city *c, const char *key, int64_t head, struct table *t)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    TRY(redis_command(c->redis, &a, &reply, "XINFO", "GROUPS", key, NULL));
    if (reply.kind == REPLY_ERROR && strstr(reply.text, "no such key"))
        return NULL;
    if (reply.kind != REPLY_ARRAY)
        return REDIS_REFUSED;
    for (int i = 0; i < reply.count; i++)
        TRY(add_group(c, key, head, &reply.at[i], t));
    return NULL;
}

static fallible fill(struct city *c, struct table *t)
{
    struct log_head head;
    scoped_arena a = {0};
    const char *const *keys;
    TRY(city_head(c, &head));
    TRY(city_keys(c, head.position, &a, &keys));
    for (; *keys; keys++)
        TRY(add_key(c, *keys, head.position, t));
    return NULL;
}

int verb_groups(int argc, char **argv)
{
    bool json = false;
    const struct option options[] = {{"--json", NULL, &json}, {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, NULL, 0))
        return usage();
    return city_show(NEEDS_STORE | NEEDS_REDIS, "groups", columns, COLUMNS, fill, json);
}
