/* settings_test.c -- the environment as settings, and secrets as files nobody else can read. */
#include "platform/process/settings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"
#include "base/banned.h"

/* What a call logs: stderr goes into a file meanwhile. */
static int saved_stderr;
static char log_text[65536];

static void log_begin(void)
{
    saved_stderr = dup(STDERR_FILENO);
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static const char *log_end(void)
{
    ssize_t n = pread(STDERR_FILENO, log_text, sizeof(log_text) - 1, 0);
    log_text[n > 0 ? n : 0] = '\0';
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    return log_text;
}

static void set_required(void)
{
    setenv("DATABASE_URL", "postgresql://cw@127.0.0.1/store", 1);
    setenv("READ_DATABASE_URL", "postgresql://cw@127.0.0.1/read", 1);
    setenv("TOKEN_KEY_FILE", "/x/key", 1);
    setenv("TOKEN_PUBLIC_KEY_FILE", "/x/pub", 1);
    setenv("SERVER_SECRET_FILE", "/x/secret", 1);
    setenv("PSEUDONYM_SECRET_FILE", "/x/pseudonym", 1);
}

TEST(every_fault_is_named_at_once)
{
    struct settings s;
    setenv("COMMAND_API_PORT", "70000", 1);
    setenv("LOG_LEVEL", "loud", 1);
    setenv("QUEUE_MAX", "many", 1);
    setenv("TOKEN_KEY_FILE", "", 1);
    log_begin();
    const struct problem *p = settings_read(COMMAND_API, &s);
    const char *log = log_end();
    CHECK_PROBLEM(p, NOT_STARTED);
    CHECK(strstr(log, "\"COMMAND_API_PORT\",\"reason\":\"is not a whole number from 1 to 65535\""));
    CHECK(strstr(log, "\"LOG_LEVEL\",\"reason\":\"is not one of: debug info warning error\""));
    CHECK(strstr(log, "\"QUEUE_MAX\"") && strstr(log, "\"DATABASE_URL\",\"reason\":\"is required"));
    CHECK(strstr(log, "\"TOKEN_KEY_FILE\"") && strstr(log, "\"SERVER_SECRET_FILE\""));
    CHECK(!strstr(log, "READER_THREADS") && strstr(log, "\"READ_DATABASE_URL\""));
    unsetenv("COMMAND_API_PORT");
    unsetenv("LOG_LEVEL");
    unsetenv("QUEUE_MAX");
}

TEST(defaults_stand_for_what_is_not_set)
{
    struct settings s;
    set_required();
    CHECK_OK(settings_read(COMMAND_API, &s));
    CHECK_INT(s.command_api_port, 8180);
    CHECK_TEXT(s.listen_address, "127.0.0.1");
    CHECK_TEXT(s.redis_password_file, "");
    CHECK_INT(s.reader_threads, 0); /* another service's */
    CHECK_OK(settings_read(QUERY_API, &s));
    CHECK_INT(s.query_api_port, 8181);
    CHECK(!s.token_key_file);
}

/* Compared with what a start without a single optional variable reads. */
TEST(defaults_are_what_a_start_without_variables_reads)
{
    struct settings read, made;
    set_required();
    CHECK_OK(settings_read(EVERY_SERVICE, &read));
    settings_defaults(&made);
    CHECK(made.database_url == NULL && made.server_secret_file == NULL);
    CHECK_INT(made.queue_max, read.queue_max);
    CHECK_INT(made.reader_threads, read.reader_threads);
    CHECK_INT(made.projector_port, read.projector_port);
    CHECK_TEXT(made.listen_address, read.listen_address);
    CHECK_TEXT(made.redis_password_file, "");
}

TEST(a_uri_of_mongodb_is_looked_at_and_its_password_is_told_nobody)
{
    static const char *const bad[] = {"127.0.0.1:8017", "mongodb://u:hid:den@h/",
                                      "mongodb://h:99999/", "mongodb://u:hid%zz@h/",
                                      "mongodb://h/?socketTimeoutMS=hidden"};
    struct settings s;
    set_required();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        setenv("MONGODB_URI", bad[i], 1);
        log_begin();
        const struct problem *p = settings_read(PROJECTOR, &s);
        const char *log = log_end();
        CHECK_PROBLEM(p, NOT_STARTED);
        CHECK(strstr(log, "\"MONGODB_URI\",\"reason\":\"is not a URI of MongoDB: "));
        CHECK(!strstr(log, "hid") && !strstr(log, "mongoc"));
        CHECK(strchr(log, '\n') == strrchr(log, '\n')); /* one line */
    }
    setenv("MONGODB_URI", "mongodb://user:hidden@127.0.0.1:8017/?authSource=admin", 1);
    CHECK_OK(settings_read(PROJECTOR, &s));
    log_begin();
    settings_log(PROJECTOR, &s);
    CHECK(!strstr(log_end(), "hidden"));
    setenv("MONGODB_URI", "", 1);
    CHECK_OK(settings_read(PROJECTOR, &s));
    unsetenv("MONGODB_URI");
}

TEST(numbers_are_taken_to_their_limits)
{
    struct settings s;
    set_required();
    setenv("CACHE_BYTES", "4294967296", 1);
    CHECK_OK(settings_read(QUERY_API, &s));
    CHECK(s.cache_bytes == 4294967296);
    static const char *const bad[] = {
        "4294967297", "-1", " 1", "1 ", "+1", "0x10", "1e3", "", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        setenv("CACHE_BYTES", bad[i], 1);
        log_begin();
        const struct problem *p = settings_read(QUERY_API, &s);
        log_end();
        CHECK_PROBLEM(p, NOT_STARTED);
    }
    unsetenv("CACHE_BYTES");
}

TEST(words_are_taken_whole)
{
    struct settings s;
    set_required();
    static const char *const bad[] = {"info warning", "inf", "nfo", "INFO", " ", "debug "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        setenv("LOG_LEVEL", bad[i], 1);
        log_begin();
        const struct problem *p = settings_read(QUERY_API, &s);
        log_end();
        CHECK_PROBLEM(p, NOT_STARTED);
    }
    setenv("LOG_LEVEL", "error", 1);
    CHECK_OK(settings_read(QUERY_API, &s));
    CHECK_TEXT(s.log_level, "error");
    unsetenv("LOG_LEVEL");
}

static const char *refused_with(const char *variable, const char *value)
{
    struct settings s;
    set_required();
    setenv(variable, value, 1);
    log_begin();
    const struct problem *p = settings_read(QUERY_API, &s);
    const char *log = log_end();
    if (p != NOT_STARTED)
        test_fail(__FILE__, __LINE__, variable, value, "refused");
    unsetenv(variable);
    set_required();
    return log;
}

TEST(addresses_are_numeric)
{
    struct settings s;
    static const char *const bad[] = {
        "localhost", "127.0.0.1.example.org", "127.1", "[::1]", " ::1", "256.0.0.1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(strstr(refused_with("LISTEN_ADDRESS", bad[i]), "is not an address"));
    set_required();
    setenv("LISTEN_ADDRESS", "::1", 1);
    CHECK_OK(settings_read(QUERY_API, &s));
    unsetenv("LISTEN_ADDRESS");
}

TEST(lists_of_addresses_are_numeric)
{
    struct settings s;
    static const char *const bad[] = {"gateway", "10.0.0.1,10.0.0.2", "10.0.0.0/8", "::1 x",
                                      "1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 "
                                      "1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 "
                                      "1.1.1.1 1.1.1.1 1.1.1.1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(strstr(refused_with("TRUSTED_PROXIES", bad[i]), "is not a list of at most 16"));
    setenv("TRUSTED_PROXIES", "", 1);
    CHECK_OK(settings_read(QUERY_API, &s));
    setenv("TRUSTED_PROXIES", "10.0.0.1  ::1", 1);
    CHECK_OK(settings_read(QUERY_API, &s));
    CHECK_TEXT(s.trusted_proxies, "10.0.0.1  ::1");
    unsetenv("TRUSTED_PROXIES");
    CHECK_OK(settings_read(QUERY_API, &s));
    CHECK_TEXT(s.trusted_proxies, "127.0.0.1 ::1");
}

TEST(addresses_of_services_name_services)
{
    struct settings s;
    set_required();
    CHECK(
        strstr(refused_with("SERVICE_ADDRESSES", "gateway=10.0.0.5"), "is not a list of services"));
    setenv("SERVICE_ADDRESSES", "projector=10.0.0.5", 1);
    CHECK_OK(settings_read(QUERY_API, &s));
    CHECK_TEXT(s.service_addresses, "projector=10.0.0.5");
    unsetenv("SERVICE_ADDRESSES");
}

TEST(what_libpq_cannot_read_is_refused_and_not_shown)
{
    static const char *const bad[] = {"hunter2", "postgresql:///x?hunter2",
                                      "postgresql:///x?hunter2=1", "postgresql://cw:hunter2@[::1",
                                      "postgresql:///x?port=hunter2"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!strstr(refused_with("READ_DATABASE_URL", bad[i]), "hunter2"));
    CHECK(strstr(refused_with("DATABASE_URL", "postgresql:///x?port=65536"), "a port"));
}

TEST(the_log_of_the_settings_shows_no_password)
{
    struct settings s;
    set_required();
    setenv("DATABASE_URL", "postgresql://cw:hunter2@127.0.0.1/store", 1);
    setenv("READ_DATABASE_URL", "postgresql:///read?password=hunter2", 1);
    CHECK_OK(settings_read(QUERY_API, &s));
    log_begin();
    settings_log(QUERY_API, &s);
    const char *log = log_end();
    CHECK(!strstr(log, "hunter2") && strstr(log, "\"database_url\":\"[has a password]\""));
    CHECK(strstr(log, "\"query_api_port\":8181") && !strstr(log, "queue_max"));
    set_required();
}

TEST(the_tables_hold_every_row)
{
    scoped_text help = {0}, markdown = {0};
    settings_help(PROJECTOR, &help);
    CHECK(strstr(text_value(&help), "  PROJECTOR_PORT           8183 ") != NULL);
    CHECK(strstr(text_value(&help), "  READ_DATABASE_URL        (required) ") != NULL);
    CHECK(!strstr(text_value(&help), "QUEUE_MAX"));
    settings_markdown(&markdown);
    CHECK(text_starts(text_value(&markdown), "| variable | default | services | meaning |\n"));
    CHECK(strstr(
              text_value(&markdown),
              "| `COMMAND_API_PORT` | `8180` | command-api, query-api | Port of command-api |\n") !=
          NULL);
    CHECK(strstr(text_value(&markdown), "| `TOKEN_PUBLIC_KEY_FILE` | required | query-api |"));
    CHECK(strstr(text_value(&markdown), "| `LOG_LEVEL` | `info` | all |") != NULL);
}

/* ---- secrets ---- */

static const char *file_with(const char *name, const char *bytes, size_t length, mode_t mode)
{
    static char path[300];
    snprintf(path, sizeof(path), "%s/%s", test_folder(), name);
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    CHECK(write(fd, bytes, length) == (ssize_t)length);
    fchmod(fd, mode);
    close(fd);
    return path;
}

static void refuses(const char *path, const char *reason)
{
    unsigned char out[32];
    log_begin();
    const struct problem *p = secret_read(path, out, sizeof(out));
    const char *log = log_end();
    CHECK_PROBLEM(p, NOT_STARTED);
    if (!strstr(log, reason))
        test_fail(__FILE__, __LINE__, path, log, reason);
}

TEST(a_secret_is_exactly_as_long_as_it_should_be)
{
    static const char bytes[] = "0123456789abcdef0123456789abcdef\n";
    unsigned char out[32];
    CHECK_OK(secret_read(file_with("ok", bytes, 32, 0400), out, 32));
    CHECK(!memcmp(out, bytes, 32));
    refuses(file_with("long", bytes, 33, 0600), "wrong size");
    refuses(file_with("short", bytes, 31, 0600), "wrong size");
}

TEST(a_secret_others_may_use_is_refused)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0601, 0644};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        refuses(file_with("open", "0123456789abcdef0123456789abcdef", 32, modes[i]), "mode");
}

TEST(a_link_a_folder_and_nothing_are_refused)
{
    char link[300];
    const char *file = file_with("target", "0123456789abcdef0123456789abcdef", 32, 0600);
    snprintf(link, sizeof(link), "%s/link", test_folder());
    unlink(link);
    CHECK(!symlink(file, link));
    refuses(link, "link");
    refuses(test_folder(), "not a file");
    refuses("/tmp/there-is-nothing-here", "No such file");
}

TEST(a_text_secret_is_one_line)
{
    char *text = NULL;
    CHECK_OK(secret_read_text(file_with("text", "pass word\n", 10, 0600), &text));
    CHECK_TEXT(text, "pass word");
    free(text);
    CHECK_OK(secret_read_text(file_with("text", "word", 4, 0600), &text));
    CHECK_TEXT(text, "word");
    free(text);
    log_begin();
    const struct problem *empty = secret_read_text(file_with("text", "", 0, 0600), &text);
    const struct problem *two = secret_read_text(file_with("text", "a\nbcd\n", 6, 0600), &text);
    const struct problem *nul = secret_read_text(file_with("text", "a\0bcde", 6, 0600), &text);
    const struct problem *line = secret_read_text(file_with("text", "\n", 1, 0600), &text);
    log_end();
    CHECK(empty == NOT_STARTED && two == NOT_STARTED && nul == NOT_STARTED && line == NOT_STARTED);
}

TEST(every_file_that_is_named_is_looked_at)
{
    struct settings s;
    char bytes[] = "0123456789abcdef0123456789abcdef", uri[400];
    set_required();
    snprintf(uri, sizeof(uri), "postgresql:///x?passfile=%s",
             file_with("passfile", "*:*:*:cw:x\n*:*:*:cx:y\n", 22, 0644));
    setenv("DATABASE_URL", uri, 1);
    setenv("SERVER_SECRET_FILE", file_with("server", bytes, 32, 0600), 1);
    setenv("PSEUDONYM_SECRET_FILE", "/x/pseudonym", 1);
    setenv("TOKEN_KEY_FILE", file_with("key", "no key", 6, 0600), 1);
    CHECK_OK(settings_read(COMMAND_API, &s));
    log_begin();
    const struct problem *p = settings_check_files(COMMAND_API, &s);
    const char *log = log_end();
    CHECK_PROBLEM(p, NOT_STARTED);
    CHECK(strstr(log, "/passfile\",\"reason\":\"group or others") && strstr(log, "/x/pseudonym"));
    CHECK(strstr(log, "the token key cannot be used") && !strstr(log, "/server\""));
    set_required();
    setenv("DATABASE_URL", uri, 1);
    CHECK_OK(settings_read(PROJECTOR, &s));
    log_begin();
    p = settings_check_files(PROJECTOR, &s); /* the files behind it are in order */
    log_end();
    CHECK_PROBLEM(p, NOT_STARTED);
    file_with("passfile", "*:*:*:cw:x\n*:*:*:cx:y\n", 22, 0600);
    CHECK_OK(settings_check_files(PROJECTOR, &s));
    set_required();
}

/* Both keys, as Redis 7.0 was measured to need them with stream-node-max-bytes of 4096. */
enum { BYTES_AN_EVENT = 1644 };

TEST(the_events_kept_by_default_fit_the_memory_redis_gets)
{
    struct settings s;
    char line[256];
    long long gigabytes = 0;
    set_required();
    CHECK_OK(settings_read(COMMAND_API, &s));
    FILE *f = fopen(SOURCE_DIR "/tools/conf/redis.conf", "r");
    while (f && fgets(line, sizeof(line), f))
        if (text_starts(line, "maxmemory "))
            gigabytes = strtoll(line + strlen("maxmemory "), NULL, 10);
    CHECK(f && gigabytes > 0);
    fclose(f);
    CHECK(s.redis_retain_events * BYTES_AN_EVENT <= (gigabytes << 30) * 4 / 5);
}
