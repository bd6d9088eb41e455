/* copy.c -- citywatchctl trim, republish: the copy of the log in Redis, shorter or anew. */
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "base/banned.h"

static const struct table_column columns[] = {{"key", false},    {"entries", true},
                                              {"first", true},   {"last", true},
                                              {"removes", true}, {"readers_before", true}};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct trim {
    struct city city;
    struct arena arena;
    const char *const *keys;
    int64_t first_kept; /* position */
    bool dry, yes, json;
};

/* Groups of the key that have not been given all that would go. */
static fallible readers_before(struct trim *t, const char *key, int64_t *out)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    *out = 0;
    TRY(redis_command(t->city.redis, &a, &reply, "XINFO", "GROUPS", key, NULL));
    for (int i = 0; reply.kind == REPLY_ARRAY && i < reply.count; i++)
        for (int k = 0; k + 1 < reply.at[i].count; k += 2) {
            char digits[24];
            int64_t position;
            const char *id = reply.at[i].at[k + 1].text;
            if (!id || !text_equal(reply.at[i].at[k].text, "last-delivered-id"))
                continue;
            snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(id, "-"), id);
            *out += text_to_int(digits, &position) && position < t->first_kept - 1;
        }
    return NULL;
}

/* What the key would lose if Redis kept to the position exactly; it only removes whole nodes. */
static fallible add_row(struct trim *t, const char *key, struct table *out, int64_t *all)
{
    scoped_arena a = {0};
    struct key_place place;
    int64_t removes = 0, readers;
    TRY(city_key(&t->city, key, &place));
    if (place.length && place.first < t->first_kept)
        TRY(city_count(&t->city, category_of_key(key), place.first - 1, t->first_kept - 1,
                       &removes));
    if (place.last && place.last < t->first_kept)
        removes = place.length;
    TRY(readers_before(t, key, &readers));
    const char *cells[COLUMNS] = {key,
                                  cell_int(&a, place.length),
                                  cell_int(&a, place.first),
                                  cell_int(&a, place.last),
                                  cell_int(&a, removes),
                                  cell_int(&a, readers)};
    table_add(out, cells);
    *all += removes;
    return NULL;
}

static fallible plan(struct trim *t, int64_t keep, struct table *out, int64_t *all)
{
    struct log_head head;
    TRY(city_head(&t->city, &head));
    TRY(city_keys(&t->city, head.position, &t->arena, &t->keys));
    t->first_kept = head.position > keep ? head.position - keep + 1 : 1;
    *all = 0;
    for (const char *const *key = t->keys; *key; key++)
        TRY(add_row(t, *key, out, all));
    return NULL;
}

static fallible carry_out(struct trim *t, int64_t *removed)
{
    scoped_arena a = {0};
    const char *id = arena_printf(&a, "%lld-0", (long long)t->first_kept);
    for (const char *const *key = t->keys; *key; key++) {
        struct redis_reply reply;
        TRY(redis_command(t->city.redis, &a, &reply, "XTRIM", *key, "MINID", "~", id, "LIMIT", "0",
                          NULL));
        if (reply.kind != REPLY_INT)
            return REDIS_REFUSED;
        *removed += reply.integer;
    }
    return NULL;
}

static int trim(struct trim *t, int64_t keep)
{
    int64_t all, removed = 0;
    scoped_table table = table_of(columns, COLUMNS);
    int code = city_open(&t->city, NEEDS_STORE | NEEDS_REDIS);
    if (code)
        return code;
    if (!t->dry)
        outlive_reader();
    const struct problem *p = plan(t, keep, &table, &all);
    if (p)
        return failed_by(p, "trim");
    table_print(&table, t->json);
    if (t->dry)
        return DONE;
    if (!confirmed(
            t->yes,
            "This removes up to %lld entries before position %lld from Redis, also such as a "
            "group has not been given. The store keeps every event.",
            (long long)all, (long long)t->first_kept))
        return FAILED;
    p = carry_out(t, &removed);
    if (p)
        return failed_by(p, "trim");
    fprintf(stderr, "%lld entries removed; Redis frees whole nodes only.\n", (long long)removed);
    return DONE;
}

int verb_trim(int argc, char **argv)
{
    struct trim t = {0};
    int64_t n;
    const char *keep = NULL;
    const struct option options[] = {{"--keep", &keep, NULL},
                                     {"--dry-run", NULL, &t.dry},
                                     {"--yes", NULL, &t.yes},
                                     {"--json", NULL, &t.json},
                                     {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, NULL, 0))
        return usage();
    if (!text_to_int(keep ? keep : setting_of("redis_retain_events"), &n) || n < 1)
        return wrong_usage("--keep takes a number of events from 1 on.");
    int code = trim(&t, n);
    city_close(&t.city);
    arena_release(&t.arena);
    return code;
}

/* ---- republish ---- */

static int republish(struct city *c, bool yes)
{
    struct key_place all;
    struct redis_reply reply;
    scoped_arena a = {0};
    const struct problem *p = city_key(c, "{events}:all", &all);
    if (p)
        return failed_by(p, "republish");
    if (!confirmed(
            yes,
            "This makes the relay drop all streams of Redis (%lld events) with their consumer "
            "groups and publish the newest %s events of the store again. Readers go on from "
            "their positions; groups outside must be made again.",
            (long long)all.length, setting_of("redis_retain_events")))
        return FAILED;
    p = redis_command(c->redis, &a, &reply, "DEL", "{events}:meta", NULL);
    if (p || reply.kind == REPLY_ERROR)
        return failed_by(p ? p : REDIS_REFUSED, "republish");
    fputs("The relay begins anew within a second; lag shows how far it is.\n", stderr);
    return DONE;
}

int verb_republish(int argc, char **argv)
{
    bool yes = false;
    const struct option options[] = {{"--yes", NULL, &yes}, {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, NULL, 0))
        return usage();
    scoped_city c = {0};
    int code = city_open(&c, NEEDS_REDIS);
    return code ? code : republish(&c, yes);
}
