/* publish.c -- arguments of publish.lua, and what its answers mean. */
#include "command-api/publish.h"

#include "base/embedded.h"
#include "base/log.h"
#include "base/time.h"
#include "base/banned.h"

#define META_KEY "{events}:meta"
#define ALL_KEY  "{events}:all"

enum { FIRST_CATEGORY_KEY = 3, VALUES_PER_EVENT = 18, FIXED = 3 + 2 + MAX_CATEGORIES + 3 };

extern const struct embedded script_files[];

struct arguments {
    struct redis_argument at[FIXED + PUBLISH_MAX * VALUES_PER_EVENT];
    int count;
};

struct category_place *category_place_of(struct log_place *p, const char *category)
{
    for (int i = 0; i < p->category_count; i++)
        if (text_equal(p->categories[i].name, category))
            return &p->categories[i];
    if (p->category_count == MAX_CATEGORIES || strlen(category) >= sizeof(p->categories[0].name))
        return NULL;
    struct category_place *c = &p->categories[p->category_count++];
    *c = (struct category_place){.last = 0};
    snprintf(c->name, sizeof(c->name), "%s", category);
    return c;
}

static void add(struct arguments *args, const char *text)
{
    args->at[args->count++] = (struct redis_argument){text, strlen(text)};
}

static void add_int(struct arguments *args, struct arena *a, int64_t n)
{
    add(args, arena_printf(a, "%lld", (long long)n));
}

static void add_event(struct arguments *args, struct arena *a, const struct log_place *p,
                      const struct stored_event *e, int key, int64_t prev)
{
    char time[TIME_TEXT];
    add_int(args, a, key);
    add_int(args, a, prev);
    add(args, "1.0");
    add(args, e->id);
    add(args, arena_printf(a, "urn:citywatch:%s", p->store_id));
    add(args, e->type);
    add(args, e->stream);
    add(args, arena_text(a, time_format(e->recorded, time)));
    add(args, "application/json");
    add(args, arena_printf(a, "/schemas/%s/%d", e->type, e->schema));
    add(args, arena_printf(a, "%020lld", (long long)e->position)); /* sorts as a text */
    add_int(args, a, e->version);
    add(args, e->correlation_id);
    add(args, e->causation_id);
    add(args, e->traceparent);
    add(args, ""); /* tenant */
    add_int(args, a, p->epoch);
    add(args, e->data);
}

static fallible build(struct arguments *args, const struct log_place *p, bool seed,
                      const struct event_page *page, struct arena *a)
{
    struct log_place *now = arena_alloc(a, sizeof(*now)); /* prev moves on from event to event */
    *now = *p;
    add_int(args, a, 2 + p->category_count);
    add(args, META_KEY);
    add(args, ALL_KEY);
    for (int i = 0; i < p->category_count; i++)
        add(args, arena_printf(a, "{events}:%s", p->categories[i].name));
    add(args, seed ? "seed" : "append");
    add_int(args, a, p->epoch);
    add_int(args, a, p->position);
    for (int i = 0; i < page->count; i++) {
        const struct stored_event *e = &page->at[i];
        struct category_place *c = category_place_of(now, e->category);
        if (!c || now->category_count != p->category_count)
            return INTERNAL; /* the caller lists every category of the page first */
        add_event(args, a, p, e, FIRST_CATEGORY_KEY + (int)(c - now->categories), c->last);
        c->last = e->position;
    }
    return NULL;
}

static enum publish_answer read_answer(const struct redis_reply *reply, int64_t *last)
{
    if (reply->kind == REPLY_ERROR) {
        bool memory = text_starts(reply->text, "OOM") || strstr(reply->text, "OOM command");
        log_warning("redis refused to publish", KV("reason", reply->text));
        return memory ? NO_MEMORY : TRY_LATER;
    }
    if (reply->kind != REPLY_ARRAY || reply->count != 2 || reply->at[0].kind != REPLY_TEXT)
        return TRY_LATER;
    const char *word = reply->at[0].text;
    if (text_equal(word, "EPOCH")) {
        if (!text_to_int(reply->at[1].text, last))
            *last = 0;
        return OTHER_EPOCH;
    }
    if (text_equal(word, "AHEAD")) {
        log_warning("a redis key holds what was never published here",
                    KV("key", reply->at[1].text));
        return AHEAD;
    }
    if (!text_to_int(reply->at[1].text, last))
        return TRY_LATER;
    return text_equal(word, "OK") ? PUBLISHED : GAP;
}

fallible publish(struct redis *r, struct log_place *p, bool seed, const struct event_page *page,
                 struct arena *a, enum publish_answer *answer, int64_t *last)
{
    struct redis_reply reply;
    struct arguments *args = arena_alloc(a, sizeof(*args));
    args->count = SCRIPT_ARGUMENTS_FIRST;
    TRY(build(args, p, seed, page, a));
    p->script.text = script_files[0].text;
    TRY(redis_run(r, &p->script, args->at, args->count, a, &reply));
    *answer = read_answer(&reply, last);
    return NULL;
}

/* Without LIMIT 0, Redis 7.0.15 ends a trim by `~` after 100 nodes of 100 entries, however many are
 * left. */
static fallible trim_key(struct redis *r, const char *key, const char *min_id)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    return redis_command(r, &a, &reply, "XTRIM", key, "MINID", "~", min_id, "LIMIT", "0", NULL);
}

fallible publish_trim(struct redis *r, const struct log_place *p, int64_t position)
{
    scoped_arena a = {0};
    const char *min_id = arena_printf(&a, "%lld-0", (long long)position + 1);
    TRY(trim_key(r, ALL_KEY, min_id));
    for (int i = 0; i < p->category_count; i++)
        TRY(trim_key(r, arena_printf(&a, "{events}:%s", p->categories[i].name), min_id));
    return NULL;
}

fallible publish_forget_epoch(struct redis *r)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    return redis_command(r, &a, &reply, "DEL", META_KEY, NULL);
}
