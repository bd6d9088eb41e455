/* clock_view_test.c -- the view of clocks is a pure fold of the log: a random history gives the
 * same tables event by event and in any split into batches, and a batch that comes to nothing
 * leaves nothing in memory. */
#include "tests/sla-worker/clock_log.h"

#include "sla-worker/open_clocks.h"

enum { HISTORIES = 12, SPLITS = 4 };

/* Counted from all clocks, as the rows of reports tell them. */
static void check_open(struct trial *t)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    int64_t open[CLOCK_KINDS] = {0};
    const struct pg_statement all = {NULL, "SELECT state FROM sla.report_clocks"};
    CHECK_OK(pg_call(t->db, &all, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        struct ReportClocks r;
        struct sla_clock *clocks;
        CHECK_OK(shape_read_stored(&ReportClocks_shape, rows_text(rows, i, 0), &a, &r, NULL));
        int count = report_clocks_fold(&r, &clock_view_catalog.now, &a, &clocks);
        for (int c = 0; c < count; c++)
            for (int k = 0; k < CLOCK_KINDS; k++)
                open[k] += !clocks[c].ended_at && text_starts(clocks[c].name, clock_kind_words[k]);
    }
    for (int k = 0; k < CLOCK_KINDS; k++)
        CHECK_INT(
            ask_int(t->db, arena_printf(&a, "SELECT clocks FROM sla.open_clocks WHERE clock = '%s'",
                                        clock_kind_words[k])),
            open[k]);
}

/* Shows the tables and forgets them. */
static const char *apply(struct trial *t, struct told *h, int most)
{
    scoped_text out = {0};
    run_sql(t->db, "BEGIN");
    apply_in_batches(t, h, most);
    dump_schema(t->db, "sla", &out);
    check_open(t);
    run_sql(t->db, "ROLLBACK");
    return arena_text(&h->history.arena, text_value(&out));
}

TEST(however_the_log_is_cut_the_clocks_are_the_same)
{
    struct trial t = trial_open();
    struct told *h = must_alloc(1, sizeof(*h));
    int with_clocks = 0;
    for (unsigned seed = 1; seed <= HISTORIES; seed++) {
        make_told(h, seed * 104729);
        const char *expected = apply(&t, h, h->count);
        with_clocks += strstr(expected, "paused") && strstr(expected, "reopened");
        CHECK_TEXT(apply(&t, h, 1), expected);
        for (int i = 0; i < SPLITS; i++)
            CHECK_TEXT(apply(&t, h, 9), expected);
        arena_release(&h->history.arena);
    }
    CHECK(with_clocks > HISTORIES / 2);
    free(h);
    trial_close(&t);
}

/* What it defined is not in force the next time, when the same events come again. */
TEST(a_batch_that_comes_to_nothing_leaves_nothing_in_memory)
{
    struct trial t = trial_open();
    struct told *h = must_alloc(1, sizeof(*h));
    scoped_text out = {0};
    make_told(h, 31);
    const char *expected = apply(&t, h, h->count);
    run_sql(t.db, "BEGIN");
    CHECK_OK(view_apply(&t.view, t.db, h->at, OWN, true));
    run_sql(t.db, "COMMIT");
    for (int time = 0; time < 2; time++) {
        run_sql(t.db, "BEGIN");
        CHECK_OK(view_apply(&t.view, t.db, h->at + OWN, h->count - OWN, true));
        run_sql(t.db, time ? "COMMIT" : "ROLLBACK");
    }
    dump_schema(t.db, "sla", &out);
    CHECK_TEXT(text_value(&out), expected);
    arena_release(&h->history.arena);
    free(h);
    trial_close(&t);
}
