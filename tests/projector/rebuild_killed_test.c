/* rebuild_killed_test.c -- a rebuild that is killed, wherever it was: the next one goes on where it
 * stopped, and makes what a rebuild in one go makes. */
#include "tests/projector/rebuild_bench.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of this log a rebuild takes three pages, then it makes the indexes, then it swaps. */
enum { PAGE = 5000, PAGES = 3, LOG = PAGES * PAGE + 1000 };

static void rebuild_in_child(const struct bench *b, int steps, bool one_more, int said)
{
    struct builder w = builder_open(b, one_home());
    bool done = false;
    if (begin_rebuild(&w, "report_list"))
        _exit(1);
    for (int i = 0; i < steps; i++)
        if (rebuild_step(w.rebuild, &done))
            _exit(1);
    if (write(said, "x", 1) != 1 || (one_more && rebuild_step(w.rebuild, &done)))
        _exit(1);
    pause();
}

enum { BETWEEN = -1, KILLS = 10 };

/* Kills a process that rebuilds behind this many steps, or so long after it began the next one. */
static void kill_rebuild(const struct bench *b, int steps, int after_us)
{
    int said[2], status;
    char c;
    CHECK_INT(pipe(said), 0);
    pid_t child = fork();
    if (child == 0)
        rebuild_in_child(b, steps, after_us != BETWEEN, said[1]);
    close(said[1]);
    CHECK_INT(read(said[0], &c, 1), 1);
    close(said[0]);
    if (after_us != BETWEEN)
        usleep((useconds_t)after_us);
    kill(child, SIGKILL);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

/* A killed client's server process may have a statement to end. */
static void await_silence(struct bench *b)
{
    for (int i = 0; i < TURNS && ask_int(b->reader, "SELECT count(*) FROM pg_stat_activity WHERE "
                                                    "application_name = 'test rebuild views'");
         i++)
        usleep(20000);
}

static int64_t indexes_of(struct bench *b, const char *schema)
{
    scoped_arena a = {0};
    return ask_int(b->reader,
                   arena_printf(&a,
                                "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = "
                                "i.indexrelid WHERE i.indisvalid AND c.relnamespace = "
                                "'%s'::regnamespace",
                                schema));
}

/* Each has a primary key from the beginning; other indexes are made once it is filled. */
static int64_t tables_of(struct bench *b, const char *schema)
{
    scoped_arena a = {0};
    return ask_int(
        b->reader,
        arena_printf(&a, "SELECT count(*) FROM pg_tables WHERE schemaname = '%s'", schema));
}

static int64_t filled(struct bench *b)
{
    return ask_int(b->reader, "SELECT coalesce(max(position), 0) FROM engine.lane WHERE name ~ "
                              "'_v[0-9]+$'");
}

/* A rebuild after the killed one: it begins `from` there, and what it makes is what serves. */
static void go_on(struct bench *b, int64_t from)
{
    scoped_arena a = {0};
    struct builder w = builder_open(b, one_home());
    struct versions v;
    CHECK_OK(versions_read(&w.parts, "report_list", &v));
    CHECK_INT(v.filled, from);
    CHECK_OK(rebuild_once(&w, "report_list"));
    CHECK_INT(rebuild_began(w.rebuild), from);
    const char *before = arena_printf(&a, "report_list_v%d", v.serving);
    check_equal(b, "report_list", before);
    CHECK_INT(indexes_of(b, "report_list"), indexes_of(b, before));
    CHECK_OK(rebuild_drop(&w.parts, "report_list"));
    CHECK_INT(ask_int(b->reader, "SELECT count(*) FROM pg_namespace WHERE nspname ~ '_v[0-9]+'"),
              0);
    builder_close(&w);
}

TEST(a_rebuild_killed_between_two_steps_goes_on_with_the_next)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    scoped_arena a = {0};
    CHECK(reaches(&b, &p, append_many(&b, LOG)));
    for (int steps = 0; steps <= PAGES + 1; steps++) {
        kill_rebuild(&b, steps, BETWEEN);
        CHECK_INT(filled(&b), (steps < PAGES ? steps : PAGES) * PAGE);
        const char *next = arena_printf(&a, "report_list_v%d", steps + 2);
        CHECK_INT(indexes_of(&b, next),
                  steps <= PAGES ? tables_of(&b, next) : indexes_of(&b, "report_list"));
        if (steps == 1) { /* nor does a projector mind that starts meanwhile */
            projector_close(&p);
            p = projector_open(&b);
        }
        CHECK(reaches(&b, &p, append_day(&b, 100 * (steps + 1))));
        go_on(&b, filled(&b));
    }
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_rebuild_killed_in_the_middle_of_a_step_goes_on)
{
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    CHECK(reaches(&b, &p, append_many(&b, LOG)));
    for (int i = 0; i < KILLS; i++) {
        kill_rebuild(&b, i % (PAGES + 2), i * 7919 % 60000);
        await_silence(&b);
        go_on(&b, filled(&b));
        CHECK(reaches(&b, &p, append_many(&b, 10)));
    }
    check_views_are_the_fold(&b);
    projector_close(&p);
    bench_close(&b);
}

/* ---- what is not gone on with ---- */

static int64_t goes_on_behind(struct bench *b)
{
    struct builder w = builder_open(b, one_home());
    struct versions v;
    CHECK_OK(versions_read(&w.parts, "report_list", &v));
    builder_close(&w);
    return v.filled;
}

TEST(another_text_or_epoch_or_an_event_given_up_on_begins_anew)
{
    static const struct {
        const char *change;
        int64_t from;
    } cases[] = {
        {"UPDATE engine.view SET digest = 'another' WHERE name <> file", 0},
        {"UPDATE engine.lane SET epoch = epoch + 1 WHERE name <> 'main'", 0},
        {"UPDATE engine.lane SET position = 1000000 WHERE name <> 'main'", 0},
        {"UPDATE engine.discarded SET position = 10000, discarded = now()", 0},
        {"UPDATE engine.discarded SET position = 10001, discarded = now()", 2 * PAGE},
        {"UPDATE engine.discarded SET position = 10000, discarded = '2026-01-01'", 2 * PAGE},
    };
    struct bench b = bench_open();
    struct projector p = projector_open(&b);
    CHECK(reaches(&b, &p, append_many(&b, LOG)));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run_sql(b.reader, "DELETE FROM engine.discarded; INSERT INTO engine.discarded (view, "
                          "stream, position, version, type, error, attempts, since, reason) VALUES "
                          "('report_list', 's', 1000000, 1, 't', 'e', 1, now(), 'a test')");
        kill_rebuild(&b, 2, BETWEEN);
        CHECK_INT(goes_on_behind(&b), 2 * PAGE);
        run_sql(b.reader, cases[i].change);
        CHECK_INT(goes_on_behind(&b), cases[i].from);
        struct builder w = builder_open(&b, one_home());
        CHECK_OK(begin_rebuild(&w, "report_list"));
        CHECK_INT(rebuild_began(w.rebuild), cases[i].from);
        CHECK_OK(rebuild_drop(&w.parts, "report_list"));
        builder_close(&w);
    }
    projector_close(&p);
    bench_close(&b);
}
