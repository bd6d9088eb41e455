/* doctor_test.c -- citywatchctl doctor on a city that is well, and with an ill planted for each of
 * its checks. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/ctl/doctor_city.h"

#define FAKETIME "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
TEST(a_city_that_is_well_has_a_good_line_for_each_check)
{
    struct small_city c = with_health(city_of_a_day());
    int code = ctl(&c, "doctor --json");
    CHECK_INT(code, expected(OK));
    for (int i = 0; i < CHECKS; i++)
        if (strcmp(check_names[i], "disk") != 0)
            CHECK(has_row(check_names[i], "ok", "\"advice\":null}"));
    city_leave(&c);
}

TEST(people_read_what_to_do_behind_what_was_found)
{
    struct small_city c = with_health(city_of_a_day());
    in_run_dir("rm conf/last-backup");
    CHECK_INT(ctl(&c, "doctor"), WARNING);
    CHECK(said("state    check          found\n"));
    CHECK(said("\nwarning  backup         nothing is backed up: make run BACKUP_DIR=<folder>"));
    city_leave(&c);
}

TEST(what_to_do_is_said_in_the_commands_of_how_the_city_is_installed)
{
    struct small_city c = with_health(city_of_a_day());
    in_run_dir("rm conf/last-backup");
    setenv("INSTALLED_AS", "package", 1);
    CHECK_INT(ctl(&c, "doctor"), WARNING);
    CHECK(said("nothing is backed up: BACKUP_DIR=<folder> in /etc/citywatch/citywatch.conf, then "
               "citywatch-setup"));
    setenv("INSTALLED_AS", "containers", 1);
    CHECK_INT(ctl(&c, "doctor --json"), WARNING);
    CHECK(has_row("backup", "warning", "BACKUP_DIR=<folder> in docker/.env"));
    unsetenv("INSTALLED_AS");
    city_leave(&c);
}

/* ---- files ---- */

TEST(folders_that_others_may_use_or_own_are_faults)
{
    struct small_city c = with_health(city_of_a_day());
    in_run_dir("chmod 755 log");
    check_row(&c, FAULT, "folders", "/log has mode 0755: others may use it");
    CHECK(has_row("folders", "fault", "chmod go-rwx"));
    set_healthy();
    in_run_dir("chmod 1777 conf");
    check_row(&c, FAULT, "folders", "/conf has mode 1777: others may write in it");
    set_healthy();
    in_run_dir("rm -r bin && ln -s /tmp bin");
    check_row(&c, FAULT, "folders", "/bin is no folder");
    set_healthy();
    setenv("ADMIN_USER", "nobody", 1);
    check_row(&c, FAULT, "folders", "not to nobody");
    unsetenv("RUN_DIR");
    check_row(&c, WARNING, "folders", "RUN_DIR is not set");
    city_leave(&c);
}

TEST(secrets_that_others_may_use_are_faults)
{
    struct small_city c = with_health(city_of_a_day());
    in_run_dir("chmod 640 secrets/redis.password");
    check_row(&c, FAULT, "secrets", "redis.password has mode 0640: others may use it");
    set_healthy();
    in_run_dir("chmod 666 secrets/token.public.pem");
    check_row(&c, FAULT, "secrets", "token.public.pem has mode 0666: others may change it");
    set_healthy();
    in_run_dir("mv secrets/server secrets/other && ln -s other secrets/server");
    check_row(&c, FAULT, "secrets", "/server is a link or a folder");
    set_healthy();
    setenv("SERVER_SECRET_FILE", "/nowhere/server", 1);
    check_row(&c, FAULT, "secrets", "/nowhere/server: No such file");
    set_healthy();
    in_run_dir("chmod 644 secrets/redis.password");
    set_file("REDIS_PASSWORD_FILE", "redis.password"); /* no service would take it either */
    check_row(&c, FAULT, "secrets", "redis.password has mode 0644");
    CHECK(has_row("versions", "fault", "Redis: it could not be opened"));
    CHECK(has_row("migrations", "ok", ""));
    city_leave(&c);
}

TEST(keys_of_another_size_pair_or_age_are_told)
{
    struct small_city c = with_health(city_of_a_day());
    in_run_dir("head -c 31 /dev/zero >secrets/pseudonym");
    check_row(&c, FAULT, "keys", "/pseudonym has 31 bytes, not 32");
    set_healthy();
    in_run_dir("cd secrets && rm token.public.pem && " CITYWATCHCTL
               " key generate other.pem token.public.pem");
    check_row(&c, FAULT, "keys", "does not belong to");
    set_healthy();
    in_run_dir("echo none >secrets/token.pem");
    check_row(&c, FAULT, "keys", "token.pem cannot be used");
    set_healthy();
    in_run_dir("touch -d '400 days ago' secrets/token.pem");
    check_row(&c, WARNING, "keys", "token.pem is 400 days old");
    city_leave(&c);
}

/* ---- the machine ---- */

/* Listens on all addresses until it is closed; its port stands in that variable. */
static int listen_everywhere(int family, const char *variable)
{
    struct sockaddr_in6 at = {0}; /* the one of IPv4 is shorter and begins alike */
    socklen_t length = sizeof(at);
    int s = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin6_family = (sa_family_t)family;
    CHECK(s >= 0 && !bind(s, (struct sockaddr *)&at, sizeof(at)) && !listen(s, 1));
    CHECK(!getsockname(s, (struct sockaddr *)&at, &length));
    setenv(variable, arena_printf(&kept, "%d", ntohs(at.sin6_port)), 1);
    return s;
}

TEST(ports_that_are_open_to_the_network_are_told)
{
    struct small_city c = with_health(city_of_a_day());
    int s = listen_everywhere(AF_INET, "POSTGRES_PORT");
    check_row(&c, FAULT, "ports", "(PostgreSQL) is open to the network");
    close(s);
    set_healthy();
    s = listen_everywhere(AF_INET6, "COMMAND_API_PORT");
    check_row(&c, WARNING, "ports", "(command-api) is open to the network, without TLS");
    close(s);
    set_healthy();
    s = listen_everywhere(AF_INET, "GATEWAY_HTTP_PORT");
    check_row(&c, OK, "ports", "");
    setenv("DEMO_ACCOUNTS", "1", 1);
    check_row(&c, FAULT, "ports", "to accounts with the demo password");
    close(s);
    city_leave(&c);
}

static int judged(void (*judge)(struct doctor *d), int *faults)
{
    static const struct table_column columns[] = {
        {"state", false}, {"check", false}, {"found", false}, {"advice", false}};
    scoped_table t = table_of(columns, 4);
    struct doctor d = {.table = &t};
    judge(&d);
    *faults = d.faults;
    return d.warnings;
}

static void judge_rooms(struct doctor *d)
{
    doctor_room(d, "enough", 10, 100);
    doctor_room(d, "little", 9.9, 100);
    doctor_room(d, "none", 1.9, 100);
}

TEST(little_room_is_a_warning_and_none_a_fault)
{
    struct small_city c = with_health(city_of_a_day());
    int faults;
    CHECK_INT(judged(judge_rooms, &faults), 1);
    CHECK_INT(faults, 1);
    setenv("RUN_DIR", "/nowhere/run", 1);
    check_row(&c, FAULT, "disk", "/nowhere/run: No such file");
    city_leave(&c);
}

TEST(a_spool_that_fills_or_has_no_room_to_grow_is_a_warning)
{
    struct small_city c = with_health(city_of_a_day());
    in_run_dir("head -c 700000 /dev/zero >audit/command-api.requests/1.log");
    check_row(&c, WARNING, "spool", "command-api.requests holds 0.7 of its 0.8 MB");
    setenv("AUDIT_SPOOL_BYTES", "1099511627776000", 1);
    check_row(&c, WARNING, "spool", "/audit may grow by 786431999 MB");
    setenv("AUDIT_SPOOL", "/nowhere", 1);
    check_row(&c, FAULT, "spool", "/nowhere: No such file");
    unsetenv("AUDIT_SPOOL");
    check_row(&c, WARNING, "spool", "no record of requests is kept");
    city_leave(&c);
}

TEST(a_backup_that_is_old_or_missing_is_told)
{
    struct small_city c = with_health(city_of_a_day());
    in_run_dir("touch -d '2 days ago' conf/last-backup");
    check_row(&c, WARNING, "backup", "the newest backup is 48 hours old");
    in_run_dir("touch -d '10 days ago' conf/last-backup");
    check_row(&c, FAULT, "backup", "the newest backup is 10 days old");
    in_run_dir("rm conf/last-backup");
    check_row(&c, WARNING, "backup", "nothing is backed up");
    setenv("BACKUP_DIR", "/backups", 1);
    check_row(&c, FAULT, "backup", "there is no backup yet");
    set_healthy();
    city_leave(&c);
}

/* ---- the servers ---- */

static void judge_versions(struct doctor *d)
{
    doctor_version(d, "new enough", 1500, 1500);
    doctor_version(d, "too old", 1422, 1500);
}

TEST(servers_and_parts_that_are_too_old_are_told)
{
    struct small_city c = with_health(city_of_a_day());
    int faults;
    CHECK_INT(judged(judge_versions, &faults), 0);
    CHECK_INT(faults, 1);
    in_run_dir("printf 'redis\\ncaddy\\n' >conf/outdated");
    setenv("OUTDATED_FILE", arena_join(&kept, run_dir, "/conf/outdated", ""), 1);
    check_row(&c, WARNING, "versions", "redis runs an older version than is installed");
    CHECK(has_row("versions", "warning", "make restart PART=caddy"));
    city_leave(&c);
}

TEST(migrations_that_are_missing_changed_or_unknown_are_faults)
{
    struct small_city c = with_health(city_of_a_day());
    change(c.views, "DELETE FROM schema_migration WHERE name = '0111_change.sql'");
    check_row(&c, FAULT, "migrations", "the database of the views lacks 0111_change.sql");
    change(c.log, "UPDATE schema_migration SET digest = 'x' WHERE name LIKE '0104%'");
    check_row(&c, FAULT, "migrations", "the event store has 0104_accounts.sql with another text");
    change(c.log, "INSERT INTO schema_migration (name, digest) VALUES ('0999_later.sql', 'x')");
    check_row(&c, FAULT, "migrations", "0999_later.sql, which this version does not know");
    change(c.log, "DROP TABLE schema_migration");
    check_row(&c, FAULT, "migrations", "the event store: ");
    city_leave(&c);
}

/* Ours is moved, which is the same to it. */
static int ctl_shifted(struct small_city *c, const char *shift)
{
    setenv("LD_PRELOAD", FAKETIME, 1);
    setenv("FAKETIME", shift, 1);
    setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
    setenv("DONT_FAKE_MONOTONIC", "1", 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    int code = ctl(c, "doctor --json");
    unsetenv("LD_PRELOAD");
    unsetenv("FAKETIME");
    return code;
}

TEST(clocks_that_differ_are_told)
{
    struct small_city c = with_health(city_of_a_day());
    CHECK_INT(ctl_shifted(&c, "-5s"), WARNING);
    CHECK(has_row("clock", "warning", "the event store is +5.0 s from this machine's clock"));
    CHECK_INT(ctl_shifted(&c, "+100s"), FAULT);
    CHECK(has_row("clock", "fault", "Redis is -100.0 s from this machine's clock"));
    city_leave(&c);
}

TEST(a_server_that_is_away_is_a_fault_and_the_other_checks_go_on)
{
    struct small_city c = with_health(city_of_a_day());
    test_redis_stop();
    check_row(&c, FAULT, "versions", "Redis: Redis does not answer");
    CHECK(has_row("clock", "fault", "Redis: ") && has_row("lag", "fault", "Redis: "));
    CHECK(has_row("migrations", "ok", "") && has_row("demo accounts", "ok", ""));
    test_redis_start();
    city_leave(&c);
}

/* ---- the city ---- */

TEST(parked_events_are_a_warning)
{
    struct small_city c = with_health(poisoned_city());
    check_row(&c, WARNING, "parked", "2 events wait that the view report_list could not take");
    city_leave(&c);
}

TEST(what_is_behind_the_log_is_told_by_its_age)
{
    struct small_city c = with_health(city_of_a_day());
    file_report(&c, 8);
    change(c.log, "UPDATE es_event SET recorded = now() - interval '90 s' WHERE position = 12");
    check_row(&c, WARNING, "lag", "the lane main is 9");
    CHECK(has_row("lag", "warning", "Redis is 9"));
    change(c.log, "UPDATE es_event SET recorded = now() - interval '700 s' WHERE position = 12");
    check_row(&c, FAULT, "lag", "Redis is 70");
    city_leave(&c);
}

TEST(accounts_with_the_demo_password_are_found_also_where_no_setting_names_them)
{
    struct small_city c = with_health(city_of_a_day());
    setenv("DEMO_ACCOUNTS", "1", 1);
    check_row(&c, WARNING, "demo accounts", "DEMO_ACCOUNTS=1");
    setenv("DEMO_ACCOUNTS", "0", 1);
    test_shell("printf password | DATABASE_URL='%s' " CITYWATCHCTL
               " account add mallory --role ADMIN --password-file -",
               c.log_url);
    test_shell("printf other-words | DATABASE_URL='%s' " CITYWATCHCTL
               " account add alice --role ADMIN --password-file -",
               c.log_url);
    check_row(&c, FAULT, "demo accounts", "is \\\"password\\\": mallory\"");
    CHECK_INT(ctl(&c, "account disable mallory --yes"), 0);
    ctl(&c, "doctor --json");
    CHECK(has_row("demo accounts", "ok", "none of 1 accounts"));
    city_leave(&c);
}
