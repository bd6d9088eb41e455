/* rebuild_load_test.c -- readers, a writer and an engine while a view is rebuilt and swapped again
 * and again: nobody sees an empty, a partial or an older table. */
#include "tests/projector/rebuild_bench.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SWAPS = 24 };

struct traffic {
    struct bench *b;
    atomic_bool stop;
    atomic_int reads, wrong;
};

/* The log holds nothing but reports that are created: each statement must see as many rows as the
 * checkpoint it reads with them says. */
static void *read_on(void *arg)
{
    static const struct pg_statement look = {
        "look", "SELECT (SELECT count(*) FROM report_list.report_list), l.position FROM "
                "engine.view v JOIN engine.lane l ON l.name = v.lane WHERE v.name = 'report_list'"};
    struct traffic *t = arg;
    struct pg *db = pg_new(t->b->views_url, "test reader", NULL, 10000);
    int64_t before = 0;
    while (!atomic_load(&t->stop)) {
        scoped_rows *rows = NULL;
        if (pg_call(db, &look, 0, NULL, &rows) || rows_count(rows) != 1 ||
            rows_int(rows, 0, 0) != rows_int(rows, 0, 1) || rows_int(rows, 0, 1) < before)
            atomic_fetch_add(&t->wrong, 1);
        else
            before = rows_int(rows, 0, 1);
        atomic_fetch_add(&t->reads, 1);
    }
    pg_free(db);
    return NULL;
}

static void *write_on(void *arg)
{
    struct traffic *t = arg;
    struct bench mine = *t->b;
    mine.writer = pg_new(mine.store_url, "test writer 2", NULL, 10000);
    while (!atomic_load(&t->stop)) {
        append_many(&mine, 5);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    pg_free(mine.writer);
    return NULL;
}

static void *project_on(void *arg)
{
    struct traffic *t = arg;
    struct projector p = projector_open(t->b);
    while (!atomic_load(&t->stop)) {
        int wait_ms = engine_step(p.engine);
        if (wait_ms == ENGINE_STOPPED) {
            atomic_fetch_add(&t->wrong, 1);
            break;
        }
        if (wait_ms > 0)
            nanosleep(&(struct timespec){.tv_nsec = (wait_ms < 20 ? wait_ms : 20) * 1000000L},
                      NULL);
    }
    projector_close(&p);
    return NULL;
}

TEST(readers_see_neither_empty_nor_partial_data_through_many_swaps_under_load)
{
    struct bench b = bench_open();
    struct projector first = projector_open(&b);
    struct builder w = builder_open(&b, one_home());
    struct traffic t = {.b = &b};
    pthread_t threads[4];
    CHECK(reaches(&b, &first, append_many(&b, LONG_LOG)));
    projector_close(&first);
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_create(&threads[i], NULL,
                              i == 0   ? write_on
                              : i == 1 ? project_on
                                       : read_on,
                              &t));
    for (int i = 0; i < SWAPS; i++) {
        if (i % 3)
            CHECK_OK(rebuild_swap_back(&w.parts, "report_list"));
        else
            CHECK_OK(rebuild_once(&w, "report_list"));
        nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
    }
    atomic_store(&t.stop, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(atomic_load(&t.wrong), 0);
    CHECK(atomic_load(&t.reads) > SWAPS);
    struct projector last = projector_open(&b);
    CHECK(reaches(&b, &last, ask_int(b.writer, "SELECT position FROM es_counter")));
    check_views_are_the_fold(&b);
    projector_close(&last);
    builder_close(&w);
    bench_close(&b);
}
