/* service_test.c -- start, readiness and stop of a service, each in a process of its own. */
#include "platform/process/service.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/log.h"
#include "tests/platform/http_client.h"
#include "base/banned.h"

/* Runs `part` in a process of its own, whose exit code it is; what it wrote is in `said`. */
static char said[65536];

static int in_child(int (*part)(void))
{
    int ends[2], status = -1;
    size_t length = 0;
    ssize_t n;
    CHECK(!pipe(ends));
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        alarm(20);
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[1]);
        exit(part());
    }
    close(ends[1]);
    while (length < sizeof(said) - 1 &&
           (n = read(ends[0], said + length, sizeof(said) - 1 - length)) > 0)
        length += (size_t)n;
    said[length] = '\0';
    close(ends[0]);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool start(const char *argument, struct settings *s)
{
    static char program[] = "citywatch-projector", copy[64], *argv[3] = {program};
    argv[1] = argument ? copy : NULL;
    snprintf(copy, sizeof(copy), "%s", argument ? argument : "");
    setenv("DATABASE_URL", "postgresql://cw@127.0.0.1/store", 1);
    setenv("READ_DATABASE_URL", "postgresql://cw@127.0.0.1/read", 1);
    return !service_start("projector", PROJECTOR, argument ? 2 : 1, argv, s);
}

static int ask_help(void)
{
    struct settings s;
    return start("--help", &s) ? 7 : 8; /* it does not come back */
}

static int ask_version(void)
{
    struct settings s;
    return start("--version", &s) ? 7 : 8;
}

static int ask_nonsense(void)
{
    struct settings s;
    return start("--nonsense", &s) ? 7 : 8;
}

TEST(help_and_version_are_told_without_a_start)
{
    CHECK_INT(in_child(ask_help), 0);
    CHECK(strstr(said, "PROJECTOR_PORT") && !strstr(said, "COMMAND_API_PORT"));
    CHECK_INT(in_child(ask_version), 0);
    CHECK_TEXT(said, "citywatch-projector " CITYWATCH_VERSION "\n");
    CHECK_INT(in_child(ask_nonsense), 8);
    CHECK(strstr(said, "--nonsense") != NULL);
}

static int start_plainly(void)
{
    struct settings s;
    struct rlimit limit;
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){100, 5000});
    if (!start(NULL, &s))
        return 1;
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur == 5000 ? 0 : 2;
}

TEST(a_start_logs_the_settings_and_the_versions)
{
    CHECK_INT(in_child(start_plainly), 0);
    CHECK(strstr(said, "\"libevent\":\"2.") && strstr(said, "\"libsodium\":\"1."));
    CHECK(strstr(said, "\"libpq\":\"") && strstr(said, "\"hiredis\":\""));
    CHECK(strstr(said, "\"mongoc\":\"1."));
    CHECK(strstr(said, "\"projector_port\":8183") != NULL);
}

static int start_open_with_demo_accounts(void)
{
    struct settings s;
    static const char *const open[] = {"0.0.0.0", "::", "192.168.1.1", "localhost", "128.0.0.1"};
    setenv("DEMO_ACCOUNTS", "1", 1);
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        setenv("LISTEN_ADDRESS", open[i], 1);
        if (start(NULL, &s))
            return 1;
    }
    setenv("LISTEN_ADDRESS", "::1", 1);
    if (!start(NULL, &s))
        return 2;
    setenv("DEMO_ACCOUNTS", "0", 1);
    setenv("LISTEN_ADDRESS", "0.0.0.0", 1);
    return start(NULL, &s) ? 0 : 3;
}

TEST(demo_accounts_allow_loopback_only)
{
    CHECK_INT(in_child(start_open_with_demo_accounts), 0);
    CHECK(strstr(said, "only a loopback address may be bound") != NULL);
}

static int check_bad_settings(void)
{
    struct settings s;
    setenv("LISTEN_ADDRESS", "localhost", 1);
    setenv("PROJECTOR_PORT", "0", 1);
    setenv("REDIS_PASSWORD_FILE", "/x/redis", 1);
    return start("--check", &s) ? 7 : 8; /* it does not come back */
}

static int check_good_settings(void)
{
    struct settings s;
    return start("--check", &s) ? 7 : 8;
}

TEST(a_check_tells_every_fault_in_words_and_starts_nothing)
{
    CHECK_INT(in_child(check_bad_settings), 1);
    CHECK(strstr(
        said, "a setting cannot be used: variable \"LISTEN_ADDRESS\", reason \"is not an address"));
    CHECK(strstr(said, "\"PROJECTOR_PORT\"") &&
          strstr(said, "a secret cannot be used: path \"/x/redis\""));
    CHECK_INT(in_child(check_good_settings), 0);
    CHECK_TEXT(said, "");
}

/* ---- warnings and errors, apart ---- */

enum { FLOOD = 300 };
static char apart_path[] = "/tmp/citywatch-apart-XXXXXX";

static int log_much(void)
{
    struct settings s;
    int fd = mkstemp(apart_path);
    dup2(fd, STDERR_FILENO);
    if (!start(NULL, &s))
        return 1;
    for (int i = 0; i < FLOOD; i++)
        log_warning("a flood", KV("number", i));
    log_error("one among many", KV("number", 7));
    char kept[8192] = "";
    ssize_t n = pread(fd, kept, sizeof(kept) - 1, 0);
    unlink(apart_path);
    int lines = 0;
    for (ssize_t i = 0; i < n; i++)
        lines += kept[i] == '\n';
    return lines == LOG_APART_MAX + 1 && strstr(kept, "one among many") &&
                   !strstr(kept, "\"settings\"")
               ? 0
               : 2;
}

TEST(warnings_and_errors_are_kept_apart_and_a_flood_does_not_push_them_out)
{
    CHECK_INT(in_child(log_much), 0);
    CHECK(strstr(said, "\"settings\"") && strstr(said, "\"number\":4") &&
          strstr(said, "one among many"));
}

/* ---- stop ---- */

static void *fail_soon(void *arg)
{
    pause_ms(50);
    service_fail("the disk is gone");
    return arg;
}

static void *terminate_soon(void *arg)
{
    pause_ms(50);
    kill(getpid(), SIGTERM);
    return arg;
}

static int wait_for(void *(*cause)(void *arg))
{
    struct settings s;
    pthread_t thread;
    if (!start(NULL, &s))
        return 9;
    pthread_create(&thread, NULL, cause, NULL);
    bool normal = service_wait();
    pthread_join(thread, NULL);
    return normal ? 0 : 1;
}

static int wait_for_term(void)
{
    return wait_for(terminate_soon);
}

static int wait_for_failure(void)
{
    return wait_for(fail_soon);
}

static void *begin_again_soon(void *arg)
{
    pause_ms(50);
    kill(getpid(), SIGUSR2);
    return arg;
}

/* The program that it would become is not there: 1, and that is logged. */
static int begin_again(void)
{
    return service_end(wait_for(begin_again_soon) == 0);
}

static int begin_again_and_end(void)
{
    int code = wait_for(begin_again_soon);
    kill(getpid(), SIGTERM);
    return service_end(code == 0);
}

static int begin_again_and_fail(void)
{
    int code = wait_for(begin_again_soon);
    service_fail("the disk is gone");
    return service_end(code == 0);
}

TEST(whoever_starts_again_ends_if_that_is_wanted_meanwhile)
{
    CHECK_INT(in_child(begin_again), 1);
    CHECK(strstr(said, "could not start again in its place") != NULL);
    CHECK_INT(in_child(begin_again_and_end), 0);
    CHECK(!strstr(said, "could not start again"));
    CHECK_INT(in_child(begin_again_and_fail), 1);
    CHECK(!strstr(said, "could not start again"));
}

TEST(a_signal_is_a_normal_stop_and_a_failure_is_not)
{
    CHECK_INT(in_child(wait_for_term), 0);
    CHECK_INT(in_child(wait_for_failure), 1);
    CHECK(strstr(said, "the disk is gone") != NULL);
}

/* ---- the routes ---- */

static char outdated_path[] = "/tmp/citywatch-outdated-XXXXXX";

static int show_outdated(void)
{
    struct settings s;
    struct http_server *server = NULL;
    struct http_settings http = {.address = "127.0.0.1", .max_connections = 9};
    int fd = mkstemp(outdated_path);
    setenv("OUTDATED_FILE", outdated_path, 1);
    if (!start(NULL, &s) || http_server_new(&http, service_routes, 3, &server))
        return 1;
    http_server_start(server);
    bool ok = !strstr(get(http_port(server), "/ready"), "outdated");
    ok = ok && write(fd, "postgres\n\nredis\n", 16) == 16 &&
         strstr(get(http_port(server), "/ready"), ",\"outdated\":[\"postgres\",\"redis\"]");
    struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    futimens(fd, old); /* nobody keeps it any more */
    ok = ok && !strstr(get(http_port(server), "/ready"), "outdated");
    unlink(outdated_path);
    ok = ok && !strstr(get(http_port(server), "/ready"), "outdated");
    http_server_stop(server, 100);
    http_server_free(server);
    return ok ? 0 : 2;
}

TEST(ready_names_the_parts_that_are_older_than_what_is_installed)
{
    CHECK_INT(in_child(show_outdated), 0);
}

static void *report_late(void *nothing)
{
    pause_ms(150);
    ready_report("store", true, -1);
    return nothing;
}

/* Milliseconds. */
static int64_t time_to_be_ready(int ms)
{
    int64_t begun = time_monotonic();
    ready_wait(ms);
    return (time_monotonic() - begun) / 1000;
}

static int wait_for_store(void)
{
    pthread_t reporter;
    CHECK(time_to_be_ready(5000) < 1000); /* nothing is declared */
    ready_declare("store");
    ready_declare_optional("redis");
    int64_t took = time_to_be_ready(100);
    CHECK(took >= 100 && took < 2000);
    CHECK(pthread_create(&reporter, NULL, report_late, NULL) == 0);
    took = time_to_be_ready(10000);
    CHECK(took >= 100 && took < 5000);
    pthread_join(reporter, NULL);
    return test_failures;
}

TEST(a_start_waits_until_all_but_what_is_optional_is_well)
{
    CHECK_INT(in_child(wait_for_store), 0);
}

TEST(ready_waits_for_every_dependency)
{
    struct http_server *s = NULL;
    struct http_settings settings = {.address = "127.0.0.1", .max_connections = 9};
    CHECK_OK(http_server_new(&settings, service_routes, 3, &s));
    int port = http_port(s);
    char too_many[2049] = "";
    memset(too_many, '1', sizeof(too_many) - 1);
    ready_declare("store");
    ready_declare("redis");
    http_server_start(s);
    log_start("test", LOG_ERROR);
    CHECK_INT(status_of(get(port, "/health")), 200);
    ready_report("redis", true, -1);
    CHECK_INT(status_of(get(port, "/ready")), 503);
    ready_report("store", true, 0.5);
    const char *answer = get(port, "/ready");
    CHECK_INT(status_of(answer), 200);
    CHECK_TEXT(body_of(answer), "{\"status\":\"ready\",\"dependencies\":{\"store\":{\"ok\":true,"
                                "\"lag_seconds\":0.500},\"redis\":{\"ok\":true,"
                                "\"lag_seconds\":null}},\"success\":true}");
    ready_report("store", false, 0.5);
    CHECK_INT(status_of(get(port, "/ready")), 503);
    ready_report("store", true, 0.5);
    ready_figures("store", "\"rows\":12");
    CHECK(strstr(get(port, "/ready"), "\"lag_seconds\":0.500,\"figures\":{\"rows\":12}},") != NULL);
    ready_figures("store", too_many);
    CHECK(strstr(get(port, "/ready"), "figures") == NULL);
    ready_declare_optional("redis"); /* the work goes on without it */
    ready_report("redis", false, -1);
    answer = get(port, "/ready");
    CHECK_INT(status_of(answer), 200);
    CHECK(strstr(answer, "\"status\":\"degraded\"") != NULL);
    answer = get(port, "/metrics");
    CHECK_TEXT(header_of(answer, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    CHECK(strstr(answer, "process_open_fds") != NULL);
    CHECK(strstr(answer, "\nservice_info{version=\"" CITYWATCH_VERSION "\"} 1\n") != NULL);
    CHECK(strstr(answer, "\nservice_part_ready{part=\"store\"} 1\n") != NULL);
    CHECK(strstr(answer, "\nservice_part_ready{part=\"redis\"} 0\n") != NULL);
    log_start("test", LOG_INFO);
    http_server_stop(s, 100);
    http_server_free(s);
}
