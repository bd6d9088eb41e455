/* service.c -- start and stop, the same for every service. */
#include "platform/process/service.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sodium.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "platform/process/handover.h"
#include "platform/process/metrics.h"
#include "platform/process/ready.h"
#include "platform/postgres/postgres.h"
#include "platform/mongo/mongo.h"
#include "platform/redis/redis.h"
#include "base/banned.h"

static const char *service_name = "citywatch"; /* set once, before any thread */
static char **arguments;                       /* of main */
static bool again;                             /* SIGUSR2 came */
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
    ready_begin(name, out->outdated_file);
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

/* Whoever wants an end gets one, also while this service was ending to start again. */
static bool is_to_end(void)
{
    sigset_t pending;
    return !sigpending(&pending) &&
           (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

int service_end(bool well)
{
    if (!well || atomic_load(&failed))
        return 1;
    if (!again || is_to_end())
        return 0;
    handover_become(arguments);
    return 1;
}

void service_fail(const char *why)
{
    log_error("this service cannot go on", KV("reason", why));
    atomic_store(&failed, true);
    kill(getpid(), SIGTERM); /* blocked in every thread: wakes service_wait */
}
