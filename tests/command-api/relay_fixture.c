/* relay_fixture.c -- see relay_fixture.h. */
#include "tests/command-api/relay_fixture.h"

#include "tests/support/harness.h"
#include "tests/support/servers.h"

struct world open_world(void)
{
    struct world w = {0};
    settings_defaults(&w.settings);
    w.settings.database_url = test_store_database();
    w.settings.database_timeout_ms = 3000;
    w.settings.redis_port = test_redis_port();
    w.settings.redis_retain_events = 100000;
    test_shell("redis-cli -p %d config set maxmemory 0 >/dev/null", test_redis_port());
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    w.pg = pg_new(w.settings.database_url, "test", NULL, 5000);
    w.store = store_new(w.pg);
    w.redis = redis_new(test_redis_socket(), 0, NULL, 3000);
    return w;
}

void open_relay(struct world *w)
{
    w->relay = relay_new(&w->settings, "");
}

void close_world(struct world *w)
{
    relay_free(w->relay);
    redis_free(w->redis);
    store_free(w->store);
    pg_free(w->pg);
    arena_release(&w->arena);
}

/* `count` events, one stream each, the categories in turn. */
void append(struct world *w, int count, int bytes)
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
void settle(struct world *w)
{
    bool progress = true;
    for (int n = 0; n < 2000 && progress; n++)
        if (relay_step(w->relay, &progress))
            progress = true;
    CHECK(!progress);
}

void wait_for_probe(void)
{
    test_shell("sleep 1.1");
}

/* Counts entries of a key; checks that positions rise, `prev` chains, and the last one is `last`.
 */
int walk(struct world *w, const char *key, int64_t first_prev, int64_t last)
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

void is_whole(struct world *w, int count)
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

void is_whole_up_to(struct world *w, int last)
{
    CHECK_INT(walk(w, "{events}:all", 0, last), last);
}

int64_t length(struct world *w)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    CHECK_OK(redis_command(w->redis, &a, &reply, "XLEN", "{events}:all", NULL));
    return reply.integer;
}
