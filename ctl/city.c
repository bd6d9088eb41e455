/* city.c -- see city.h. */
#include "ctl/city.h"

#include <ctype.h>

#include "base/time.h"
#include "ctl/ctl.h"
#include "platform/postgres/sessions.h"
#include "platform/process/settings.h"
#include "base/banned.h"

enum { TIMEOUT_MS = 60000, REDIS_TIMEOUT_MS = 5000 };

#define TEXT                                          0
#define INT(min, max)                                 0
#define WORD_OF(words)                                0
#define SETTING(name, kind, fallback, services, help) {#name, fallback},
static const struct {
    const char *name, *fallback;
} settings[] = {
#include "platform/process/settings.def"
};
#undef SETTING

const char *setting_of(const char *name)
{
    char variable[64] = {0};
    for (size_t i = 0; name[i] && i < sizeof(variable) - 1; i++)
        variable[i] = (char)toupper((unsigned char)name[i]);
    const char *value = getenv(variable);
    for (size_t i = 0; (!value || !*value) && i < sizeof(settings) / sizeof(settings[0]); i++)
        if (text_equal(settings[i].name, name))
            return settings[i].fallback ? settings[i].fallback : "";
    return value ? value : "";
}

/* ---- life ---- */

static int open_redis(struct city *c)
{
    int64_t port;
    const char *file = setting_of("redis_password_file");
    if (!text_to_int(setting_of("redis_port"), &port) || port > 65535)
        return failed("REDIS_PORT is no port.");
    if (*file && secret_read_text(file, &c->redis_password))
        return failed("%s cannot be read.", file);
    c->redis = redis_new(setting_of("redis_host"), (int)port, c->redis_password, REDIS_TIMEOUT_MS);
    return DONE;
}

int city_open(struct city *c, int needs)
{
    const char *views = setting_of("read_database_url");
    if (needs & NEEDS_STORE) {
        c->log = database_of_environment(TIMEOUT_MS);
        if (!c->log)
            return FAILED;
        c->store = store_new(c->log);
    }
    if (needs & NEEDS_VIEWS && !*views)
        return failed("READ_DATABASE_URL is not set: it names the database of the views.");
    if (needs & NEEDS_VIEWS)
        c->views = pg_new(views, "citywatchctl", verify_session, TIMEOUT_MS);
    return needs & NEEDS_REDIS ? open_redis(c) : DONE;
}

void city_close(struct city *c)
{
    store_free(c->store);
    pg_free(c->log);
    pg_free(c->views);
    redis_free(c->redis);
    free(c->redis_password);
    *c = (struct city){0};
}

int city_show(int needs, const char *verb, const struct table_column *columns, int count,
              const struct problem *(*fill)(struct city *c, struct table *t), bool json)
{
    scoped_city c = {0};
    scoped_table t = table_of(columns, count);
    int code = city_open(&c, needs);
    if (code)
        return code;
    const struct problem *p = fill(&c, &t);
    if (p)
        return failed_by(p, verb);
    table_print(&t, json);
    return DONE;
}

/* ---- the store ---- */

static const struct pg_statement COUNT_ALL = {
    NULL, "SELECT count(*) FROM es_event WHERE position > $1::bigint AND position <= $2::bigint"};
static const struct pg_statement COUNT_CATEGORY = {
    NULL, "SELECT count(*) FROM es_event WHERE position > $1::bigint AND position <= $2::bigint "
          "AND category = $3"};
static const struct pg_statement RECORDED = {
    "ctl_recorded", "SELECT (extract(epoch FROM recorded) * 1000000)::bigint FROM es_event "
                    "WHERE position = $1::bigint"};

fallible city_head(struct city *c, struct log_head *out)
{
    return store_head(c->store, &out->position, &out->epoch);
}

fallible city_count(struct city *c, const char *category, int64_t after, int64_t to, int64_t *out)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    const char *values[] = {arena_printf(&a, "%lld", (long long)after),
                            arena_printf(&a, "%lld", (long long)to), category};
    if (category)
        TRY(pg_call(c->log, &COUNT_CATEGORY, 3, values, &rows));
    else
        TRY(pg_call(c->log, &COUNT_ALL, 2, values, &rows));
    *out = rows_int(rows, 0, 0);
    return NULL;
}

fallible city_recorded(struct city *c, int64_t position, int64_t *out)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    const char *value = arena_printf(&a, "%lld", (long long)position);
    TRY(pg_call(c->log, &RECORDED, 1, &value, &rows));
    *out = rows_count(rows) ? rows_int(rows, 0, 0) : 0;
    return NULL;
}

fallible city_waiting(struct city *c, const struct log_head *head, int64_t position, double *out)
{
    int64_t recorded = 0, now = time_now();
    if (position < head->position)
        TRY(city_recorded(c, position + 1, &recorded));
    *out = recorded && recorded < now ? (double)(now - recorded) / 1e6 : 0;
    return NULL;
}

/* ---- Redis ---- */

static int64_t position_of(const struct redis_reply *id)
{
    char digits[24] = {0};
    int64_t n = 0;
    if (id->kind != REPLY_TEXT)
        return 0;
    snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(id->text, "-"), id->text);
    return text_to_int(digits, &n) ? n : 0;
}

fallible city_key(struct city *c, const char *key, struct key_place *out)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    *out = (struct key_place){0};
    TRY(redis_command(c->redis, &a, &reply, "XINFO", "STREAM", key, NULL));
    if (reply.kind == REPLY_ERROR && strstr(reply.text, "no such key"))
        return NULL;
    if (reply.kind != REPLY_ARRAY)
        return REDIS_REFUSED;
    for (int i = 0; i + 1 < reply.count; i += 2) {
        const struct redis_reply *value = &reply.at[i + 1];
        if (text_equal(reply.at[i].text, "length"))
            out->length = value->integer;
        if (text_equal(reply.at[i].text, "last-generated-id"))
            out->last = position_of(value);
        if (text_equal(reply.at[i].text, "first-entry") && value->kind == REPLY_ARRAY &&
            value->count)
            out->first = position_of(&value->at[0]);
    }
    return NULL;
}

fallible city_redis_epoch(struct city *c, int64_t *out)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    TRY(redis_command(c->redis, &a, &reply, "HGET", "{events}:meta", "epoch", NULL));
    if (reply.kind == REPLY_ERROR)
        return REDIS_REFUSED;
    *out = 0;
    if (reply.kind == REPLY_TEXT)
        text_to_int(reply.text, out);
    return NULL;
}

struct key_list {
    struct arena *arena;
    const char **keys;
    int count;
};

enum { MAX_KEYS = 64 };

static void add_key(void *arg, const char *category, int64_t last)
{
    struct key_list *list = arg;
    (void)last;
    if (list->count < MAX_KEYS - 1)
        list->keys[list->count++] = arena_printf(list->arena, "{events}:%s", category);
}

fallible city_keys(struct city *c, int64_t position, struct arena *a, const char *const **out)
{
    struct key_list list = {a, arena_array(a, MAX_KEYS, sizeof(*list.keys)), 1};
    list.keys[0] = "{events}:all";
    TRY(store_categories(c->store, position, add_key, &list));
    *out = list.keys;
    return NULL;
}

const char *category_of_key(const char *key)
{
    const char *name = key + strlen("{events}:");
    return text_equal(name, "all") ? NULL : name;
}
