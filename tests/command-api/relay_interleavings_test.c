/* relay_interleavings_test.c -- two relays, call by call, in the orders that must not lose or
 * repeat an event; and what plain Redis does in the same orders, as the control. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "command-api/publish.h"
#include "platform/postgres/postgres.h"
#include "platform/redis/redis.h"
#include "platform/postgres/store.h"

/* One relay's knowledge, and the page it has read and not yet sent. */
struct half {
    struct log_place place;
    struct event_page page;
};

struct world {
    struct pg *pg;
    struct store *store;
    struct redis *redis;
    struct arena arena;
    int events;
};

static struct world begin(void)
{
    struct world w = {.pg = pg_new(test_store_database(), "test", NULL, 5000)};
    w.store = store_new(w.pg);
    w.redis = redis_new("127.0.0.1", test_redis_port(), NULL, 3000);
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    return w;
}

static void end(struct world *w)
{
    redis_free(w->redis);
    store_free(w->store);
    pg_free(w->pg);
    arena_release(&w->arena);
}

static void append(struct world *w, int count)
{
    struct pg_statement fill = {
        NULL, "WITH n AS (SELECT generate_series(1, $1::int) AS i), c AS (UPDATE es_counter SET "
              "position = position + $1::int RETURNING position - $1::int AS base) INSERT INTO "
              "es_event (position, stream, version, category, event_id, type, schema, data, meta) "
              "SELECT base + i, 'report-' || (base + i), 1, 'report', gen_random_uuid(), "
              "'report.created', 1, '{}', '{}' FROM n, c"};
    const char *values[] = {arena_printf(&w->arena, "%d", count)};
    CHECK_OK(pg_call(w->pg, &fill, 1, values, NULL));
    w->events += count;
}

/* A relay that stands at `position` and has read up to `count` events behind it. */
static struct half reads(struct world *w, int64_t position, int count)
{
    struct half h = {.place = {.epoch = 1, .position = position}};
    CHECK_OK(store_id(w->store, h.place.store_id));
    category_place_of(&h.place, "report")->last = position;
    CHECK_OK(store_read(w->store, position, count, &w->arena, &h.page));
    return h;
}

static enum publish_answer sends(struct world *w, struct half *h, bool seed, int64_t *last)
{
    enum publish_answer answer = TRY_LATER;
    CHECK_OK(publish(w->redis, &h->place, seed, &h->page, &w->arena, &answer, last));
    return answer;
}

/* Every event once, in both keys, each behind the one before it. */
static void is_whole(struct world *w)
{
    static const char *const keys[] = {"{events}:all", "{events}:report"};
    for (int k = 0; k < 2; k++) {
        struct entry *entries;
        int found;
        bool malformed;
        CHECK_OK(
            redis_read(w->redis, keys[k], 0, 1000, 0, &w->arena, &entries, &found, &malformed));
        CHECK(!malformed);
        CHECK_INT(found, w->events);
        for (int i = 0; i < found; i++) {
            CHECK_INT(entries[i].position, i + 1);
            CHECK_INT(entries[i].prev, i);
        }
    }
}

static struct redis_reply ask(struct world *w, const char *a, const char *b, const char *c,
                              const char *d, const char *e)
{
    struct redis_reply reply = {.kind = REPLY_NIL};
    CHECK_OK(redis_command(w->redis, &w->arena, &reply, a, b, c, d, e, NULL));
    return reply;
}

TEST(a_zombie_relay_with_a_late_batch_is_told_where_redis_stands)
{
    struct world w = begin();
    int64_t last = -1;
    append(&w, 100);
    struct half first = reads(&w, 0, 100);
    CHECK_INT(sends(&w, &first, true, &last), PUBLISHED);
    append(&w, 100);
    struct half zombie = reads(&w, 100, 50); /* sleeps with these in its hands */
    struct half other = reads(&w, 100, 100);
    CHECK_INT(sends(&w, &other, false, &last), PUBLISHED);
    CHECK_INT(sends(&w, &zombie, false, &last), GAP);
    CHECK_INT(last, 200);
    is_whole(&w);
    end(&w);
}

TEST(a_batch_sent_twice_is_there_once)
{
    struct world w = begin();
    int64_t last = -1;
    append(&w, 20);
    struct half h = reads(&w, 0, 20);
    CHECK_INT(sends(&w, &h, true, &last), PUBLISHED);
    CHECK_INT(sends(&w, &h, false, &last), GAP); /* its answer was lost: sent again */
    CHECK_INT(last, 20);
    is_whole(&w);
    end(&w);
}

TEST(two_relays_seeding_at_once_make_one_copy)
{
    struct world w = begin();
    int64_t last = -1;
    append(&w, 30);
    struct half one = reads(&w, 0, 30), two = reads(&w, 0, 10);
    CHECK_INT(sends(&w, &one, false, &last), OTHER_EPOCH); /* both find Redis empty */
    CHECK_INT(sends(&w, &two, false, &last), OTHER_EPOCH);
    CHECK_INT(sends(&w, &one, true, &last), PUBLISHED);
    CHECK_INT(sends(&w, &two, true, &last), GAP); /* the second one does not begin again */
    CHECK_INT(last, 30);
    is_whole(&w);
    end(&w);
}

TEST(a_late_seed_does_not_wipe_what_was_published_since)
{
    struct world w = begin();
    int64_t last = -1;
    append(&w, 10);
    struct half late = reads(&w, 0, 10), one = reads(&w, 0, 10);
    CHECK_INT(sends(&w, &one, true, &last), PUBLISHED);
    append(&w, 10);
    struct half next = reads(&w, 10, 10);
    CHECK_INT(sends(&w, &next, false, &last), PUBLISHED);
    CHECK_INT(sends(&w, &late, true, &last), GAP);
    CHECK_INT(last, 20);
    is_whole(&w);
    end(&w);
}

TEST(a_relay_of_an_old_life_is_told_which_one_redis_holds)
{
    struct world w = begin();
    int64_t last = -1;
    append(&w, 10);
    struct half old = reads(&w, 0, 10), next = reads(&w, 0, 10);
    next.place.epoch = 7;
    CHECK_INT(sends(&w, &next, true, &last), PUBLISHED);
    CHECK_INT(sends(&w, &old, false, &last), OTHER_EPOCH);
    CHECK_INT(last, 7);
    is_whole(&w);
    end(&w);
}

/* ---- the hole that a moment without memory leaves ---- */

static void limit_memory(struct world *w, const char *bytes)
{
    CHECK(ask(w, "CONFIG", "SET", "maxmemory", bytes, NULL).kind == REPLY_TEXT);
}

static struct redis_reply xadd(struct world *w, int position)
{
    return ask(w, "XADD", "plain", arena_printf(&w->arena, "%d-0", position), "field", "value");
}

TEST(plain_xadd_leaves_a_hole_and_calls_it_a_duplicate)
{
    struct world w = begin();
    for (int i = 1; i <= 3; i++)
        xadd(&w, i);
    limit_memory(&w, "1");
    for (int i = 4; i <= 5; i++)
        CHECK(strstr(xadd(&w, i).text, "OOM"));
    limit_memory(&w, "0");
    for (int i = 6; i <= 7; i++)
        xadd(&w, i);
    struct redis_reply again = xadd(&w, 4);
    CHECK(again.kind == REPLY_ERROR && strstr(again.text, "equal or smaller"));
    CHECK_INT(ask(&w, "XLEN", "plain", NULL, NULL, NULL).integer, 5); /* 1 2 3 6 7 */
    end(&w);
}

TEST(a_moment_without_memory_leaves_no_hole_in_ours)
{
    struct world w = begin();
    int64_t last = -1;
    append(&w, 3);
    struct half h = reads(&w, 0, 3);
    CHECK_INT(sends(&w, &h, true, &last), PUBLISHED);
    append(&w, 2);
    struct half refused = reads(&w, 3, 2);
    limit_memory(&w, "1");
    CHECK_INT(sends(&w, &refused, false, &last), NO_MEMORY);
    limit_memory(&w, "0");
    append(&w, 2);
    struct half hasty = reads(&w, 5, 2); /* believes that 4 and 5 are there */
    CHECK_INT(sends(&w, &hasty, false, &last), GAP);
    CHECK_INT(last, 3);
    struct half whole = reads(&w, last, 10);
    CHECK_INT(sends(&w, &whole, false, &last), PUBLISHED);
    is_whole(&w);
    end(&w);
}

/* ---- silence ---- */

TEST(a_reader_ahead_of_a_wiped_stream_hears_nothing)
{
    struct world w = begin();
    struct entry *entries;
    int64_t last = -1;
    int found = -1;
    bool malformed;
    append(&w, 40);
    struct half h = reads(&w, 0, 40);
    CHECK_INT(sends(&w, &h, true, &last), PUBLISHED);
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    struct half again = reads(&w, 0, 40);
    CHECK_INT(sends(&w, &again, true, &last), PUBLISHED);
    /* a reader of another life of Redis, at 100, would wait for ever: so it looks at the store */
    CHECK_OK(
        redis_read(w.redis, "{events}:all", 100, 10, 300, &w.arena, &entries, &found, &malformed));
    CHECK_INT(found, 0);
    is_whole(&w);
    end(&w);
}
