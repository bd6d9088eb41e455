/* relay_epoch_test.c -- a restore gives positions out again: no relay mixes two lives of the log.
 */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "tests/command-api/relay_fixture.h"

#include "base/time.h"

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
    struct world w = open_world();
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
    close_world(&w);
}

TEST(nothing_of_a_new_life_is_published_as_of_the_old_one_however_busy_the_relay_is)
{
    struct world w = open_world();
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
    close_world(&w);
}

TEST(a_relay_of_an_old_life_leaves_the_copy_of_the_new_one_alone)
{
    struct world w = open_world();
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
    close_world(&w);
}

TEST(a_store_set_back_to_an_earlier_life_stops_the_relay)
{
    struct world w = open_world();
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
    close_world(&w);
}
