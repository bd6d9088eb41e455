/* main.c -- citywatch-projector: one engine thread that keeps the views, one HTTP loop for /health,
 * /ready and /metrics. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/log.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "view_engine/engine.h"
#include "base/banned.h"

enum { BLOCK_MS = 1000, REDIS_TIMEOUT_MS = 3000, STOP_GRACE_MS = 2000, NAP_MS = 50 };

extern const struct embedded view_files[];

struct projector {
    struct engine *engine;
    struct pg *store_connection, *views;
    struct store *store;
    struct redis *redis;
    char *redis_password;
    struct http_server *server;
    atomic_bool stopping;
};

static void report(const struct engine *e)
{
    struct engine_health h = engine_health(e);
    ready_report("postgres store", h.store, -1);
    ready_reason("postgres store", h.set_back ? "restored: it waits for epoch raise" : NULL);
    ready_report("postgres views", h.views, h.lag_seconds);
    ready_report("redis", h.redis, -1);
    engine_metrics(e);
}

/* In naps, so that a stop does not wait for a long back-off. */
static void pause_for(struct projector *p, int ms)
{
    for (; ms > 0 && !atomic_load(&p->stopping); ms -= NAP_MS) {
        int nap = ms < NAP_MS ? ms : NAP_MS;
        nanosleep(&(struct timespec){.tv_nsec = nap * 1000000L}, NULL);
    }
}

static void *engine_main(void *arg)
{
    struct projector *p = arg;
    while (!atomic_load(&p->stopping)) {
        int wait_ms = engine_step(p->engine);
        report(p->engine);
        if (wait_ms == ENGINE_STOPPED) {
            service_fail(engine_reason(p->engine));
            break;
        }
        pause_for(p, wait_ms);
    }
    return NULL;
}

static fallible prepare(struct projector *p, const struct settings *s)
{
    if (*s->redis_password_file)
        TRY(secret_read_text(s->redis_password_file, &p->redis_password));
    p->store_connection =
        pg_new(s->database_url, "projector store", NULL, (int)s->database_timeout_ms);
    p->views =
        pg_new(s->read_database_url, "projector views", views_session, (int)s->database_timeout_ms);
    p->store = store_new(p->store_connection);
    p->redis = redis_new(s->redis_host, (int)s->redis_port, p->redis_password, REDIS_TIMEOUT_MS);
    TRY(engine_new(&(struct engine_parts){.files = view_files,
                                          .language = &event_language,
                                          .store = p->store,
                                          .views = p->views,
                                          .redis = p->redis,
                                          .block_ms = BLOCK_MS,
                                          .folds = view_folds},
                   &p->engine));
    ready_declare("postgres store");
    ready_declare("postgres views");
    ready_declare_optional("redis");
    metric_add(METRIC_es_projection_catchup_total, NULL, 0); /* shown from the start */
    struct http_settings http = {.address = s->listen_address,
                                 .port = (int)s->projector_port,
                                 .loops = 1,
                                 .max_connections = (int)s->max_connections,
                                 .max_body_bytes = (size_t)s->max_body_bytes,
                                 .request_deadline_ms = (int)s->request_deadline_ms};
    return http_server_new(&http, service_routes, SERVICE_ROUTES, &p->server);
}

static void release(struct projector *p)
{
    http_server_free(p->server);
    engine_free(p->engine);
    redis_free(p->redis);
    store_free(p->store);
    pg_free(p->views);
    pg_free(p->store_connection);
    free(p->redis_password);
}

static bool run(struct projector *p)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, engine_main, p))
        return false;
    http_server_start(p->server);
    log_info("started", KV("port", http_port(p->server)));
    bool ok = service_wait();
    atomic_store(&p->stopping, true);
    pthread_join(thread, NULL);
    http_server_stop(p->server, STOP_GRACE_MS);
    return ok;
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct projector p = {0};
    bool ok = false;
    if (!service_start("projector", PROJECTOR, argc, argv, &settings) && !prepare(&p, &settings))
        ok = run(&p);
    release(&p);
    return ok ? 0 : 1;
}
