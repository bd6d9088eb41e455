/* relay_test.c -- Redis as a copy of the log that may be wiped, cut or overtaken at any time. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "tests/command-api/relay_fixture.h"

TEST(everything_is_published_once_and_in_order)
{
    struct world w = open_world();
    open_relay(&w);
    append(&w, 700, 50);
    settle(&w);
    is_whole(&w, 700);
    append(&w, 10, 50);
    settle(&w);
    is_whole(&w, 710);
    CHECK_INT(relay_position(w.relay), 710);
    close_world(&w);
}

TEST(a_new_relay_goes_on_where_redis_stands)
{
    struct world w = open_world();
    open_relay(&w);
    append(&w, 300, 50);
    settle(&w);
    relay_free(w.relay);
    append(&w, 300, 50);
    open_relay(&w);
    settle(&w);
    is_whole(&w, 600);
    close_world(&w);
}

TEST(flushall_heals_without_a_new_event)
{
    struct world w = open_world();
    open_relay(&w);
    append(&w, 300, 50);
    settle(&w);
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    wait_for_probe();
    settle(&w);
    is_whole(&w, 300);
    close_world(&w);
}

TEST(a_redis_that_comes_back_empty_or_forgets_its_scripts_heals)
{
    struct world w = open_world();
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
    close_world(&w);
}

TEST(a_deleted_stream_heals)
{
    struct world w = open_world();
    open_relay(&w);
    append(&w, 300, 50);
    settle(&w);
    test_shell("redis-cli -p %d del '{events}:all' >/dev/null", test_redis_port());
    append(&w, 10, 50);
    settle(&w);
    is_whole(&w, 310);
    close_world(&w);
}

TEST(a_deleted_category_goes_on_and_its_prev_shows_the_hole)
{
    struct world w = open_world();
    open_relay(&w);
    append(&w, 300, 50);
    settle(&w);
    test_shell("redis-cli -p %d del '{events}:vote' >/dev/null", test_redis_port());
    append(&w, 3, 50);
    settle(&w);
    CHECK_INT(walk(&w, "{events}:all", 0, 303), 303);
    CHECK_INT(walk(&w, "{events}:vote", 300, 303), 1);
    close_world(&w);
}

TEST(memory_that_runs_out_leaves_no_hole)
{
    struct world w = open_world();
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
    close_world(&w);
}

TEST(a_zombie_relay_with_an_old_batch_changes_nothing)
{
    struct world w = open_world(), zombie;
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
    close_world(&w);
}

TEST(foreign_entries_ahead_of_the_log_are_replaced)
{
    struct world w = open_world();
    open_relay(&w);
    append(&w, 100, 50);
    settle(&w);
    test_shell("redis-cli -p %d xadd '{events}:report' 999999-0 a b >/dev/null", test_redis_port());
    append(&w, 5, 50);
    settle(&w);
    is_whole(&w, 105);
    close_world(&w);
}

TEST(a_store_restored_without_a_new_epoch_stops_the_relay)
{
    struct world w = open_world();
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
    close_world(&w);
}

TEST(a_redis_that_may_evict_is_refused)
{
    struct world w = open_world();
    bool progress;
    test_shell("redis-cli -p %d config set maxmemory-policy allkeys-lru >/dev/null",
               test_redis_port());
    open_relay(&w);
    CHECK_PROBLEM(relay_step(w.relay, &progress), INTERNAL);
    test_shell("redis-cli -p %d config set maxmemory-policy noeviction >/dev/null",
               test_redis_port());
    close_world(&w);
}
