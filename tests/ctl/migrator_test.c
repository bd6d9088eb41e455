/* migrator_test.c -- numbered files, each applied once, whole or not at all. */
#include "ctl/migrator.h"

#include <pthread.h>
#include <sodium.h>

#include "tests/support/harness.h"
#include "tests/support/servers.h"

static const struct embedded TWO[] = {
    {"0001_a.sql", "CREATE TABLE a (n int); INSERT INTO a VALUES (1), (2);"},
    {"0002_b.sql",
     "-- \xe2\x80\xa6 a comment at the end\nCREATE TABLE b (n int) -- without semicolon"},
    {NULL, NULL}};

static int applied_count;
static void count_applied(const char *name)
{
    (void)name;
    applied_count++;
}

static struct pg *new_database(void)
{
    if (sodium_init() < 0)
        exit(2);
    applied_count = 0;
    return pg_new(test_database(), "test", NULL, 20000);
}

static int64_t number(struct pg *c, const char *sql)
{
    scoped_rows *rows = NULL;
    const struct pg_statement s = {NULL, sql};
    CHECK_OK(pg_call(c, &s, 0, NULL, &rows));
    return rows ? rows_int(rows, 0, 0) : -1;
}

TEST(a_second_run_does_nothing)
{
    struct pg *c = new_database();
    const char *name = "";
    CHECK_OK(migrate(c, TWO, count_applied, &name));
    CHECK(!name);
    CHECK_INT(applied_count, 2);
    CHECK_OK(migrate(c, TWO, count_applied, &name));
    CHECK_INT(applied_count, 2);
    CHECK_INT(number(c, "SELECT count(*) FROM a"), 2);
    CHECK_INT(number(c, "SELECT count(*) FROM schema_migration"), 2);
    pg_free(c);
}

/* Or every store there is would be refused as changed. The value is Python's, hashlib.blake2b. */
TEST(the_digest_kept_of_a_file_stays_the_same)
{
    struct pg *c = new_database();
    const char *name = NULL;
    CHECK_OK(migrate(c, TWO, NULL, &name));
    CHECK_INT(number(c,
                     "SELECT count(*) FROM schema_migration WHERE name = '0001_a.sql' AND "
                     "digest = 'f533634e35796d03dc30dbcfb551bf44f77eb2de443676bc7d9ce26ba09df062'"),
              1);
    pg_free(c);
}

TEST(a_database_of_before_the_first_file_is_refused_and_left_alone)
{
    struct pg *c = new_database();
    const char *name = NULL;
    const struct embedded later[] = {{"0100_all.sql", "CREATE TABLE whole (n int)"}, {NULL, NULL}};
    CHECK_OK(migrate(c, TWO, NULL, &name));
    CHECK_PROBLEM(migrate(c, later, count_applied, &name), STORE_TOO_OLD);
    CHECK_INT(applied_count, 0);
    CHECK_INT(number(c, "SELECT count(*) FROM pg_class WHERE relname = 'whole'"), 0);
    CHECK_INT(number(c, "SELECT count(*) FROM a"), 2);
    pg_free(c);
}

TEST(a_changed_file_is_refused_before_anything_is_done)
{
    struct pg *c = new_database();
    const char *name = NULL;
    struct embedded changed[] = {
        TWO[0], {"0001_new.sql", "CREATE TABLE early (n int)"}, TWO[1], {NULL, NULL}};
    CHECK_OK(migrate(c, TWO, NULL, &name));
    changed[2].text = "CREATE TABLE b (n bigint)";
    CHECK_PROBLEM(migrate(c, changed, count_applied, &name), MIGRATION_CHANGED);
    CHECK_TEXT(name, "0002_b.sql");
    CHECK_INT(applied_count, 0);
    CHECK_INT(number(c, "SELECT count(*) FROM pg_class WHERE relname = 'early'"), 0);
    pg_free(c);
}

TEST(a_file_that_fails_half_way_leaves_nothing)
{
    struct pg *c = new_database();
    const char *name = NULL;
    struct embedded files[] = {
        TWO[0],
        {"0002_bad.sql", "CREATE TABLE half (n int); INSERT INTO nowhere VALUES (1);"},
        {NULL, NULL}};
    CHECK_PROBLEM(migrate(c, files, count_applied, &name), STATEMENT_REFUSED);
    CHECK_TEXT(name, "0002_bad.sql");
    CHECK_INT(applied_count, 1);
    CHECK_INT(number(c, "SELECT count(*) FROM pg_class WHERE relname = 'half'"), 0);
    CHECK_INT(number(c, "SELECT count(*) FROM schema_migration"), 1);
    files[1].text = "CREATE TABLE half (n int)";
    CHECK_OK(migrate(c, files, count_applied, &name));
    CHECK_INT(number(c, "SELECT count(*) FROM pg_class WHERE relname = 'half'"), 1);
    pg_free(c);
}

static const struct embedded SLOW[] = {
    {"0001_slow.sql", "CREATE TABLE once (n int); SELECT pg_sleep(0.5);"}, {NULL, NULL}};
static const char *shared_url;

static void *migrate_too(void *arg)
{
    const char *name;
    struct pg *c = pg_new(shared_url, "test", NULL, 20000);
    *(const struct problem **)arg = migrate(c, SLOW, NULL, &name);
    pg_free(c);
    return NULL;
}

TEST(two_at_once_wait_for_each_other)
{
    pthread_t threads[4];
    const struct problem *problems[4];
    shared_url = test_database();
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, migrate_too, &problems[i]);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK_OK(problems[i]);
    }
}

TEST(a_connection_lost_in_mid_file_leaves_nothing)
{
    struct pg *c = new_database();
    const char *name = NULL;
    const struct embedded files[] = {
        {"0001_killed.sql",
         "CREATE TABLE killed (n int); SELECT pg_terminate_backend(pg_backend_pid());"
         "CREATE TABLE after (n int);"},
        {NULL, NULL}};
    CHECK_PROBLEM(migrate(c, files, NULL, &name), DATABASE_UNAVAILABLE);
    CHECK_INT(number(c, "SELECT count(*) FROM pg_class WHERE relname IN ('killed', 'after')"), 0);
    CHECK_INT(number(c, "SELECT count(*) FROM schema_migration"), 0);
    pg_free(c);
}

extern const struct embedded write_migrations[], read_migrations[];

TEST(the_real_files_apply_in_order)
{
    const struct embedded *sets[] = {write_migrations, read_migrations};
    for (int i = 0; i < 2; i++) {
        struct pg *c = new_database();
        const char *name = NULL;
        CHECK_OK(migrate(c, sets[i], NULL, &name));
        CHECK_OK(migrate(c, sets[i], count_applied, &name));
        CHECK_INT(applied_count, 0);
        for (const struct embedded *f = sets[i]; f[0].name && f[1].name; f++)
            CHECK(strcmp(f[0].name, f[1].name) < 0);
        pg_free(c);
    }
}
