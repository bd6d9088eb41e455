/* positions_fixture.c -- see positions_fixture.h. */
#include "tests/projector/positions_fixture.h"

#include <math.h>

#include "platform/postgres/sessions.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"

void positions_open(struct positions *p)
{
    static const char *database;
    *p = (struct positions){.live = NULL};
    if (!database)
        database = test_views_database();
    settings_defaults(&p->settings);
    p->settings.read_database_url = database;
    p->settings.database_timeout_ms = 5000;
    p->settings.redis_port = test_redis_port();
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    p->views = pg_new(database, "test", views_session, 5000);
    CHECK_OK(pg_run(p->views, "TRUNCATE positions.track, positions.unit_position; "
                              "UPDATE positions.checkpoint SET entry = '0-0', life = '', n = 0"));
    p->redis = redis_new("127.0.0.1", test_redis_port(), NULL, 3000);
    p->live = live_new(p->redis, p->settings.fixes_retain);
    CHECK_OK(flush_new(&p->settings, &p->flush));
}

void positions_close(struct positions *p)
{
    flush_free(p->flush);
    live_free(p->live);
    redis_free(p->redis);
    pg_free(p->views);
    arena_release(&p->arena);
}

struct fix fix_of(int unit, int second, int variant)
{
    static int64_t noon;
    if (!noon)
        noon = time_now() - 12 * 3600 * INT64_C(1000000);
    struct fix f = {.at = noon + second * INT64_C(1000000),
                    .received = noon + 3600 * INT64_C(1000000),
                    .latitude = -6.2 + second * 0.001 - variant * 0.01,
                    .longitude = 106.8 + unit * 0.01 + variant * 0.001,
                    .accuracy_m = variant ? NAN : 5.25,
                    .speed_mps = variant * 1.5,
                    .heading_deg = NAN};
    snprintf(f.unit, sizeof(f.unit), "00000000-0000-7000-8000-%012d", unit);
    return f;
}

void put(struct positions *p, const struct fix *fixes, int count)
{
    enum fix_effect effects[LIVE_BATCH];
    CHECK_OK(live_put(p->live, fixes, count, effects));
}

void flush_all(struct positions *p)
{
    bool more = true;
    for (int i = 0; i < 100 && more; i++)
        CHECK_OK(flush_turn(p->flush, &more));
    CHECK(!more);
}

int64_t number(struct positions *p, const char *sql)
{
    scoped_rows *rows = NULL;
    CHECK_OK(pg_call(p->views, &(struct pg_statement){NULL, sql}, 0, NULL, &rows));
    return rows && rows_count(rows) ? rows_int(rows, 0, 0) : -1;
}

const char *dump(struct positions *p, const char *sql)
{
    scoped_rows *rows = NULL;
    scoped_text out = {0};
    const char *as_lines = arena_printf(&p->arena, "SELECT x::text FROM (%s) AS x", sql);
    CHECK_OK(pg_call(p->views, &(struct pg_statement){NULL, as_lines}, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++)
        text_printf(&out, "%s\n", rows_text(rows, i, 0));
    return arena_text(&p->arena, text_value(&out));
}

const char *dump_redis(struct positions *p, int units)
{
    scoped_text out = {0};
    for (int i = 0; i < units; i++) {
        scoped_arena a = {0};
        struct redis_reply last, place;
        struct fix f = fix_of(i, 0, 0);
        CHECK_OK(redis_command(p->redis, &a, &last, "GET",
                               arena_printf(&a, "{city}:unit:%s:last", f.unit), NULL));
        CHECK_OK(redis_command(p->redis, &a, &place, "GEOHASH", "{city}:positions", f.unit, NULL));
        text_printf(&out, "%s %s\n", last.kind == REPLY_TEXT ? last.text : "none",
                    place.count && place.at[0].kind == REPLY_TEXT ? place.at[0].text : "none");
    }
    return arena_text(&p->arena, text_value(&out));
}
