/* ready.c -- what /ready knows, and the routes of every service. */
#include "platform/process/ready.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "base/banned.h"

enum {
    DEPENDENCIES = 16,
    REASON_MAX = 512,
    FIGURES_MAX = 2048,
    STALE_US = 10 * 1000000,
    WAIT_STEP_US = 5000,
    OUTDATED_MAX_S = 300
};

static const char *service_name = "citywatch", *outdated_file = ""; /* set before any thread */

void ready_begin(const char *service, const char *outdated)
{
    service_name = service;
    outdated_file = outdated;
}

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
