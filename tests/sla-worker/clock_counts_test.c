/* clock_counts_test.c -- the counts of clocks, moved by each batch, are what counting all clocks
 * there are at the end gives. */
#include "tests/sla-worker/clock_log.h"

#include "sla-worker/clock_counts.h"

enum { HISTORIES = 150, KINDS = 8 };

static const char *const counted[] = {"acknowledge", "resolve"};

/* One clock that is counted, by the words of the README. */
struct tallied {
    bool ended, breached, warned;
    int64_t consumed_us;
};

static bool has_fired(const struct sla_clock *c, int64_t number)
{
    for (int i = 0; i < c->fired_count; i++)
        for (int k = 0; k < c->terms->level_count; k++)
            if (text_equal(c->terms->levels[k].name, c->fired[i]) &&
                c->terms->levels[k].number == number)
                return true;
    return false;
}

static struct tallied tally(const struct sla_clock *c, int64_t last_at)
{
    int64_t consumed = clock_read(c, last_at).consumed_us;
    struct tallied t = {.ended = c->ended_at != 0,
                        .breached = c->ended_at ? c->ended_as == CLOCK_LATE
                                                : consumed >= c->terms->allotted_us,
                        .consumed_us = consumed};
    t.warned = !t.breached && has_fired(c, 0);
    return t;
}

static void add_tallied(struct pg *db, const struct ReportClocks *r, const char *clock,
                        const struct tallied *t)
{
    bool all = text_equal(r->visibility, "PUBLIC") && !text_equal(r->status, "WITHDRAWN");
    for (int i = 0; i < 1 + all; i++) {
        scoped_text sql = {0};
        text_printf(&sql, "INSERT INTO tallied VALUES ('%s', '%s', '%s', '%s', %lld, ",
                    r->owner_agency, r->category, clock, i ? "public" : "all",
                    (long long)t->consumed_us);
        text_printf(&sql, "%d::boolean, %d::boolean, %d::boolean)", t->ended, t->breached,
                    t->warned);
        run_sql(db, text_value(&sql));
    }
}

static void tally_report(struct pg *db, const char *state, const struct sla_catalog *catalog,
                         int kinds[KINDS])
{
    scoped_arena a = {0};
    struct ReportClocks r;
    struct fault f = {0};
    struct sla_clock *clocks;
    CHECK_OK(shape_read_stored(&ReportClocks_shape, state, &a, &r, &f));
    int count = report_clocks_fold(&r, catalog, &a, &clocks);
    for (int i = 0; i < 2 && !r.merged; i++) {
        const struct sla_clock *c = clock_named(clocks, count, counted[i]);
        if (!c || c->ended_as == CLOCK_DROPPED)
            continue;
        struct tallied t = tally(c, r.last_at);
        add_tallied(db, &r, counted[i], &t);
        kinds[4 * t.ended + 2 * t.breached + t.warned]++;
    }
}

static void tally_all(struct pg *db, int kinds[KINDS])
{
    struct clock_catalog catalog = {.now = {.policy_count = 0}};
    struct pg_statement states = {NULL, "SELECT state FROM sla.report_clocks"};
    scoped_rows *rows = NULL;
    run_sql(db, "CREATE TEMP TABLE tallied (owner_agency text, category text, clock text, reports "
                "text, us bigint, ended boolean, breached boolean, warned boolean) ON COMMIT DROP");
    CHECK_OK(clock_catalog_load(&catalog, db, OF_SHOWN_VIEW));
    CHECK_OK(pg_call(db, &states, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows); i++)
        tally_report(db, rows_text(rows, i, 0), &catalog.now, kinds);
    clock_catalog_release(&catalog);
}

#define BY_ROW                                                                                    \
    "FROM (SELECT owner_agency, category, clock, reports, count(*) FILTER (WHERE NOT ended) AS "  \
    "open, count(*) FILTER (WHERE ended) AS ended, count(*) FILTER (WHERE warned) AS warned, "    \
    "count(*) FILTER (WHERE ended AND NOT breached) AS met, count(*) FILTER (WHERE breached) AS " \
    "breached, percentile_disc(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE ended) AS median, "  \
    "percentile_disc(0.9) WITHIN GROUP (ORDER BY us) FILTER (WHERE ended) AS p90 "                \
    "FROM tallied GROUP BY 1, 2, 3, 4) t "
#define COUNTS         "owner_agency, category, clock, reports, open, ended, warned, met, breached"
#define OFF(is, exact) "abs(coalesce(" is ", -1) - coalesce(" exact ", -1)) > " exact " / 32.0 "

static const char wrong_counts[] =
    "WITH t AS (SELECT " COUNTS " " BY_ROW "), c AS (SELECT " COUNTS " FROM sla.clock_counts) "
    "SELECT (SELECT count(*) FROM (SELECT * FROM t EXCEPT ALL SELECT * FROM c) missing) + "
    "(SELECT count(*) FROM (SELECT * FROM c EXCEPT ALL SELECT * FROM t) wrong)";
static const char wrong_times[] =
    "SELECT count(*) " BY_ROW "JOIN sla.clock_counts c USING (owner_agency, category, clock, "
    "reports) WHERE (median_us IS NULL) <> (median IS NULL) OR " OFF(
        "median_us", "median") "OR " OFF("p90_us", "p90");

TEST(counts_of_clocks_are_those_of_all_clocks_counted_one_by_one)
{
    struct trial t = trial_open();
    struct told *h = must_alloc(1, sizeof(*h));
    int kinds[KINDS] = {0};
    int64_t shown = 0, all = 0;
    for (unsigned seed = 1; seed <= HISTORIES; seed++) {
        make_told(h, seed * 15485863);
        run_sql(t.db, "BEGIN");
        apply_in_batches(&t, h, 1 + (int)(seed % 12));
        tally_all(t.db, kinds);
        CHECK_INT(ask_int(t.db, wrong_counts), 0);
        CHECK_INT(ask_int(t.db, wrong_times), 0);
        shown += ask_int(t.db, "SELECT count(*) FROM tallied WHERE reports = 'public'");
        all += ask_int(t.db, "SELECT count(*) FROM tallied WHERE reports = 'all'");
        run_sql(t.db, "ROLLBACK");
        arena_release(&h->history.arena);
    }
    for (int i = 0; i < KINDS; i++)
        if ((i & 3) != 3 && !kinds[i]) /* what is breached has not been warned */
            test_int(__FILE__, __LINE__, "clocks of a kind", i, -1);
    CHECK(shown > HISTORIES && all > shown + HISTORIES);
    free(h);
    trial_close(&t);
}
