/* citywatchctl_test.c -- the program itself: exit codes, accounts, keys, the gateway's routes. */
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"

static struct arena kept;
static char output[65536];

__attribute__((destructor)) static void release(void)
{
    arena_release(&kept);
}

/* Runs it by the shell; returns its exit code, what it printed is in `output`. */
static int __attribute__((format(printf, 1, 2))) run(const char *format, ...)
{
    char command[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    FILE *f = popen(command, "re");
    size_t n = fread(output, 1, sizeof(output) - 1, f);
    output[n] = '\0';
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *store(void)
{
    static const char *url;
    if (!url) {
        url = test_database();
        CHECK_INT(run("DATABASE_URL='%s' " CITYWATCHCTL " migrate write", url), 0);
    }
    return url;
}

static int account(const char *password, const char *arguments)
{
    return run("printf '%s' | DATABASE_URL='%s' " CITYWATCHCTL " account %s 2>&1", password,
               store(), arguments);
}

TEST(wrong_usage_is_2)
{
    static const char *wrong[] = {"",
                                  "nothing",
                                  "migrate",
                                  "migrate both",
                                  "key generate one",
                                  "account",
                                  "account add",
                                  "account add x",
                                  "account add abc --role KING --password-file -",
                                  "account add abc --role CITIZEN --role ADMIN",
                                  "rebuild",
                                  "rebuild nothing",
                                  "rebuild report_list --swap-back --drop",
                                  "rebuild report_list --drop --json",
                                  "rebuild report_list case_inbox",
                                  "settings",
                                  "routes nginx",
                                  "account list all"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CHECK_INT(run(CITYWATCHCTL " %s 2>&1 </dev/null", wrong[i]), 2);
    CHECK_INT(run(CITYWATCHCTL " --help"), 0);
    CHECK(strstr(output, "Example: citywatchctl account add"));
    CHECK_INT(run(CITYWATCHCTL " --version"), 0);
}

TEST(migrate_tells_what_it_applied)
{
    const char *url = test_database();
    CHECK_INT(run("DATABASE_URL='%s' " CITYWATCHCTL " migrate write", url), 0);
    CHECK(strstr(output, "applied 0001_event_store.sql"));
    CHECK_INT(run("DATABASE_URL='%s' " CITYWATCHCTL " migrate write", url), 0);
    CHECK_TEXT(output, "");
    test_shell(
        "psql -qX '%s' -c \"UPDATE schema_migration SET digest = 'x' WHERE name LIKE '0012%%'\"",
        url);
    CHECK_INT(run("DATABASE_URL='%s' " CITYWATCHCTL " migrate write 2>&1", url), 1);
    CHECK(strstr(output, "0012_register_account.sql"));
    CHECK_INT(run("env -u DATABASE_URL " CITYWATCHCTL " migrate write 2>&1"), 1);
    CHECK(strstr(output, "DATABASE_URL"));
}

TEST(an_account_of_any_role_can_be_added_and_is_listed)
{
    CHECK_INT(
        account("password", "add officer1 --role OFFICER --agency AGENCY_INFRA --password-file -"),
        0);
    CHECK_INT(account("password", "add admin1 --role ADMIN --password-file -"), 0);
    CHECK_INT(account("password", "add ADMIN1 --role ADMIN --password-file -"), 1);
    CHECK(strstr(output, "taken"));
    CHECK_INT(account("password", "add admin1 --role ADMIN --password-file - --if-absent"), 0);
    CHECK_INT(account("", "list"), 0);
    CHECK(strstr(output, "officer1") && strstr(output, "AGENCY_INFRA") && strstr(output, "admin1"));
    CHECK_INT(run("psql -qXAt '%s' -c \"SELECT data->>'role', data->>'agency' FROM es_event "
                  "WHERE type = 'user.registered' AND category = 'user' ORDER BY position\"",
                  store()),
              0);
    CHECK_TEXT(output, "OFFICER|AGENCY_INFRA\nADMIN|\n");
}

TEST(an_account_that_may_not_be_is_refused)
{
    CHECK_INT(account("password", "add officer2 --role OFFICER --password-file -"), 1);
    CHECK(strstr(output, "agency"));
    CHECK_INT(
        account("password", "add citizen2 --role CITIZEN --agency AGENCY_INFRA --password-file -"),
        1);
    CHECK_INT(
        account("password", "add officer2 --role OFFICER --agency 'no such' --password-file -"), 1);
    CHECK_INT(account("short", "add citizen2 --role CITIZEN --password-file -"), 1);
    CHECK_INT(account("password", "add 'a b' --role CITIZEN --password-file -"), 1);
    CHECK_INT(account("", "add citizen2 --role CITIZEN --password-file -"), 1);
    CHECK_INT(account("password", "add citizen2 --role CITIZEN --password-file /nowhere"), 1);
    CHECK_INT(account("password", "add citizen2 --role CITIZEN"), 1); /* no terminal to ask on */
}

TEST(a_password_can_come_from_a_file)
{
    const char *path = arena_printf(&kept, "%s/password", test_folder());
    test_shell("printf 'password of a file\\n' >%s", path);
    CHECK_INT(account("", arena_printf(&kept, "add filed --role CITIZEN --password-file %s", path)),
              0);
}

TEST(keys_are_made_once_and_only_their_owner_reads_them)
{
    struct stat st;
    const char *private = arena_printf(&kept, "%s/key.pem", test_folder());
    const char *public = arena_printf(&kept, "%s/key.pub", test_folder());
    CHECK_INT(run("umask 0; " CITYWATCHCTL " key generate %s %s", private, public), 0);
    CHECK(stat(private, &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(stat(public, &st) == 0 && (st.st_mode & 0777) == 0644);
    CHECK_INT(run(CITYWATCHCTL " key generate %s %s 2>&1", private, public), 1);
}

TEST(the_settings_are_a_table)
{
    CHECK_INT(run(CITYWATCHCTL " settings markdown"), 0);
    CHECK(strstr(output, "DATABASE_URL") && strstr(output, "|"));
}

/* Every snippet used here is one of tools/conf/Caddyfile. */
TEST(the_gateway_gets_every_path_once_with_its_methods)
{
    CHECK_INT(run(CITYWATCHCTL " routes caddy"), 0);
    static const char *lines[] = {
        "path_regexp ^/reports/[^/]+$\n", "path_regexp ^/\\.well-known/jwks\\.json$\n",
        "path_regexp ^/auth/login$\n",    "import method-not-allowed \"DELETE, GET, HEAD\"\n",
        "import command-api\n",           "import query-api\n"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        CHECK(strstr(output, lines[i]));
    const char *once = strstr(output, "path_regexp ^/reports/[^/]+$");
    CHECK(!strstr(once + 1, "path_regexp ^/reports/[^/]+$"));
    CHECK(strstr(output, "path_regexp ^/reports/public$") < once);
}
