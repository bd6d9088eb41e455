/* service.c -- start and stop, the same for every service; what /ready knows. */
#include "platform/process/service.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/process/handover.h"
#include "platform/process/metrics.h"
#include "platform/postgres/postgres.h"
#include "platform/mongo/mongo.h"
#include "platform/redis/redis.h"
#include "base/banned.h"

enum {
    DEPENDENCIES = 16,
    REASON_MAX = 512,
    FIGURES_MAX = 2048,
    STALE_US = 10 * 1000000,
    WAIT_STEP_US = 5000,
    OUTDATED_MAX_S = 300
};

static const char *service_name = "citywatch"; /* set once, before any thread */
static const char *outdated_file = "";         /* as that */
static char **arguments;                /* of main */
static bool again;                      /* SIGUSR2 came */
static atomic_bool failed;

static sigset_t stop_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR2);
    return set;
}

static void print_help(enum service_bit service)
{
    scoped_text t = {0};
    text_printf(
        &t,
        "citywatch-%s [--help | --version | --check]\n\n--check looks at settings and secrets, "
        "tells every fault and starts nothing.\nSIGTERM: ends. SIGUSR2: ends and starts again "
        "in its place, as the program that lies there then; no connection is refused "
        "meanwhile.\nIs set up by environment variables:\n",
        service_name);
    settings_help(service, &t);
    fputs(text_value(&t), stdout);
}

static fallible read_arguments(enum service_bit service, int argc, char **argv)
{
    if (argc < 2 || (argc == 2 && text_equal(argv[1], "--check")))
        return NULL;
    if (argc == 2 && text_equal(argv[1], "--help"))
        print_help(service);
    else if (argc == 2 && text_equal(argv[1], "--version"))
        printf("citywatch-%s %s\n", service_name, CITYWATCH_VERSION);
    else {
        fprintf(stderr, "citywatch-%s: unknown argument %s; see --help\n", service_name, argv[1]);
        return NOT_STARTED;
    }
    exit(0);
}

static void prepare_signals(void)
{
    sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        log_warning("the limit of open files could not be raised");
}

static enum log_level level_named(const char *name)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    for (enum log_level l = LOG_DEBUG; l < LOG_ERROR; l++)
        if (text_equal(name, names[l]))
            return l;
    return LOG_ERROR;
}

static bool is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address, &v6) == 1 &&
           (IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127));
}

static fallible check_address(const struct settings *s)
{
    if (!s->demo_accounts || !s->listen_address || is_loopback(s->listen_address))
        return NULL;
    log_error("while accounts with the demo password exist only a loopback address may be bound",
              KV("listen_address", s->listen_address));
    return NOT_STARTED;
}

static void log_versions(void)
{
    char libpq[24];
    snprintf(libpq, sizeof(libpq), "%d.%d", pg_library() / 10000, pg_library() % 10000);
    log_info("starting", KV("version", CITYWATCH_VERSION), KV("libevent", http_library()),
             KV("libpq", (const char *)libpq), KV("hiredis", redis_library()),
             KV("mongoc", mongo_library()), KV("libsodium", sodium_version_string()),
             KV("pid", getpid()));
}

/* All faults, not only the first. */
static fallible read_settings(enum service_bit service, struct settings *out)
{
    const struct problem *const found[] = {settings_read(service, out),
                                           settings_check_files(service, out), check_address(out)};
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++)
        if (found[i])
            return found[i];
    return NULL;
}

fallible service_start(const char *name, enum service_bit service, int argc, char **argv,
                       struct settings *out)
{
    service_name = name;
    arguments = argv;
    TRY(read_arguments(service, argc, argv));
    prepare_signals();
    bool check_only = argc == 2;
    log_start(name, LOG_INFO);
    if (check_only)
        log_for_people();
    else
        log_apart();
    if (sodium_init() < 0) {
        log_error("libsodium could not be started");
        return NOT_STARTED;
    }
    mongo_library_start();
    const struct problem *p = read_settings(service, out);
    if (check_only)
        exit(p ? 1 : 0);
    TRY(p);
    log_start(name, level_named(out->log_level));
    raise_descriptor_limit();
    outdated_file = out->outdated_file;
    log_versions();
    settings_log(service, out);
    metrics_start(service);
    return NULL;
}

static const char *name_of(int signal)
{
    return signal == SIGINT ? "SIGINT" : signal == SIGUSR2 ? "SIGUSR2" : "SIGTERM";
}

bool service_wait(void)
{
    sigset_t set = stop_signals();
    int which;
    sd_notify(0, "READY=1");
    while (sigwait(&set, &which))
        ;
    again = which == SIGUSR2;
    sd_notify(0, again ? "RELOADING=1" : "STOPPING=1");
    log_info("stopping", KV("signal", name_of(which)));
    if (again)
        handover_hold();
    return !atomic_load(&failed);
}

int service_end(bool well)
{
    if (well && again)
        handover_become(arguments);
    return well && !again ? 0 : 1;
}

void service_fail(const char *why)
{
    log_error("this service cannot go on", KV("reason", why));
    atomic_store(&failed, true);
    kill(getpid(), SIGTERM); /* blocked in every thread: wakes service_wait */
}

/* ---- readiness ---- */

struct dependency {
    const char *name;
    char reason[REASON_MAX];   /* "" if there is none */
    char figures[FIGURES_MAX]; /* the same */
    bool ok, optional;
    double lag_seconds;
    int64_t reported; /* monotonic; 0: never */
};

static struct {
    pthread_mutex_t lock;
    struct dependency at[DEPENDENCIES];
    int count;
} ready = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct dependency *find_locked(const char *name)
{
    for (int i = 0; i < ready.count; i++)
        if (text_equal(ready.at[i].name, name))
            return &ready.at[i];
    if (ready.count == DEPENDENCIES)
        abort(); /* the names are constants of the program */
    ready.at[ready.count].name = name;
    return &ready.at[ready.count++];
}

static void declare(const char *dependency, bool optional)
{
    pthread_mutex_lock(&ready.lock);
    find_locked(dependency)->optional = optional;
    pthread_mutex_unlock(&ready.lock);
}

void ready_declare(const char *dependency)
{
    declare(dependency, false);
}

void ready_declare_optional(const char *dependency)
{
    declare(dependency, true);
}

void ready_report(const char *dependency, bool ok, double lag_seconds)
{
    pthread_mutex_lock(&ready.lock);
    struct dependency *d = find_locked(dependency);
    d->ok = ok;
    d->lag_seconds = lag_seconds;
    d->reported = time_monotonic();
    pthread_mutex_unlock(&ready.lock);
}

void ready_reason(const char *dependency, const char *reason)
{
    pthread_mutex_lock(&ready.lock);
    snprintf(find_locked(dependency)->reason, REASON_MAX, "%s", reason ? reason : "");
    pthread_mutex_unlock(&ready.lock);
}

void ready_figures(const char *dependency, const char *members)
{
    bool fits = members && strlen(members) < FIGURES_MAX;
    pthread_mutex_lock(&ready.lock);
    snprintf(find_locked(dependency)->figures, FIGURES_MAX, "%s", fits ? members : "");
    pthread_mutex_unlock(&ready.lock);
}

enum readiness { READY, DEGRADED, NOT_READY };

/* A dependency is well if it has said so lately. */
static bool is_well(const struct dependency *d, int64_t now)
{
    return d->ok && d->reported && now - d->reported <= STALE_US;
}

static bool all_are_well(void)
{
    int64_t now = time_monotonic();
    bool well = true;
    pthread_mutex_lock(&ready.lock);
    for (int i = 0; well && i < ready.count; i++)
        well = ready.at[i].optional || is_well(&ready.at[i], now);
    pthread_mutex_unlock(&ready.lock);
    return well;
}

void ready_wait(int ms)
{
    int64_t until = time_monotonic() + (int64_t)ms * 1000;
    while (!all_are_well() && time_monotonic() < until)
        usleep(WAIT_STEP_US);
}

static void measure_dependencies(void)
{
    int64_t now = time_monotonic();
    metric_set(METRIC_service_info, CITYWATCH_VERSION, 1);
    pthread_mutex_lock(&ready.lock);
    for (int i = 0; i < ready.count; i++)
        metric_set(METRIC_service_part_ready, ready.at[i].name, is_well(&ready.at[i], now));
    pthread_mutex_unlock(&ready.lock);
}

static enum readiness write_dependencies(struct text *out)
{
    enum readiness all = READY;
    int64_t now = time_monotonic();
    pthread_mutex_lock(&ready.lock);
    for (int i = 0; i < ready.count; i++) {
        const struct dependency *d = &ready.at[i];
        bool ok = is_well(d, now);
        enum readiness one = ok ? READY : d->optional ? DEGRADED : NOT_READY;
        all = one > all ? one : all;
        text_append(out, i ? "," : "");
        text_append_json(out, d->name);
        text_printf(out, ":{\"ok\":%s,\"lag_seconds\":", ok ? "true" : "false");
        if (d->reported && d->lag_seconds >= 0)
            text_printf(out, "%.3f", d->lag_seconds);
        else
            text_append(out, "null");
        if (*d->reason) {
            text_append(out, ",\"reason\":");
            text_append_json(out, d->reason);
        }
        if (*d->figures)
            text_printf(out, ",\"figures\":{%s}", d->figures);
        text_append_char(out, '}');
    }
    pthread_mutex_unlock(&ready.lock);
    return all;
}

/* `,"outdated":[names]` if the file says so and is kept up to date; else nothing. */
static void append_outdated(struct text *out)
{
    char lines[512];
    struct stat st;
    int fd = *outdated_file ? open(outdated_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return;
    bool kept = !fstat(fd, &st) && time(NULL) - st.st_mtime < OUTDATED_MAX_S;
    ssize_t n = kept ? read(fd, lines, sizeof(lines) - 1) : 0;
    close(fd);
    lines[n > 0 ? n : 0] = '\0';
    const char *separator = ",\"outdated\":[";
    for (char *rest = lines, *name; (name = strsep(&rest, "\n"));) {
        if (!*name)
            continue;
        text_append(out, separator);
        text_append_json(out, name);
        separator = ",";
    }
    if (separator[1] == '\0')
        text_append_char(out, ']');
}

/* ---- the routes ---- */

static void reply_text(struct http_request *r, int status, const char *type, const struct text *t)
{
    http_reply(r, &(struct http_answer){.status = status,
                                        .content_type = type,
                                        .body = text_value(t),
                                        .length = t->length,
                                        .headers = {{"Cache-Control", "no-store"}}});
}

static void handle_health(struct http_request *r, const void *row)
{
    (void)row;
    scoped_text t = {0};
    text_printf(&t, "{\"status\":\"ok\",\"service\":\"%s\",\"version\":\"%s\",\"success\":true}",
                service_name, CITYWATCH_VERSION);
    reply_text(r, 200, NULL, &t);
}

static void handle_ready(struct http_request *r, const void *row)
{
    (void)row;
    static const char *const words[] = {"ready", "degraded", "not ready"};
    scoped_text dependencies = {0}, t = {0};
    enum readiness all = write_dependencies(&dependencies);
    text_printf(&t, "{\"status\":\"%s\",\"dependencies\":{%s}", words[all],
                text_value(&dependencies));
    append_outdated(&t);
    text_printf(&t, ",\"success\":%s}", all == NOT_READY ? "false" : "true");
    reply_text(r, all == NOT_READY ? 503 : 200, NULL, &t);
}

static void handle_metrics(struct http_request *r, const void *row)
{
    (void)row;
    scoped_text t = {0};
    measure_dependencies();
    metrics_write(&t);
    reply_text(r, 200, "text/plain; version=0.0.4; charset=utf-8", &t);
}

const struct http_route service_routes[SERVICE_ROUTES] = {
    {"GET", "/health", handle_health, NULL},
    {"GET", "/ready", handle_ready, NULL},
    {"GET", "/metrics", handle_metrics, NULL},
};
