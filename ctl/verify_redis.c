/* verify_redis.c -- each entry of each key against the event of that position in the store: all of
 * its fields, none missing, none too many, and the chain of `prev`. What was trimmed counts as
 * never there; what the relay has yet to publish is no difference. */
#include "ctl/verify.h"

#include "base/time.h"
#include "base/banned.h"

enum { PAGE = 500 };

struct walk {
    struct city *city;
    struct findings *findings;
    const char *key, *category; /* NULL: all */
    char store_id[37];
    int64_t epoch;
    int64_t first;        /* position of the key's first entry, as last asked */
    int64_t cursor, upto; /* done, and where Redis stood when this began */
    int64_t prev;         /* position of the event before the next one, by the store */
    int64_t entries;      /* compared */
};

/* ---- one entry ---- */

static void expect(const struct walk *w, const struct stored_event *e, struct arena *a,
                   const char *out[ENTRY_FIELDS])
{
    char *time = arena_alloc(a, TIME_TEXT);
    out[ENTRY_SPECVERSION] = "1.0";
    out[ENTRY_ID] = e->id;
    out[ENTRY_SOURCE] = arena_printf(a, "urn:citywatch:%s", w->store_id);
    out[ENTRY_TYPE] = e->type;
    out[ENTRY_SUBJECT] = e->stream;
    out[ENTRY_TIME] = time_format(e->recorded, time);
    out[ENTRY_DATACONTENTTYPE] = "application/json";
    out[ENTRY_DATASCHEMA] = arena_printf(a, "/schemas/%s/%d", e->type, e->schema);
    out[ENTRY_SEQUENCE] = arena_printf(a, "%020lld", (long long)e->position);
    out[ENTRY_PREV] = arena_printf(a, "%lld", (long long)w->prev);
    out[ENTRY_STREAMVERSION] = arena_printf(a, "%lld", (long long)e->version);
    out[ENTRY_CORRELATIONID] = e->correlation_id;
    out[ENTRY_CAUSATIONID] = e->causation_id;
    out[ENTRY_TRACEPARENT] = e->traceparent;
    out[ENTRY_TENANT] = "";
    out[ENTRY_EPOCH] = arena_printf(a, "%lld", (long long)w->epoch);
    out[ENTRY_DATA] = e->data;
}

static void compare(const struct walk *w, const struct stored_event *e, const struct entry *x)
{
    scoped_arena a = {0};
    const char *expected[ENTRY_FIELDS];
    expect(w, e, &a, expected);
    for (int i = 0; i < ENTRY_FIELDS; i++)
        if (i != ENTRY_DATA && !text_equal(expected[i], x->fields[i]))
            differs(w->findings, "redis", w->key, x->position,
                    "%s is \"%s\", the store says \"%s\"", entry_names[i], x->fields[i],
                    expected[i]);
    if (!text_equal(expected[ENTRY_DATA], x->fields[ENTRY_DATA]))
        differs(w->findings, "redis", w->key, x->position, "data is not that of the store's event");
}

/* Trimmed since this began, or gone? */
static fallible miss(struct walk *w, const struct stored_event *e)
{
    struct key_place place;
    if (e->position >= w->first) {
        TRY(city_key(w->city, w->key, &place));
        w->first = place.length ? place.first : w->upto + 1;
    }
    if (e->position >= w->first)
        differs(w->findings, "redis", w->key, e->position, "this entry is missing");
    return NULL;
}

/* ---- pages ---- */

static fallible read_store(const struct walk *w, struct arena *a, struct event_page *out)
{
    if (w->category)
        return store_read_category(w->city->store, w->category, w->cursor, w->upto, PAGE, a, out);
    return store_read(w->city->store, w->cursor, PAGE, a, out);
}

/* An entry that no relay wrote: named, and passed by. */
static fallible pass_malformed(struct walk *w)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    char digits[24] = {0};
    int64_t position = 0;
    TRY(redis_command(w->city->redis, &a, &reply, "XRANGE", w->key,
                      arena_printf(&a, "(%lld-0", (long long)w->cursor), "+", "COUNT", "1", NULL));
    if (reply.kind != REPLY_ARRAY || !reply.count || reply.at[0].kind != REPLY_ARRAY)
        return REDIS_REFUSED;
    const char *id = reply.at[0].at[0].text;
    snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(id, "-"), id);
    text_to_int(digits, &position);
    differs(w->findings, "redis", w->key, position, "entry %s does not have the form of an entry",
            id);
    w->cursor = position > w->cursor ? position : w->upto; /* one position twice: no way on */
    w->prev = w->cursor;
    return NULL;
}

/* Both lists up to `end`, side by side. */
static fallible merge(struct walk *w, const struct event_page *page, const struct entry *entries,
                      int found, int64_t end)
{
    int k = 0;
    for (int i = 0; i <= page->count; i++) {
        const struct stored_event *e = i < page->count ? &page->at[i] : NULL;
        int64_t position = e && e->position <= end ? e->position : end + 1;
        for (; k < found && entries[k].position < position; k++)
            differs(w->findings, "redis", w->key, entries[k].position,
                    "the store has no such event for this key");
        if (position > end)
            break;
        if (k < found && entries[k].position == position) {
            compare(w, e, &entries[k++]);
            w->entries++;
        } else
            TRY(miss(w, e));
        w->prev = position;
    }
    w->cursor = end;
    return NULL;
}

static fallible walk_page(struct walk *w)
{
    scoped_arena a = {0};
    struct event_page page;
    struct entry *entries;
    int found;
    bool malformed;
    TRY(redis_read(w->city->redis, w->key, w->cursor, PAGE, 0, &a, &entries, &found, &malformed));
    TRY(read_store(w, &a, &page));
    int64_t end = page.count == PAGE ? page.at[PAGE - 1].position : w->upto;
    if ((malformed || found == PAGE) && found && entries[found - 1].position < end)
        end = entries[found - 1].position;
    if (end > w->upto)
        end = w->upto;
    if (malformed && !found)
        return pass_malformed(w);
    return merge(w, &page, entries, found, end);
}

/* ---- one key ---- */

struct last_of {
    const char *category;
    int64_t position;
};

static void note_last(void *arg, const char *category, int64_t last)
{
    struct last_of *l = arg;
    if (!l->category || text_equal(category, l->category))
        l->position = last > l->position ? last : l->position;
}

/* The last position of this key's events at or before `position`. */
static fallible last_before(const struct walk *w, int64_t position, int64_t *out)
{
    struct last_of l = {w->category, 0};
    TRY(store_categories(w->city->store, position, note_last, &l));
    *out = l.position;
    return NULL;
}

static fallible walk_key(struct walk *w, int64_t all_first)
{
    struct key_place place;
    int64_t last;
    TRY(city_key(w->city, w->key, &place));
    TRY(last_before(w, w->upto, &last));
    if (place.last < last && last >= all_first)
        differs(w->findings, "redis", w->key, last, "the key ends at %lld, the store goes on",
                (long long)place.last);
    w->entries = 0;
    w->first = place.first;
    w->cursor = place.length ? place.first - 1 : w->upto;
    TRY(last_before(w, w->cursor, &w->prev));
    while (w->cursor < w->upto) {
        TRY(walk_page(w));
        progress(w->findings, w->key, w->cursor, w->upto);
    }
    compared(w->findings, "redis", w->key, w->entries, "entries", w->upto);
    return NULL;
}

static fallible compare_meta(struct city *c, const struct log_head *head, struct findings *f)
{
    int64_t epoch;
    TRY(city_redis_epoch(c, &epoch));
    if (epoch != head->epoch)
        differs(f, "redis", "{events}:meta", 0, "epoch is %lld, the store says %lld",
                (long long)epoch, (long long)head->epoch);
    return NULL;
}

fallible verify_redis(struct city *c, struct findings *f)
{
    scoped_arena a = {0};
    struct key_place all;
    struct log_head head;
    const char *const *keys;
    struct walk w = {.city = c, .findings = f};
    TRY(city_key(c, "{events}:all", &all)); /* before the head, so that it cannot be ahead of it */
    TRY(city_head(c, &head));
    TRY(store_id(c->store, w.store_id));
    TRY(compare_meta(c, &head, f));
    if (all.last > head.position)
        differs(f, "redis", "{events}:all", all.last, "the store ends at %lld",
                (long long)head.position);
    w.epoch = head.epoch;
    w.upto = all.last < head.position ? all.last : head.position;
    TRY(city_keys(c, head.position, &a, &keys));
    for (; *keys; keys++) {
        w.key = *keys;
        w.category = category_of_key(*keys);
        TRY(walk_key(&w, all.first));
    }
    return NULL;
}
