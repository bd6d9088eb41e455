/* relay_test.c -- Redis as a copy of the log that may be wiped, cut or overtaken at any time. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "base/time.h"
#include "command-api/publish.h"
#include "command-api/relay.h"
#include "platform/postgres.h"
#include "platform/redis.h"
#include "platform/store.h"

struct world {
    struct settings settings;
    struct pg *pg;
    struct store *store;
    struct redis *redis;
    struct relay *relay;
    struct arena arena;
};

static struct world begin(void)
{
    struct world w = {.settings = {.database_url = test_store_database(),
                                   .database_timeout_ms = 3000,
                                   .redis_host = "127.0.0.1",
                                   .redis_port = test_redis_port(),
                                   .redis_retain_events = 100000,
                                   .idempotency_days = 7}};
    test_shell("redis-cli -p %d config set maxmemory 0 >/dev/null", test_redis_port());
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    w.pg = pg_new(w.settings.database_url, "test", NULL, 5000);
    w.store = store_new(w.pg);
    w.redis = redis_new(test_redis_socket(), 0, NULL, 3000);
    return w;
}

static void open_relay(struct world *w)
{
    w->relay = relay_new(&w->settings, "");
}

static void end(struct world *w)
{
    relay_free(w->relay);
    redis_free(w->redis);
    store_free(w->store);
    pg_free(w->pg);
    arena_release(&w->arena);
}

/* `count` events, one stream each, the categories in turn. */
static void append(struct world *w, int count, int bytes)
{
    struct pg_statement fill = {
        NULL,
        "WITH n AS (SELECT generate_series(1, $1::int) AS i), "
        "c AS (UPDATE es_counter SET position = position + $1::int RETURNING position - $1::int AS "
        "base) "
        "INSERT INTO es_event (position, stream, version, category, event_id, type, schema, data, "
        "meta) "
        "SELECT base + i, 'report-' || (base + i), 1, CASE WHEN i % 3 = 0 THEN 'vote' ELSE "
        "'report' END, "
        "gen_random_uuid(), 'report.created', 1, jsonb_build_object('text', repeat('x', $2::int)), "
        "'{\"correlation_id\": \"c\"}' FROM n, c"};
    const char *values[] = {arena_printf(&w->arena, "%d", count),
                            arena_printf(&w->arena, "%d", bytes)};
    CHECK_OK(pg_call(w->pg, &fill, 2, values, NULL));
}

/* Steps until nothing is left to do; a Redis that refuses is tried again. */
static void settle(struct world *w)
{
    bool progress = true;
    for (int n = 0; n < 2000 && progress; n++)
        if (relay_step(w->relay, &progress))
            progress = true;
    CHECK(!progress);
}

static void wait_for_probe(void)
{
    test_shell("sleep 1.1");
}

/* Counts entries of a key; checks that positions rise, `prev` chains, and the last one is `last`.
 */
static int walk(struct world *w, const char *key, int64_t first_prev, int64_t last)
{
    int64_t at = first_prev;
    int total = 0;
    for (;;) {
        struct entry *entries;
        int found;
        bool malformed;
        scoped_arena a = {0};
        if (redis_read(w->redis, key, at, 500, 0, &a, &entries, &found, &malformed))
            break;
        CHECK(!malformed);
        if (!found)
            break;
        for (int i = 0; i < found; i++) {
            CHECK_INT(entries[i].prev, at);
            at = entries[i].position;
            total++;
        }
    }
    CHECK_INT(at, last);
    return total;
}

static void is_whole(struct world *w, int count)
{
    int64_t last_vote = 0, last_report = 0;
    scoped_rows *rows = NULL;
    struct pg_statement last = {
        NULL, "SELECT coalesce(max(position) FILTER (WHERE category = 'vote'), 0), "
              "coalesce(max(position) FILTER (WHERE category = 'report'), 0) FROM es_event"};
    CHECK_OK(pg_call(w->pg, &last, 0, NULL, &rows));
    last_vote = rows_int(rows, 0, 0);
    last_report = rows_int(rows, 0, 1);
    CHECK_INT(walk(w, "{events}:all", 0, count), count);
    CHECK_INT(walk(w, "{events}:vote", 0, last_vote) + walk(w, "{events}:report", 0, last_report),
              count);
}

static void is_whole_up_to(struct world *w, int last)
{
    CHECK_INT(walk(w, "{events}:all", 0, last), last);
}

TEST(everything_is_published_once_and_in_order)
{
    struct world w = begin();
    open_relay(&w);
    append(&w, 700, 50);
    settle(&w);
    is_whole(&w, 700);
    append(&w, 10, 50);
    settle(&w);
    is_whole(&w, 710);
    CHECK_INT(relay_position(w.relay), 710);
    end(&w);
}

TEST(a_new_relay_goes_on_where_redis_stands)
{
    struct world w = begin();
    open_relay(&w);
    append(&w, 300, 50);
    settle(&w);
    relay_free(w.relay);
    append(&w, 300, 50);
    open_relay(&w);
    settle(&w);
    is_whole(&w, 600);
    end(&w);
}

TEST(flushall_heals_without_a_new_event)
{
    struct world w = begin();
    open_relay(&w);
    append(&w, 300, 50);
    settle(&w);
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    wait_for_probe();
    settle(&w);
    is_whole(&w, 300);
    end(&w);
}

TEST(a_redis_that_comes_back_empty_or_forgets_its_scripts_heals)
{
    struct world w = begin();
    open_relay(&w);
    append(&w, 300, 50);
    settle(&w);
    test_redis_stop();
    append(&w, 10, 50);
    bool progress;
    CHECK_PROBLEM(relay_step(w.relay, &progress), REDIS_UNAVAILABLE);
    test_redis_start();
    settle(&w);
    is_whole(&w, 310);
    test_shell("redis-cli -p %d script flush >/dev/null", test_redis_port());
    append(&w, 10, 50);
    settle(&w);
    is_whole(&w, 320);
    end(&w);
}

TEST(a_deleted_stream_heals)
{
    struct world w = begin();
    open_relay(&w);
    append(&w, 300, 50);
    settle(&w);
    test_shell("redis-cli -p %d del '{events}:all' >/dev/null", test_redis_port());
    append(&w, 10, 50);
    settle(&w);
    is_whole(&w, 310);
    end(&w);
}

TEST(a_deleted_category_goes_on_and_its_prev_shows_the_hole)
{
    struct world w = begin();
    open_relay(&w);
    append(&w, 300, 50);
    settle(&w);
    test_shell("redis-cli -p %d del '{events}:vote' >/dev/null", test_redis_port());
    append(&w, 3, 50);
    settle(&w);
    CHECK_INT(walk(&w, "{events}:all", 0, 303), 303);
    CHECK_INT(walk(&w, "{events}:vote", 300, 303), 1);
    end(&w);
}

TEST(memory_that_runs_out_leaves_no_hole)
{
    struct world w = begin();
    open_relay(&w);
    append(&w, 200, 2000);
    settle(&w);
    test_shell("redis-cli -p %d config set maxmemory 1 >/dev/null", test_redis_port());
    append(&w, 50, 2000);
    bool progress;
    CHECK_PROBLEM(relay_step(w.relay, &progress), REDIS_REFUSED);
    CHECK_PROBLEM(relay_step(w.relay, &progress), REDIS_REFUSED);
    test_shell("redis-cli -p %d config set maxmemory 0 >/dev/null", test_redis_port());
    settle(&w);
    is_whole(&w, 250);
    end(&w);
}

TEST(a_zombie_relay_with_an_old_batch_changes_nothing)
{
    struct world w = begin(), zombie;
    open_relay(&w);
    append(&w, 100, 50);
    settle(&w);
    zombie = w;
    zombie.relay = relay_new(&w.settings, "");
    settle(&zombie); /* it knows position 100, then sleeps */
    append(&w, 300, 50);
    settle(&w);
    settle(&zombie); /* wakes and sends from 100 on: Redis says where it stands */
    is_whole(&w, 400);
    append(&w, 5, 50);
    settle(&zombie);
    settle(&w);
    is_whole(&w, 405);
    relay_free(zombie.relay);
    end(&w);
}

TEST(foreign_entries_ahead_of_the_log_are_replaced)
{
    struct world w = begin();
    open_relay(&w);
    append(&w, 100, 50);
    settle(&w);
    test_shell("redis-cli -p %d xadd '{events}:report' 999999-0 a b >/dev/null", test_redis_port());
    append(&w, 5, 50);
    settle(&w);
    is_whole(&w, 105);
    end(&w);
}

TEST(a_store_restored_without_a_new_epoch_stops_the_relay)
{
    struct world w = begin();
    open_relay(&w);
    append(&w, 100, 50);
    settle(&w);
    CHECK_OK(pg_run(
        w.pg, "DELETE FROM es_event WHERE position > 50; UPDATE es_counter SET position = 50"));
    bool progress;
    wait_for_probe();
    relay_free(w.relay);
    open_relay(&w);
    CHECK_PROBLEM(relay_step(w.relay, &progress), INTERNAL);
    end(&w);
}

static void restore_and_raise(struct world *w, int epoch)
{
    CHECK_OK(pg_run(w->pg,
                    arena_printf(&w->arena,
                                 "DELETE FROM es_event WHERE position > 50; UPDATE es_counter SET "
                                 "position = 50; UPDATE es_store SET epoch = %d",
                                 epoch)));
}

TEST(a_new_epoch_ends_a_relay_and_the_next_one_begins_a_new_copy)
{
    struct world w = begin();
    bool progress;
    open_relay(&w);
    append(&w, 100, 50);
    settle(&w);
    restore_and_raise(&w, 2);
    wait_for_probe();
    CHECK_PROBLEM(relay_step(w.relay, &progress), EPOCH_RAISED);
    CHECK_PROBLEM(relay_step(w.relay, &progress), EPOCH_RAISED);
    relay_free(w.relay);
    open_relay(&w);
    settle(&w);
    is_whole(&w, 50);
    end(&w);
}

TEST(nothing_of_a_new_life_is_published_as_of_the_old_one_however_busy_the_relay_is)
{
    struct world w = begin();
    bool progress;
    open_relay(&w);
    append(&w, 100, 50);
    settle(&w);
    int count = 100;
    for (int64_t end = time_monotonic() + 1500000; time_monotonic() < end; count++) {
        append(&w, 1, 50);
        CHECK_OK(relay_step(w.relay, &progress)); /* it is never idle */
    }
    CHECK_OK(pg_run(w.pg, "UPDATE es_store SET epoch = 2"));
    append(&w, 1, 50);
    CHECK_PROBLEM(relay_step(w.relay, &progress), EPOCH_RAISED);
    is_whole_up_to(&w, count);
    end(&w);
}

TEST(a_relay_of_an_old_life_leaves_the_copy_of_the_new_one_alone)
{
    struct world w = begin();
    bool progress;
    open_relay(&w);
    append(&w, 100, 50);
    settle(&w);
    struct relay *zombie = w.relay;
    restore_and_raise(&w, 2);
    open_relay(&w);
    settle(&w);
    append(&w, 1, 50);
    wait_for_probe(); /* it stands at 100: nothing behind it tells of the new life */
    CHECK_PROBLEM(relay_step(zombie, &progress), EPOCH_RAISED);
    is_whole_up_to(&w, 50);
    settle(&w);
    is_whole(&w, 51);
    relay_free(zombie);
    end(&w);
}

TEST(a_store_set_back_to_an_earlier_life_stops_the_relay)
{
    struct world w = begin();
    bool progress;
    CHECK_OK(pg_run(w.pg, "UPDATE es_store SET epoch = 3"));
    open_relay(&w);
    append(&w, 100, 50);
    settle(&w);
    relay_free(w.relay);
    restore_and_raise(&w, 1); /* the backup is of the first life */
    open_relay(&w);
    CHECK_PROBLEM(relay_step(w.relay, &progress), INTERNAL);
    is_whole_up_to(&w, 100);
    end(&w);
}

TEST(only_the_newest_events_are_kept)
{
    struct world w = begin();
    w.settings.redis_retain_events = 2000;
    open_relay(&w);
    append(&w, 15000, 20);
    settle(&w);
    scoped_arena a = {0};
    struct redis_reply reply;
    CHECK_OK(redis_ask(w.redis, &a, &reply, "XLEN", "{events}:all", NULL));
    CHECK(reply.integer < 15000);
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    wait_for_probe();
    settle(&w);
    CHECK_INT(walk(&w, "{events}:all", 13000, 15000), 2000);
    end(&w);
}

enum { NODE = 250 }; /* entries: trimming takes whole nodes only */

static int64_t length(struct world *w)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    CHECK_OK(redis_ask(w->redis, &a, &reply, "XLEN", "{events}:all", NULL));
    return reply.integer;
}

TEST(a_lower_retention_takes_effect_at_once_whatever_has_piled_up)
{
    struct world w = begin();
    bool progress;
    open_relay(&w);
    append(&w, 30000, 20); /* XTRIM by `~` alone ends after 10,000 entries */
    settle(&w);
    CHECK_INT(length(&w), 30000);
    relay_free(w.relay);
    w.settings.redis_retain_events = 2000;
    open_relay(&w);
    for (int n = 0; n < 2; n++) /* the first step learns where Redis stands */
        CHECK_OK(relay_step(w.relay, &progress));
    CHECK(length(&w) >= 2000 && length(&w) < 2000 + NODE);
    end(&w);
}

TEST(redis_holds_an_eighth_more_than_it_keeps_at_most)
{
    struct world w = begin();
    bool progress = true;
    w.settings.redis_retain_events = 4000;
    open_relay(&w);
    append(&w, 12000, 20);
    while (progress) {
        CHECK_OK(relay_step(w.relay, &progress));
        CHECK(length(&w) <= 4500 + NODE + PUBLISH_MAX);
    }
    CHECK(length(&w) >= 4000);
    end(&w);
}

/* Publishes `count` events more; the least number of entries met on the way, which is what a trim
 * leaves. */
static int64_t least_kept(struct world *w, int count)
{
    bool progress = true;
    int64_t least = INT64_MAX;
    append(w, count, 20);
    while (progress) {
        CHECK_OK(relay_step(w->relay, &progress));
        least = length(w) < least ? length(w) : least;
    }
    return least;
}

TEST(what_a_moment_without_memory_took_comes_back_by_and_by)
{
    struct world w = begin();
    bool progress;
    w.settings.redis_retain_events = 8000;
    open_relay(&w);
    least_kept(&w, 9000);
    append(&w, 1, 20);
    test_shell("redis-cli -p %d config set maxmemory 1 >/dev/null", test_redis_port());
    CHECK_PROBLEM(relay_step(w.relay, &progress), REDIS_REFUSED);
    test_shell("redis-cli -p %d config set maxmemory 0 >/dev/null", test_redis_port());
    CHECK(length(&w) < 4000 + NODE);
    static const int64_t kept[] = {4000, 5000, 6250, 7812, 8000, 8000};
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        int64_t least = least_kept(&w, 10000);
        CHECK(least >= kept[i] && least < kept[i] + NODE);
    }
    end(&w);
}

TEST(a_redis_that_may_evict_is_refused)
{
    struct world w = begin();
    bool progress;
    test_shell("redis-cli -p %d config set maxmemory-policy allkeys-lru >/dev/null",
               test_redis_port());
    open_relay(&w);
    CHECK_PROBLEM(relay_step(w.relay, &progress), INTERNAL);
    test_shell("redis-cli -p %d config set maxmemory-policy noeviction >/dev/null",
               test_redis_port());
    end(&w);
}
