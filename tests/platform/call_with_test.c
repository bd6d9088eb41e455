/* call_with_test.c -- settings that hold for one statement: they shape its plan, and are gone
 * behind it, whatever becomes of it. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "platform/postgres/pipeline.h"
#include "platform/postgres/sessions.h"

enum { TIMEOUT_MS = 3000 };

static const struct pg_statement DIVIDE = {"divide", "SELECT 1 / $1::int"};

static const struct pg_statement NO_NESTED_LOOPS = {
    "no_nested_loops", "SELECT set_config('enable_nestloop', 'off', true), "
                       "set_config('enable_sort', 'off', true)"};
static const struct pg_statement SHOW = {
    "show",
    "SELECT current_setting('enable_nestloop') || current_setting('enable_sort') || $1::text"};

static struct pg *open_database(void)
{
    return pg_new(test_database(), "test", NULL, TIMEOUT_MS);
}

static const struct problem *show_with(struct pg *db, const char *value, struct rows **out)
{
    return pipeline_call_with(db, &NO_NESTED_LOOPS, &SHOW, 1, &value, out);
}

static void check_session_unchanged(struct pg *db)
{
    scoped_rows *rows = NULL;
    const char *value = "!";
    CHECK_OK(pg_call(db, &SHOW, 1, &value, &rows));
    CHECK_TEXT(rows ? rows_text(rows, 0, 0) : "", "onon!");
}

TEST(settings_hold_for_their_statement_alone)
{
    struct pg *db = open_database();
    for (int i = 0; i < 3; i++) {
        scoped_rows *rows = NULL;
        CHECK_OK(show_with(db, "?", &rows));
        CHECK_TEXT(rows ? rows_text(rows, 0, 0) : "", "offoff?");
        check_session_unchanged(db);
    }
    pg_free(db);
}

TEST(settings_end_with_a_statement_that_fails)
{
    struct pg *db = open_database();
    scoped_rows *rows = NULL;
    const char *zero = "0";
    CHECK_PROBLEM(pipeline_call_with(db, &NO_NESTED_LOOPS, &DIVIDE, 1, &zero, &rows),
                  STATEMENT_REFUSED);
    CHECK_TEXT(pg_sqlstate(db), "22012");
    check_session_unchanged(db);
    pg_free(db);
}

/* What readers set for all has the planner walk ids; with its own setting it finds the word. */
TEST(a_statement_is_planned_with_its_settings)
{
    static const struct pg_statement bitmap = {
        "bitmap", "SELECT set_config('enable_bitmapscan', 'on', true)"};
    static const struct pg_statement plan = {
        NULL, "EXPLAIN SELECT id FROM words WHERE word ILIKE '%needle%' ORDER BY id DESC LIMIT 50"};
    struct pg *db = pg_new(test_views_database(), "test", reader_session, TIMEOUT_MS);
    CHECK_OK(pg_run(db, "SET default_transaction_read_only = off"));
    CHECK_OK(pg_run(db, "CREATE TABLE public.words (id int PRIMARY KEY, word text); "
                        "INSERT INTO public.words SELECT i, md5(i::text) FROM generate_series(1, "
                        "20000) i; CREATE INDEX words_trigrams ON public.words USING gin (word "
                        "public.gin_trgm_ops); ANALYZE public.words"));
    scoped_rows *without = NULL, *with = NULL;
    scoped_text plans = {0};
    CHECK_OK(pg_call(db, &plan, 0, NULL, &without));
    CHECK_OK(pipeline_call_with(db, &bitmap, &plan, 0, NULL, &with));
    for (int i = 0; i < rows_count(without); i++)
        CHECK(!strstr(rows_text(without, i, 0), "words_trigrams"));
    for (int i = 0; i < rows_count(with); i++)
        text_append(&plans, rows_text(with, i, 0));
    CHECK(strstr(text_value(&plans), "words_trigrams"));
    pg_free(db);
}

TEST(settings_are_made_again_on_a_new_connection)
{
    struct pg *db = open_database();
    check_session_unchanged(db);
    test_postgres_stop();
    test_postgres_start();
    scoped_rows *rows = NULL;
    CHECK_OK(show_with(db, "?", &rows)); /* it died while idle */
    CHECK_TEXT(rows ? rows_text(rows, 0, 0) : "", "offoff?");
    pg_free(db);
}
