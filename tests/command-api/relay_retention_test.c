/* relay_retention_test.c -- Redis keeps the newest events, as many as are asked for. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "tests/command-api/relay_fixture.h"

#include "command-api/publish.h"

TEST(only_the_newest_events_are_kept)
{
    struct world w = open_world();
    w.settings.redis_retain_events = 2000;
    open_relay(&w);
    append(&w, 15000, 20);
    settle(&w);
    scoped_arena a = {0};
    struct redis_reply reply;
    CHECK_OK(redis_command(w.redis, &a, &reply, "XLEN", "{events}:all", NULL));
    CHECK(reply.integer < 15000);
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    wait_for_probe();
    settle(&w);
    CHECK_INT(walk(&w, "{events}:all", 13000, 15000), 2000);
    close_world(&w);
}

enum { NODE = 250 }; /* entries: trimming takes whole nodes only */

TEST(a_lower_retention_takes_effect_at_once_whatever_has_piled_up)
{
    struct world w = open_world();
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
    close_world(&w);
}

TEST(redis_holds_an_eighth_more_than_it_keeps_at_most)
{
    struct world w = open_world();
    bool progress = true;
    w.settings.redis_retain_events = 4000;
    open_relay(&w);
    append(&w, 12000, 20);
    while (progress) {
        CHECK_OK(relay_step(w.relay, &progress));
        CHECK(length(&w) <= 4500 + NODE + PUBLISH_MAX);
    }
    CHECK(length(&w) >= 4000);
    close_world(&w);
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
    struct world w = open_world();
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
    close_world(&w);
}
