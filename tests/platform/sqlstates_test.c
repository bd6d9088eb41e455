/* sqlstates_test.c -- whose fault an error is: the server's own are "not available", and the log
 * says so once; those of a statement or a value are "refused". */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <fcntl.h>
#include <unistd.h>

#include "platform/postgres/postgres.h"

/* So a server looks to its new connections after its packages were replaced under it. */
static void break_plpgsql(struct pg *c)
{
    scoped_arena a = {0};
    test_shell("echo 'no library' > %s/broken.so && chmod 755 %s/broken.so", test_folder(),
               test_folder());
    CHECK_OK(pg_run(c, arena_printf(&a,
                                    "UPDATE pg_proc SET probin = '%s/broken' "
                                    "WHERE probin = '$libdir/plpgsql'",
                                    test_folder())));
    pg_close(c);
}

static const char BROKEN_CALL[] = "DO $$ BEGIN END $$";

TEST(a_library_that_cannot_be_loaded_is_the_servers_fault_and_said_once)
{
    struct pg *c = pg_new(test_database(), "test", NULL, 3000);
    char path[128];
    break_plpgsql(c);
    snprintf(path, sizeof(path), "%s/log", test_folder());
    int saved = dup(STDERR_FILENO), file = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    dup2(file, STDERR_FILENO);
    for (int i = 0; i < 20; i++) {
        CHECK_PROBLEM(pg_run(c, BROKEN_CALL), DATABASE_UNAVAILABLE);
        CHECK_INT(pg_fault(c), PG_UNWELL);
        CHECK_OK(pg_run(c, "SELECT 1")); /* what needs no library goes on */
    }
    dup2(saved, STDERR_FILENO);
    test_shell("[ $(grep -c 'is not well' %s) = 1 ] && grep -q 'must be restarted' %s", path, path);
    close(file);
    close(saved);
    pg_free(c);
}

static const struct {
    const char *sqlstate;
    enum pg_fault fault;
} rows[] = {
    {"08006", PG_MOMENT},  {"25006", PG_MOMENT},  {"40001", PG_MOMENT},  {"40P01", PG_MOMENT},
    {"55P03", PG_MOMENT},  {"57014", PG_MOMENT},  {"53300", PG_MOMENT},  {"26000", PG_MOMENT},
    {"53100", PG_UNWELL},  {"53200", PG_UNWELL},  {"58030", PG_UNWELL},  {"58P01", PG_UNWELL},
    {"XX000", PG_UNWELL},  {"XX001", PG_UNWELL},  {"F0001", PG_UNWELL},  {"3F000", PG_ABSENT},
    {"42P01", PG_ABSENT},  {"42883", PG_ABSENT},  {"42501", PG_ABSENT},  {"22P02", PG_DATA},
    {"23505", PG_DATA},    {"54000", PG_DATA},    {"P0001", PG_DATA},    {"21000", PG_DATA},
    {"42601", PG_PROGRAM}, {"25P02", PG_PROGRAM}, {"0A000", PG_PROGRAM},
};

TEST(each_class_of_errors_has_its_fault)
{
    struct pg *c = pg_new(test_database(), "test", NULL, 3000);
    scoped_arena a = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool gone = rows[i].fault == PG_MOMENT || rows[i].fault == PG_UNWELL;
        const struct problem *p =
            pg_run(c, arena_printf(&a, "DO $$ BEGIN RAISE 'x' USING ERRCODE = '%s'; END $$",
                                   rows[i].sqlstate));
        if (p != (gone ? DATABASE_UNAVAILABLE : STATEMENT_REFUSED) || pg_fault(c) != rows[i].fault)
            test_fail(__FILE__, __LINE__, "whose fault it is", p ? p->name : "none",
                      rows[i].sqlstate);
    }
    CHECK_OK(pg_run(c, "SELECT 1"));
    CHECK_INT(pg_fault(c), PG_NONE);
    pg_free(c);
}

/* A migration ran while statements were prepared. */
TEST(a_table_with_other_columns_is_met_by_a_new_connection)
{
    static const struct pg_statement ALL = {"all", "SELECT * FROM t"};
    const char *url = test_database();
    struct pg *c = pg_new(url, "test", NULL, 3000), *other = pg_new(url, "other", NULL, 3000);
    CHECK_OK(pg_run(other, "CREATE TABLE t (a int)"));
    CHECK_OK(pg_call(c, &ALL, 0, NULL, NULL));
    CHECK_OK(pg_run(other, "ALTER TABLE t ADD b int"));
    CHECK_OK(pg_call_again(c, &ALL, 0, NULL, NULL));
    pg_free(c);
    pg_free(other);
}
