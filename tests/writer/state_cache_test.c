/* state_cache_test.c -- the writer's states are bounded in number and in bytes. No store. */
#include "tests/support/harness.h"

#include <sodium.h>

#include "base/arena.h"
#include "writer/state_cache.h"

enum { STATES = 40, STATE_BYTES = 50000 };

static void keep_much(void *state, const struct event *e, struct arena *a)
{
    (void)state;
    (void)e;
    memset(arena_alloc(a, STATE_BYTES), 1, STATE_BYTES);
}

static const struct decider large_decider[1] = {{"report", 8, keep_much, NULL, NULL, NULL}};

static void add(struct state_cache *c, int i)
{
    char stream[STREAM_TEXT];
    struct event e = {0};
    snprintf(stream, sizeof(stream), "report-%d", i);
    struct cached *s = state_cache_make(c, stream);
    s->decider = large_decider;
    cached_fold(s, &e, i + 1);
}

TEST(states_over_the_limit_of_bytes_are_forgotten_those_used_last_stay)
{
    CHECK(sodium_init() >= 0);
    struct state_cache *c = state_cache_new(1024, 10 * STATE_BYTES);
    for (int i = 0; i < STATES; i++)
        add(c, i);
    CHECK(state_cache_bytes(c) >= (size_t)STATES * STATE_BYTES);
    CHECK(state_cache_get(c, "report-0") != NULL); /* used last */
    state_cache_trim(c);
    CHECK(state_cache_bytes(c) <= 10 * STATE_BYTES);
    CHECK(state_cache_count(c) > 4);
    CHECK(state_cache_get(c, "report-0") != NULL);
    CHECK(state_cache_get(c, "report-39") != NULL);
    CHECK(!state_cache_get(c, "report-1"));
    state_cache_free(c);
}

TEST(states_over_the_limit_of_entries_are_forgotten)
{
    struct state_cache *c = state_cache_new(8, SIZE_MAX);
    for (int i = 0; i < STATES; i++)
        add(c, i);
    state_cache_trim(c);
    CHECK_INT(state_cache_count(c), 8);
    state_cache_free(c);
}

TEST(what_was_counted_goes_with_the_state)
{
    struct state_cache *c = state_cache_new(8, SIZE_MAX);
    add(c, 1);
    add(c, 1);
    CHECK(state_cache_bytes(c) >= 2 * STATE_BYTES);
    state_cache_drop(c, "report-1");
    CHECK_INT((long long)state_cache_bytes(c), 0);
    state_cache_free(c);
}

TEST(there_is_no_state_of_a_kind_that_no_rule_decides_on)
{
    struct state_cache *c = state_cache_new(8, SIZE_MAX);
    CHECK(!state_cache_make(c, "nothing-1"));
    CHECK(!state_cache_make(c, "nothing"));
    CHECK_INT(state_cache_count(c), 0);
    state_cache_free(c);
}
