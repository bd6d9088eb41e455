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

static void define_agency(const char *code, int version, bool active)
{
    test_shell("psql -qX '%s' -c \"WITH c AS (UPDATE es_counter SET position = position + 1 "
               "RETURNING position), s AS (INSERT INTO es_stream SELECT 'agency-%s', %d, position "
               "FROM c ON CONFLICT (stream) DO UPDATE SET version = excluded.version) INSERT INTO "
               "es_event (position, stream, version, category, event_id, type, schema, data, meta) "
               "SELECT position, 'agency-%s', %d, 'catalog', gen_random_uuid(), 'agency.defined', "
               "1, json_build_object('active', %s), '{}' FROM c\"",
               store(), code, version, code, version, active ? "true" : "false");
}

TEST(an_account_of_any_role_can_be_added_and_is_listed)
{
    define_agency("AGENCY_INFRA", 1, true);
    CHECK_INT(
        account("password", "add officer1 --role OFFICER --agency AGENCY_INFRA --password-file -"),
        0);
    CHECK(strstr(output, "officer1 was added as OFFICER AGENCY_INFRA: user id 01") &&
          strstr(output, "position 2."));
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
TEST(an_agency_of_an_account_is_in_the_catalog_and_active)
{
#define OFFICER_OF(agency) "add of-" agency " --role OFFICER --agency " agency " --password-file - "
    define_agency("AGENCY_HEALTH", 1, true);
    define_agency("AGENCY_OLD", 1, true);
    CHECK_INT(account("password", OFFICER_OF("AGENCY_INFAR")), 1);
    CHECK(strstr(output, "AGENCY_INFAR: There is no such agency, or it is not active."));
    CHECK_INT(account("password", OFFICER_OF("AGENCY_HEALTH")), 0);
    CHECK_INT(account("password", OFFICER_OF("AGENCY_OLD")), 0);
    CHECK_INT(account("", "role of-AGENCY_HEALTH --role SUPERVISOR --agency AGENCY_HAELTH"), 1);
    CHECK(strstr(output, "AGENCY_HAELTH: There is no such agency"));
    define_agency("AGENCY_OLD", 2, false);
    CHECK_INT(account("", "role of-AGENCY_HEALTH --role SUPERVISOR --agency AGENCY_OLD"), 1);
    /* Who has it keeps it. */
    CHECK_INT(account("", "role of-AGENCY_OLD --role SUPERVISOR --agency AGENCY_OLD"), 0);
    CHECK_INT(account("password", "add late --role PATROL --agency AGENCY_OLD --password-file -"),
              1);
    CHECK_INT(account("", "list"), 0);
    CHECK(!strstr(output, "late"));
    CHECK_INT(account("password", "add disp --role DISPATCHER --password-file -"), 0);
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
