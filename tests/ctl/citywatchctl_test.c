/* citywatchctl_test.c -- the program itself: exit codes, accounts, keys. */
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
                                  "routes caddy",
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
    CHECK(strstr(output, "applied 0100_event_store.sql"));
    CHECK_INT(run("DATABASE_URL='%s' " CITYWATCHCTL " migrate write", url), 0);
    CHECK_TEXT(output, "");
    test_shell(
        "psql -qX '%s' -c \"UPDATE schema_migration SET digest = 'x' WHERE name LIKE '0104%%'\"",
        url);
    CHECK_INT(run("DATABASE_URL='%s' " CITYWATCHCTL " migrate write 2>&1", url), 1);
    CHECK(strstr(output, "0104_accounts.sql"));
    test_shell("psql -qX '%s' -c \"UPDATE schema_migration SET name = '0001_event_store.sql' "
               "WHERE name LIKE '0100%%'\"",
               url);
    CHECK_INT(run("DATABASE_URL='%s' " CITYWATCHCTL " migrate write 2>&1", url), 1);
    CHECK(strstr(output, "make clean-data"));
    CHECK_INT(run("env -u DATABASE_URL " CITYWATCHCTL " migrate write 2>&1"), 1);
    CHECK(strstr(output, "DATABASE_URL"));
}

TEST(an_account_of_any_role_can_be_added_and_is_listed)
{
    CHECK_INT(
        account("password", "add officer1 --role OFFICER --agency AGENCY_INFRA --password-file -"),
        0);
    CHECK(strstr(output, "officer1 was added as OFFICER AGENCY_INFRA: user id 01") &&
          strstr(output, "position 1."));
    CHECK_INT(account("password", "add admin1 --role ADMIN --password-file -"), 0);
    CHECK_INT(account("password", "add ADMIN1 --role ADMIN --password-file -"), 1);
    CHECK(strstr(output, "taken"));
    CHECK_INT(account("password", "add Admin1 --role CITIZEN --password-file - --if-absent"), 0);
    CHECK(strstr(output, "admin1 is there already, as ADMIN; nothing was changed."));
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

/* An officer whose agency is mistyped would have an inbox that stays empty. */
TEST(an_agency_to_which_no_category_is_routed_has_to_be_called_new)
{
#define OFFICER_OF(agency) "add of-" agency " --role OFFICER --agency " agency " --password-file - "
    CHECK_INT(account("password", OFFICER_OF("AGENCY_INFAR")), 1);
    CHECK(strstr(output, "no category is routed to AGENCY_INFAR") &&
          strstr(output, "--new-agency"));
    CHECK_INT(account("password", OFFICER_OF("AGENCY_INFAR") "--new-agency"), 0);
    CHECK_INT(account("password", OFFICER_OF("AGENCY_HEALTH")), 0); /* of the first start */
    CHECK_INT(account("", "role of-AGENCY_HEALTH --role SUPERVISOR --agency AGENCY_HAELTH"), 1);
    CHECK_INT(
        account("", "role of-AGENCY_HEALTH --role SUPERVISOR --agency AGENCY_PARKS --new-agency"),
        0);
    /* From now on it counts what the categories say, each as it was defined last. */
    test_shell(
        "psql -qX '%s' -c \"SELECT append_user_event('019b7f00-0000-7000-8000-0000000000c1', "
        "gen_random_uuid(), 'x', 1, '{}', '{}'); INSERT INTO es_event (position, stream, "
        "version, category, event_id, type, schema, data, meta) SELECT 1000000 + n, "
        "'category-c', n, 'catalog', gen_random_uuid(), 'category.defined', 1, "
        "json_build_object('agency', 'AGENCY_' || n), '{}' FROM generate_series(1, 2) n\"",
        store());
    CHECK_INT(account("password", OFFICER_OF("AGENCY_SAFETY")), 1);
    CHECK(strstr(output, "only to AGENCY_2;"));
    CHECK_INT(account("password", OFFICER_OF("AGENCY_1")), 1);
    CHECK_INT(account("password", OFFICER_OF("AGENCY_2")), 0);
    CHECK_INT(account("password", "add disp --role DISPATCHER --password-file -"), 0);
    CHECK_INT(run("psql -qX '%s' -c \"DELETE FROM es_event WHERE category = 'catalog'\"", store()),
              0);
}

TEST(why_a_password_cannot_be_read_is_said)
{
    static const struct {
        const char *file, *why;
    } bad[] = {{"/nowhere", "from /nowhere: No such file or directory."},
               {"/", "from /: Is a directory."},
               {"/dev/null", "from /dev/null: it is empty."},
               {"-", "from standard input: it is empty."},
               {"long", "from long: its first line is too long for a password."},
               {"nul", "from nul: it holds a NUL byte."}};
    test_shell("cd %s && head -c 5000 /dev/zero | tr '\\0' x >long && printf 'pass\\0word' >nul",
               test_folder());
    store();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(run("cd %s && DATABASE_URL='%s' " CITYWATCHCTL
                      " account add unread --role CITIZEN --password-file %s 2>&1 </dev/null",
                      test_folder(), store(), bad[i].file),
                  1);
        if (!strstr(output, bad[i].why))
            test_fail(__FILE__, __LINE__, bad[i].file, output, bad[i].why);
    }
    CHECK_INT(account("password", "add unread --role CITIZEN"), 1);
    CHECK(strstr(output, "there is no terminal to ask on"));
    CHECK_INT(account("", "list"), 0);
    CHECK(!strstr(output, "unread"));
}

TEST(a_list_for_programs_speaks_as_the_api_does)
{
    CHECK_INT(account("password", "add Listed --role CITIZEN --password-file -"), 0);
    CHECK_INT(account("", "disable listed --yes"), 0);
    CHECK_INT(account("", "list --json"), 0);
    char *line = strstr(output, "{\"username\":\"Listed\"");
    CHECK(line != NULL);
    if (!line)
        return;
    line[strcspn(line, "\n")] = '\0';
    CHECK(strstr(line, "\"role\":\"CITIZEN\",\"agency\":\"\",\"disabled\":true,") != NULL);
    const char *created = strstr(line, "\"created_at\":\"20");
    CHECK(created && strstr(created, "Z\",\"id\":\"01") &&
          created[sizeof("'created_at':'") + 9] == 'T');
    CHECK_INT(account("", "list"), 0);
    CHECK(strstr(output, "disabled") && !strstr(output, "+00"));
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
