/* projector_healing_test.c -- a stream that has holes, lies, is emptied or is away: the engine
 * reads on from the store, and no event is lost or counted twice. */
#include "tests/projector/bench.h"

TEST(a_gap_in_the_stream_is_read_from_the_store)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t head = append_day(&b, 1);
    CHECK(reaches(&b, &p, head));
    publish(&b, 0, head);
    int64_t more = append_day(&b, 100);
    publish(&b, head, head + 3);
    publish(&b, head + 7, more);
    CHECK(reaches(&b, &p, more));
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_reader_slower_than_the_trimming_catches_up_from_the_store)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    CHECK(reaches(&b, &p, append_report(&b, 1)));
    int64_t head = append_day(&b, 100);
    publish(&b, head - 2, head);
    CHECK(reaches(&b, &p, head));
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(flushall_under_a_blocked_reader_heals)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t head = append_day(&b, 1);
    publish(&b, 0, head);
    CHECK(reaches(&b, &p, head));
    test_shell("(sleep 0.01; redis-cli -p %d FLUSHALL >/dev/null) &", test_redis_port());
    CHECK(engine_step(p.engine) != ENGINE_STOPPED);
    int64_t more = append_report(&b, 500);
    publish(&b, 0, 2); /* the new entries lie before the cursor: the blocked read stays silent */
    CHECK(reaches(&b, &p, more));
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(redis_stopped_and_back_loses_nothing)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t head = append_day(&b, 1);
    publish(&b, 0, head);
    CHECK(reaches(&b, &p, head));
    test_redis_stop();
    int64_t without = append_day(&b, 100);
    CHECK(reaches(&b, &p, without));
    CHECK(!engine_health(p.engine).redis);
    CHECK(engine_health(p.engine).store && engine_health(p.engine).views);
    test_redis_start();
    redis_free(b.publisher);
    b.publisher = redis_new("127.0.0.1", test_redis_port(), NULL, 2000);
    int64_t back = append_day(&b, 200);
    publish(&b, 0, back);
    CHECK(reaches(&b, &p, back));
    for (int i = 0; i < TURNS && !engine_health(p.engine).redis; i++) {
        engine_step(p.engine);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    CHECK(engine_health(p.engine).redis);
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(malformed_entries_are_replaced_by_the_stores_events)
{
    static const char *const garbage[] = {
        "XADD '{events}:all' %lld-0 hello world",
        "XADD '{events}:all' %lld-7 hello world",
        "XADD '{events}:all' 18446744073709551615-%lld x y",
    };
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        int64_t before = append_day(&b, 1 + (int)i * 100);
        redis_do(&b, "FLUSHALL", NULL);
        publish(&b, 0, before - 2);
        CHECK(reaches(&b, &p, before));
        char command[256];
        snprintf(command, sizeof(command), garbage[i], (long long)before + 1);
        test_shell("redis-cli -p %d %s >/dev/null", test_redis_port(), command);
        CHECK(reaches(&b, &p, append_day(&b, 50 + (int)i * 100)));
    }
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(an_entry_with_broken_data_is_replaced_by_the_stores_event)
{
    static const char *const data[] = {"{not json", "{\"report_id\":\"not an id\"}"};
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t head = append_report(&b, 1);
    CHECK(reaches(&b, &p, head));
    publish(&b, 0, head);
    for (int i = 0; i < 2; i++) {
        int64_t next = append_report(&b, 2 + i);
        publish_forged(&b, head, next, (struct forgery){.data = data[i]});
        CHECK(reaches(&b, &p, next));
        head = next;
    }
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked"), 0);
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(an_entry_whose_prev_skips_positions_is_not_believed)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    int64_t head = append_report(&b, 1);
    CHECK(reaches(&b, &p, head));
    int64_t last = append_day(&b, 100);
    publish_forged(&b, last - 1, last, (struct forgery){.prev = head});
    CHECK(reaches(&b, &p, last));
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

/* ---- all of it, at random ---- */

struct life {
    unsigned seed;
    int reports;
    int64_t head, published; /* last position in the store, last id in the stream */
};

static int chance(struct life *l, int of)
{
    return (int)((unsigned)rand_r(&l->seed) % (unsigned)of);
}

static void one_fault(struct bench *b, struct life *l)
{
    switch (chance(l, 8)) {
    case 0: /* a hole */ l->published += chance(l, 3); break;
    case 1: /* lost, and seeded anew from anywhere */
        redis_do(b, "FLUSHALL", NULL);
        l->published = chance(l, (int)l->head + 1);
        break;
    case 2: /* garbage where the next entry belongs; the relay would begin anew */
        if (l->published < l->head)
            test_shell("redis-cli -p %d XADD '{events}:all' %lld-0 a b >/dev/null",
                       test_redis_port(), (long long)++l->published);
        break;
    case 3: /* the store's event, but for its data */
        if (l->published < l->head) {
            publish_forged(b, l->published, l->published + 1, (struct forgery){.data = "[]"});
            l->published++;
        }
        break;
    default: break;
    }
}

static void one_day(struct bench *b, struct life *l)
{
    for (int n = chance(l, 5); n >= 0; n--) {
        l->head = append_report(b, ++l->reports);
        if (chance(l, 2))
            l->head = append_vote(b, 1 + chance(l, l->reports), l->reports);
    }
    one_fault(b, l);
    if (chance(l, 3) && l->published < l->head) {
        publish(b, l->published, l->head);
        l->published = l->head;
    }
}

TEST(a_random_life_with_two_engines_ends_in_the_fold_of_the_log)
{
    for (unsigned seed = 1; seed <= 3; seed++) {
        struct bench b = bench_open();
        struct life l = {.seed = seed * 104729};
        struct projector p[2] = {projector_open(&b), projector_open(&b)};
        for (int day = 0; day < 40; day++) {
            struct projector *mine = &p[chance(&l, 2)];
            one_day(&b, &l);
            if (chance(&l, 8) == 0) { /* killed and started again */
                projector_close(mine);
                *mine = projector_open(&b);
            }
            for (int turns = chance(&l, 3); turns >= 0; turns--)
                CHECK(engine_step(mine->engine) != ENGINE_STOPPED);
        }
        CHECK(reaches(&b, &p[0], l.head));
        CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM engine.parked"), 0);
        check_views_are_the_fold(&b);
        projector_close(&p[0]);
        projector_close(&p[1]);
        bench_close(&b);
    }
}
