/* positions_test.c -- folding fixes into the read database, beside a Redis that forgets. */
#include <math.h>

#include "tests/support/figure.h"
#include "tests/projector/positions_fixture.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"

static const char LAST_OF_0[] = "SELECT (extract(epoch FROM at) * 1000000)::bigint FROM "
                                "positions.unit_position WHERE unit::text LIKE '%000'";

static int64_t at_of(int second)
{
    return fix_of(0, second, 0).at;
}

static void put_one(struct positions *p, int unit, int second, enum fix_effect expected)
{
    enum fix_effect effect;
    struct fix f = fix_of(unit, second, 0);
    CHECK_OK(live_put(p->live, &f, 1, &effect));
    CHECK_INT(effect, expected);
}

TEST(a_fix_as_text_is_read_back_and_nothing_else_is)
{
    const char *const wrong[] = {"",
                                 "1750000000000000",
                                 "1750000000000000 1.0 2.0 - - -",
                                 "1750000000000000 1.0000000 2.0000000 - - - ",
                                 "1750000000000000 -0.0000000 2.0000000 - - -",
                                 "1750000000000000 91.0000000 2.0000000 - - -",
                                 "1750000000000000 1.0000000 nan - - -",
                                 "175000000000000x 1.0000000 2.0000000 - - -"};
    char text[FIX_TEXT];
    struct fix f = {.at = 1750000000000001,
                    .latitude = -0.00000001,
                    .longitude = -179.99999996,
                    .accuracy_m = 3.14159,
                    .speed_mps = NAN,
                    .heading_deg = 359.96};
    CHECK_TEXT(fix_write(&f, text), "1750000000000001 0.0000000 -180.0000000 3.1 - 360.0");
    CHECK(fix_read(text, &f) && f.accuracy_m == 3.1 && isnan(f.speed_mps));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        CHECK(!fix_read(wrong[i], &f));
}

TEST(a_fix_of_the_future_or_of_last_week_is_refused)
{
    struct fault fault = {0};
    struct fix f = {.received = 1750000000000000};
    f.at = f.received + FIX_AHEAD_MAX_US;
    CHECK_OK(fix_check(&f, &fault));
    f.at++;
    CHECK_PROBLEM(fix_check(&f, &fault), OUT_OF_RANGE);
    CHECK_TEXT(fault.field, "recorded_at");
    f.at = f.received - FIX_AGE_MAX_US;
    CHECK_OK(fix_check(&f, &fault));
    f.at--;
    CHECK_PROBLEM(fix_check(&f, &fault), OUT_OF_RANGE);
}

TEST(a_late_fix_goes_to_the_track_and_moves_nothing)
{
    struct positions p;
    positions_open(&p);
    put_one(&p, 0, 10, FIX_MOVED);
    put_one(&p, 0, 5, FIX_LATE);
    put_one(&p, 0, 10, FIX_DUPLICATE);
    flush_all(&p);
    put_one(&p, 0, 7, FIX_LATE);
    flush_all(&p);
    CHECK_INT(number(&p, "SELECT count(*) FROM positions.track"), 3);
    CHECK_INT(number(&p, LAST_OF_0), at_of(10));
    positions_close(&p);
}

TEST(a_last_fix_is_remembered_longer_than_any_can_be_late)
{
    struct positions p;
    scoped_arena a = {0};
    struct redis_reply ttl;
    positions_open(&p);
    put_one(&p, 0, 10, FIX_MOVED);
    CHECK_OK(redis_command(p.redis, &a, &ttl, "PTTL",
                           "{city}:unit:00000000-0000-7000-8000-000000000000:last", NULL));
    CHECK(ttl.integer > FIX_AGE_MAX_US / 1000 && ttl.integer <= LAST_FIX_MS);
    positions_close(&p);
}

/* The test's own connections do not know yet that Redis was away. */
static void reconnect(struct positions *p)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    CHECK_PROBLEM(redis_command(p->redis, &a, &reply, "PING", NULL), REDIS_UNAVAILABLE);
}

TEST(a_wiped_redis_gets_the_positions_back_and_nothing_is_folded_twice)
{
    struct positions p;
    positions_open(&p);
    put_one(&p, 0, 10, FIX_MOVED);
    put_one(&p, 1, 11, FIX_MOVED);
    flush_all(&p);
    const char *before = dump_redis(&p, 2);
    test_redis_stop();
    bool more;
    CHECK_PROBLEM(flush_turn(p.flush, &more), REDIS_UNAVAILABLE);
    test_redis_start();
    reconnect(&p);
    flush_all(&p);
    CHECK_TEXT(dump_redis(&p, 2), before);
    put_one(&p, 0, 9, FIX_LATE);
    put_one(&p, 1, 12, FIX_MOVED);
    flush_all(&p);
    CHECK_INT(number(&p, "SELECT count(*) FROM positions.track"), 4);
    CHECK_INT(number(&p, LAST_OF_0), at_of(10));
    positions_close(&p);
}

TEST(a_redis_that_is_wiped_twice_gets_the_positions_back_twice)
{
    struct positions p;
    positions_open(&p);
    put_one(&p, 0, 10, FIX_MOVED);
    flush_all(&p);
    const char *before = dump_redis(&p, 1);
    for (int i = 0; i < 2; i++) {
        test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
        flush_all(&p);
        CHECK_TEXT(dump_redis(&p, 1), before);
    }
    positions_close(&p);
}

/* The numbers of its stream alone do not tell it: by the next flush they are as high as before. */
TEST(a_redis_that_has_lost_its_end_and_gone_on_gets_the_positions_back)
{
    struct positions p;
    struct fix old = fix_of(0, 10, 0);
    char text[FIX_TEXT];
    positions_open(&p);
    put_one(&p, 0, 10, FIX_MOVED);
    put_one(&p, 0, 20, FIX_MOVED);
    put_one(&p, 1, 11, FIX_MOVED);
    flush_all(&p);
    const char *before = dump_redis(&p, 1);
    test_shell(
        "r='redis-cli -p %d'; $r set {city}:unit:%s:last '%s' >/dev/null; "
        "$r hset {city}:fixes:count n 1 >/dev/null; "
        "for id in $($r --raw xrange {city}:fixes - + | grep -- '^[0-9]*-[0-9]*$' | tail -n 2); "
        "do $r xdel {city}:fixes $id >/dev/null; done",
        test_redis_port(), old.unit, fix_write(&old, text));
    CHECK(strcmp(dump_redis(&p, 1), before) != 0);
    for (int second = 12; second < 15; second++)
        put_one(&p, 1, second, FIX_MOVED);
    flush_all(&p);
    CHECK_TEXT(dump_redis(&p, 1), before);
    CHECK_INT(number(&p, "SELECT count(*) FROM positions.track"), 6);
    positions_close(&p);
}

/* The checkpoint is committed with the rows, and not at once on the disk. */
TEST(what_a_crash_of_the_database_has_undone_is_folded_again)
{
    struct positions p;
    positions_open(&p);
    put_one(&p, 0, 10, FIX_MOVED);
    flush_all(&p);
    CHECK_OK(pg_run(p.views, "CREATE TABLE before AS SELECT * FROM positions.checkpoint"));
    put_one(&p, 0, 11, FIX_MOVED);
    flush_all(&p);
    CHECK_OK(pg_run(p.views, "DELETE FROM positions.track WHERE at = (SELECT max(at) FROM "
                             "positions.track); DELETE FROM positions.checkpoint; INSERT INTO "
                             "positions.checkpoint SELECT * FROM before; DROP TABLE before"));
    flush_all(&p);
    CHECK_INT(number(&p, "SELECT count(*) FROM positions.track"), 2);
    positions_close(&p);
}

TEST(fixes_between_a_wipe_and_the_next_flush_are_folded)
{
    struct positions p;
    positions_open(&p);
    for (int i = 0; i < 5; i++)
        put_one(&p, 0, i, FIX_MOVED);
    flush_all(&p);
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    put_one(&p, 0, 3, FIX_MOVED); /* Redis cannot know better */
    for (int i = 10; i < 20; i++)
        put_one(&p, 1, i, FIX_MOVED);
    flush_all(&p);
    put_one(&p, 0, 3, FIX_LATE);
    CHECK_INT(number(&p, "SELECT count(*) FROM positions.track"), 15);
    CHECK_INT(number(&p, LAST_OF_0), at_of(4));
    positions_close(&p);
}

TEST(what_the_stream_has_dropped_is_counted_and_the_rest_goes_on)
{
    struct positions p;
    positions_open(&p);
    put_one(&p, 0, 1, FIX_MOVED);
    flush_all(&p);
    double before = figure("fixes_missed_total");
    for (int i = 2; i < 10; i++)
        put_one(&p, 0, i, FIX_MOVED);
    test_shell("redis-cli -p %d xtrim '{city}:fixes' maxlen 3 >/dev/null", test_redis_port());
    test_shell("redis-cli -p %d xadd '{city}:fixes' '*' n x unit y >/dev/null", test_redis_port());
    flush_all(&p);
    CHECK_INT((int)(figure("fixes_missed_total") - before), 5 + 1);
    CHECK_INT(number(&p, "SELECT count(*) FROM positions.track"), 4);
    put_one(&p, 0, 20, FIX_MOVED);
    flush_all(&p);
    CHECK_INT((int)(figure("fixes_missed_total") - before), 5 + 1);
    CHECK_INT(number(&p, LAST_OF_0), at_of(20));
    positions_close(&p);
}

/* More than a page of the stream, as flush.c reads it. */
TEST(a_second_projector_is_harmless)
{
    enum { BATCHES = 8, FIXES = BATCHES * LIVE_BATCH };
    struct positions p;
    struct flush *other;
    struct fix fixes[LIVE_BATCH];
    bool more;
    positions_open(&p);
    CHECK_OK(flush_new(&p.settings, &other));
    for (int i = 0; i < FIXES; i++) {
        fixes[i % LIVE_BATCH] = fix_of(0, i, 0);
        if (i % LIVE_BATCH == LIVE_BATCH - 1)
            put(&p, fixes, LIVE_BATCH);
    }
    CHECK_OK(flush_turn(other, &more));
    CHECK(more);
    flush_all(&p);
    put_one(&p, 0, FIXES, FIX_MOVED);
    CHECK_PROBLEM(flush_turn(other, &more), VERSION_CONFLICT);
    CHECK_OK(flush_turn(other, &more));
    CHECK_INT(number(&p, "SELECT count(*) FROM positions.track"), FIXES + 1);
    CHECK_INT(number(&p, "SELECT n FROM positions.checkpoint"), FIXES + 1);
    flush_free(other);
    positions_close(&p);
}

TEST(tracks_end_after_their_days_and_last_positions_stay)
{
    struct positions p;
    bool more;
    positions_open(&p);
    put_one(&p, 0, 1, FIX_MOVED);
    put_one(&p, 0, 2, FIX_MOVED);
    flush_all(&p);
    CHECK_OK(pg_run(p.views, "UPDATE positions.track SET at = now() - interval '31 days' "
                             "WHERE at = (SELECT min(at) FROM positions.track)"));
    CHECK_OK(flush_expire(p.flush, &more));
    CHECK(!more);
    CHECK_INT(number(&p, "SELECT count(*) FROM positions.track"), 1);
    CHECK_INT(number(&p, "SELECT count(*) FROM positions.unit_position"), 1);
    positions_close(&p);
}

TEST(a_position_is_called_stale_and_then_lost_as_the_projector_is_set)
{
    struct positions p;
    positions_open(&p);
    p.settings.position_stale_seconds = 30;
    p.settings.position_lost_seconds = 90;
    flush_all(&p);
    CHECK_TEXT(dump(&p, "SELECT positions.freshness(now() - interval '29 seconds'), "
                        "positions.freshness(now() - interval '31 seconds'), "
                        "positions.freshness(now() - interval '91 seconds'), "
                        "positions.freshness(NULL)"),
               "(live,stale,lost,)\n");
    positions_close(&p);
}

TEST(the_nearest_units_come_from_the_index)
{
    struct positions p;
    positions_open(&p);
    for (int i = 0; i < 20; i++)
        put_one(&p, i, i, FIX_MOVED);
    flush_all(&p);
    const char *plan =
        dump(&p, "SELECT unit FROM positions.unit_position ORDER BY place OPERATOR(postgis.<->) "
                 "postgis.ST_MakePoint(106.902, -6.19)::postgis.geography LIMIT 3");
    CHECK_TEXT(plan, "(00000000-0000-7000-8000-000000000010)\n"
                     "(00000000-0000-7000-8000-000000000011)\n"
                     "(00000000-0000-7000-8000-000000000009)\n");
    scoped_rows *rows = NULL;
    CHECK_OK(pg_call(p.views,
                     &(struct pg_statement){
                         NULL, "EXPLAIN SELECT unit FROM positions.unit_position ORDER BY place "
                               "OPERATOR(postgis.<->) "
                               "postgis.ST_MakePoint(106.902, -6.19)::postgis.geography LIMIT 3"},
                     0, NULL, &rows));
    CHECK(strstr(rows_text(rows, 1, 0), "unit_position_place") != NULL);
    positions_close(&p);
}
