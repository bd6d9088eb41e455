/* live.c -- arguments of positions.lua and what its answers mean; reading the stream. */
#include "positions/live.h"

#include <stdio.h>

#include "base/embedded.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/redis/script.h"
#include "base/banned.h"

#define STREAM_KEY "{city}:fixes"
#define COUNT_KEY  "{city}:fixes:count"

enum {
    VALUES_PER_FIX = 5,
    FIXED_KEYS = 3,
    ARGUMENTS_MAX = SCRIPT_ARGUMENTS_FIRST + 1 + FIXED_KEYS + 3 + LIVE_BATCH * (1 + VALUES_PER_FIX)
};

extern const struct embedded position_scripts[];

struct live {
    struct redis *redis;
    struct redis_script script;
    char stream_max[INT_TEXT];
    struct redis_argument args[ARGUMENTS_MAX];
    int count;
    struct arena arena; /* of one call; its newest block is kept */
};

struct live *live_new(struct redis *connection, int64_t stream_max)
{
    struct live *l = must_alloc(1, sizeof(*l));
    l->redis = connection;
    l->script.text = position_scripts[0].text;
    snprintf(l->stream_max, sizeof(l->stream_max), "%lld", (long long)stream_max);
    return l;
}

void live_free(struct live *l)
{
    if (!l)
        return;
    arena_release(&l->arena);
    free(l);
}

/* ---- taking fixes ---- */

static void add(struct live *l, const char *text)
{
    l->args[l->count++] = (struct redis_argument){text, strlen(text)};
}

static void add_fix(struct live *l, const struct fix *f)
{
    char text[FIX_TEXT];
    const char *fix = arena_text(&l->arena, fix_write(f, text));
    const char *latitude = strchr(fix, ' ') + 1, *longitude = strchr(latitude, ' ') + 1;
    add(l, f->unit);
    add(l, fix);
    add(l, arena_bytes(&l->arena, longitude, strcspn(longitude, " ")));
    add(l, arena_bytes(&l->arena, latitude, strcspn(latitude, " ")));
    add(l, arena_printf(&l->arena, "%lld", (long long)f->received));
}

static void build(struct live *l, const char *how, const struct fix *fixes, int count)
{
    l->count = SCRIPT_ARGUMENTS_FIRST;
    add(l, arena_printf(&l->arena, "%d", FIXED_KEYS + count));
    add(l, "{city}:positions");
    add(l, STREAM_KEY);
    add(l, COUNT_KEY);
    for (int i = 0; i < count; i++)
        add(l, arena_join(&l->arena, "{city}:unit:", fixes[i].unit, ":last"));
    add(l, how);
    add(l, l->stream_max);
    add(l, arena_printf(&l->arena, "%lld", (long long)LAST_FIX_MS));
    for (int i = 0; i < count; i++)
        add_fix(l, &fixes[i]);
}

static fallible refused(const char *reason)
{
    log_warning("redis refused positions", KV("reason", reason));
    return REDIS_REFUSED;
}

static fallible run(struct live *l, const char *how, const struct fix *fixes, int count,
                    struct redis_reply *reply)
{
    arena_reset(&l->arena);
    build(l, how, fixes, count);
    TRY(redis_run(l->redis, &l->script, l->args, l->count, &l->arena, reply));
    if (reply->kind == REPLY_ERROR)
        return refused(reply->text);
    return reply->kind == REPLY_ARRAY && reply->count == count ? NULL : refused("another answer");
}

fallible live_put(struct live *l, const struct fix *fixes, int count, enum fix_effect *effects)
{
    struct redis_reply reply;
    TRY(run(l, "put", fixes, count, &reply));
    for (int i = 0; i < count; i++)
        effects[i] = (enum fix_effect)reply.at[i].integer;
    return NULL;
}

fallible live_refill(struct live *l, const struct fix *fixes, int count)
{
    struct redis_reply reply;
    return run(l, "refill", fixes, count, &reply);
}

/* ---- reading the stream ---- */

fallible live_read_place(struct live *l, struct live_place *out)
{
    struct redis_reply reply;
    arena_reset(&l->arena);
    TRY(redis_command(l->redis, &l->arena, &reply, "HMGET", COUNT_KEY, "life", "n", NULL));
    if (reply.kind == REPLY_ERROR || reply.kind != REPLY_ARRAY || reply.count != 2)
        return refused(reply.kind == REPLY_ERROR ? reply.text : "another answer");
    *out = (struct live_place){.n = 0};
    if (reply.at[0].kind == REPLY_TEXT)
        snprintf(out->life, sizeof(out->life), "%s", reply.at[0].text);
    if (reply.at[1].kind != REPLY_TEXT || !text_to_int(reply.at[1].text, &out->n))
        out->n = 0;
    return NULL;
}

/* The value of a field by its name, NULL if it is not there. */
static const char *field(const struct redis_reply *pairs, const char *name)
{
    for (int i = 0; i + 1 < pairs->count; i += 2)
        if (pairs->at[i].kind == REPLY_TEXT && text_equal(pairs->at[i].text, name))
            return pairs->at[i + 1].text;
    return NULL;
}

static void read_entry(const struct redis_reply *pairs, struct live_entry *e)
{
    const char *n = field(pairs, "n"), *unit = field(pairs, "unit"), *fix = field(pairs, "fix"),
               *received = field(pairs, "received");
    e->readable = n && unit && fix && received && text_to_int(n, &e->n) &&
                  text_to_int(received, &e->fix.received) && uuid_read(unit, e->fix.unit) &&
                  fix_read(fix, &e->fix);
}

fallible live_read(struct live *l, const char *id, int count, struct arena *a,
                   struct live_entry **out, int *found)
{
    struct redis_reply reply;
    TRY(redis_command(l->redis, a, &reply, "XRANGE", STREAM_KEY, arena_join(a, "(", id, ""), "+",
                      "COUNT", arena_printf(a, "%d", count), NULL));
    if (reply.kind != REPLY_ARRAY)
        return refused(reply.kind == REPLY_ERROR ? reply.text : "another answer");
    struct live_entry *entries = arena_array(a, (size_t)reply.count, sizeof(*entries));
    for (int i = 0; i < reply.count; i++) {
        const struct redis_reply *row = &reply.at[i];
        if (row->kind != REPLY_ARRAY || row->count != 2 || row->at[0].kind != REPLY_TEXT ||
            row->at[1].kind != REPLY_ARRAY)
            return refused("an entry of another form");
        entries[i].id = row->at[0].text;
        read_entry(&row->at[1], &entries[i]);
    }
    *out = entries;
    *found = reply.count;
    return NULL;
}
