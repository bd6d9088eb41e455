/* doctor_city.h -- a small city that is well, in a run folder, for the tests of citywatchctl
 * doctor. */
#pragma once

#include "ctl/doctor.h"
#include "platform/identity/digest.h"
#include "tests/ctl/small_city.h"

enum { OK = 0, FAULT = 1, WARNING = 4 }; /* exit codes */

static const char *const check_names[] = {
#define DOCTOR_CHECK(name, function) name,
#include "ctl/doctor_checks.def"
#undef DOCTOR_CHECK
};
enum { CHECKS = sizeof(check_names) / sizeof(check_names[0]) };

extern const struct embedded write_migrations[], read_migrations[];

static const char *run_dir; /* of the healthy city */
static struct arena kept;

__attribute__((destructor)) static void release(void)
{
    arena_release(&kept);
}

static inline void in_run_dir(const char *commands)
{
    test_shell("cd %s && %s", run_dir, commands);
}

static inline void set_file(const char *variable, const char *name)
{
    setenv(variable, arena_join(&kept, run_dir, "/secrets/", name), 1);
}

static inline void set_free_port(const char *variable)
{
    setenv(variable, arena_printf(&kept, "%d", test_free_port()), 1);
}

/* All that a city which is well has, in the environment of the next calls. */
static inline void set_healthy(void)
{
    static const char *const port_names[] = {
        "POSTGRES_PORT",   "MONGODB_PORT",   "COMMAND_API_PORT",  "QUERY_API_PORT",
        "SLA_WORKER_PORT", "PROJECTOR_PORT", "GATEWAY_HTTP_PORT", "GATEWAY_HTTPS_PORT"};
    run_dir = arena_join(&kept, test_folder(), "/run", "");
    test_shell("rm -rf %s && mkdir -m 700 %s", run_dir, run_dir);
    in_run_dir("umask 077 && mkdir bin conf log secrets audit audit/command-api.requests && "
               "touch conf/last-backup && cd secrets && "
               "for f in server pseudonym audit; do head -c 32 /dev/urandom >$f; done && "
               "echo x >redis.password && " CITYWATCHCTL " key generate token.pem "
               "token.public.pem");
    set_file("SERVER_SECRET_FILE", "server");
    set_file("PSEUDONYM_SECRET_FILE", "pseudonym");
    set_file("AUDIT_KEY_FILE", "audit");
    set_file("TOKEN_KEY_FILE", "token.pem");
    set_file("TOKEN_PUBLIC_KEY_FILE", "token.public.pem");
    for (size_t i = 0; i < sizeof(port_names) / sizeof(port_names[0]); i++)
        set_free_port(port_names[i]);
    setenv("RUN_DIR", run_dir, 1);
    setenv("AUDIT_SPOOL", arena_join(&kept, run_dir, "/audit", ""), 1);
    setenv("AUDIT_SPOOL_BYTES", "1048576", 1);
    unsetenv("BACKUP_DIR");
    setenv("DEMO_ACCOUNTS", "0", 1);
    unsetenv("OUTDATED_FILE");
    unsetenv("ADMIN_USER");
    unsetenv("REDIS_PASSWORD_FILE");
}

/* What `migrate` leaves behind; the databases of the tests are made by the files alone. */
static inline void record_migrations(struct pg *db, const struct embedded *files)
{
    change(db, "CREATE TABLE schema_migration (name text PRIMARY KEY, digest text NOT NULL)");
    for (; files->name; files++) {
        scoped_arena a = {0};
        unsigned char hash[DIGEST_BYTES];
        char digest[DIGEST_TEXT];
        digest_whole(NULL, files->text, strlen(files->text), hash, sizeof(hash));
        text_hex(hash, sizeof(hash), digest);
        change(db, arena_printf(&a, "INSERT INTO schema_migration VALUES ('%s', '%s')", files->name,
                                digest));
    }
}

static inline struct small_city with_health(struct small_city c)
{
    record_migrations(c.log, write_migrations);
    record_migrations(c.views, read_migrations);
    set_healthy();
    return c;
}

/* Whether the last call has a line of that check and state with these words. */
static inline bool has_row(const char *check, const char *state, const char *words)
{
    scoped_arena a = {0};
    const char *begin =
        arena_printf(&a, "{\"state\":\"%s\",\"check\":\"%s\",\"found\":", state, check);
    for (const char *at = output; (at = strstr(at, begin)); at++)
        if (strstr(arena_bytes(&a, at, strcspn(at, "\n")), words))
            return true;
    fprintf(stderr, "no line: %s… %s\nbut: %s\n", begin, words, output);
    return false;
}

/* A disk that is nearly full, where the tests run, is no fault of the test. */
static inline int expected(int code)
{
    bool full =
        strstr(output, "\"check\":\"disk\"") && !strstr(output, "\"ok\",\"check\":\"disk\"");
    return code == OK && full ? WARNING : code;
}

static inline void check_row(struct small_city *c, int code, const char *check, const char *words)
{
    int got = ctl(c, "doctor --json");
    CHECK_INT(got, expected(code));
    CHECK(has_row(check, code == FAULT ? "fault" : code == WARNING ? "warning" : "ok", words));
}
