/* background_test.c -- a thread beside the others sleeps, works on, and ends when it is told. */
#include "platform/process/background.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/time.h"
#include "tests/support/harness.h"

enum { LONG_MS = 60000, SHORT_US = 10000000 };

struct worker {
    atomic_int turns;
    int pause_ms;
    bool ended;
};

static void work(struct background *b, void *arg)
{
    struct worker *w = arg;
    do
        atomic_fetch_add(&w->turns, 1);
    while (background_pause(b, w->pause_ms));
    w->ended = true;
}

static void wait_for_turns(struct worker *w, int turns)
{
    int64_t until = time_monotonic() + SHORT_US;
    while (atomic_load(&w->turns) < turns && time_monotonic() < until)
        usleep(1000);
    CHECK(atomic_load(&w->turns) >= turns);
}

TEST(it_works_again_after_each_pause)
{
    struct worker w = {.pause_ms = 1};
    struct background *b = background_start("worker", work, &w);
    wait_for_turns(&w, 5);
    background_end(b);
    CHECK(w.ended);
}

TEST(a_pause_ends_when_it_is_told_to_end)
{
    struct worker w = {.pause_ms = LONG_MS};
    int64_t begun = time_monotonic();
    struct background *b = background_start("worker", work, &w);
    wait_for_turns(&w, 1);
    background_end(b);
    CHECK(w.ended);
    CHECK_INT(atomic_load(&w.turns), 1);
    CHECK(time_monotonic() - begun < LONG_MS * INT64_C(1000) / 2);
}

TEST(one_that_never_began_has_nothing_to_end)
{
    background_end(NULL);
}
