/* main.c -- citywatch-projector: a thread for each home of views, whose engine keeps them, and one
 * HTTP loop for /health, /ready and /metrics. */
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

/* What keeps the views of one home. */
struct keeper {
    struct projector *of;
    const char *home;
    struct engine *engine;
    struct pg *store_connection, *views;
    struct store *store;
    struct redis *redis;
    pthread_t thread;
};

struct projector {
    struct arena arena; /* names of homes */
    struct keeper keepers[ENGINE_HOMES_MAX];
    int count;
    pthread_mutex_t lock; /* of the next one */
    struct engine_health health[ENGINE_HOMES_MAX];
    char *redis_password;
    struct http_server *server;
    atomic_bool stopping;
};

/* The worst of all keepers: a part is away for the projector if it is for one of them. */
static struct engine_health worst(const struct projector *p)
{
    struct engine_health all = {.store = true, .views = true, .redis = true};
    for (int i = 0; i < p->count; i++) {
        const struct engine_health *h = &p->health[i];
        all.store &= h->store;
        all.views &= h->views;
        all.redis &= h->redis;
        all.set_back |= h->set_back;
        all.lag_seconds = h->lag_seconds > all.lag_seconds ? h->lag_seconds : all.lag_seconds;
    }
    return all;
}

static void report(struct projector *p, const struct keeper *k)
{
    pthread_mutex_lock(&p->lock);
    p->health[k - p->keepers] = engine_health(k->engine);
    struct engine_health h = worst(p);
    ready_report("postgres store", h.store, -1);
    ready_reason("postgres store", h.set_back ? "restored: it waits for epoch raise" : NULL);
    ready_report("postgres views", h.views, h.lag_seconds);
    ready_report("redis", h.redis, -1);
    engine_metrics(k->engine);
    pthread_mutex_unlock(&p->lock);
}

/* In naps, so that a stop does not wait for a long back-off. */
static void pause_for(struct projector *p, int ms)
{
    for (; ms > 0 && !atomic_load(&p->stopping); ms -= NAP_MS) {
        int nap = ms < NAP_MS ? ms : NAP_MS;
        nanosleep(&(struct timespec){.tv_nsec = nap * 1000000L}, NULL);
    }
}

static void *keep(void *arg)
{
    struct keeper *k = arg;
    while (!atomic_load(&k->of->stopping)) {
        int wait_ms = engine_step(k->engine);
        report(k->of, k);
        if (wait_ms == ENGINE_STOPPED) {
            service_fail(engine_reason(k->engine));
            break;
        }
        pause_for(k->of, wait_ms);
    }
    return NULL;
}

static fallible prepare_keeper(struct keeper *k, const struct settings *s)
{
    k->store_connection =
        pg_new(s->database_url, "projector store", NULL, (int)s->database_timeout_ms);
    k->views =
        pg_new(s->read_database_url, "projector views", views_session, (int)s->database_timeout_ms);
    k->store = store_new(k->store_connection);
    k->redis =
        redis_new(s->redis_host, (int)s->redis_port, k->of->redis_password, REDIS_TIMEOUT_MS);
    return engine_new(&(struct engine_parts){.files = view_files,
                                             .language = &event_language,
                                             .store = k->store,
                                             .views = k->views,
                                             .redis = k->redis,
                                             .block_ms = BLOCK_MS,
                                             .folds = view_folds,
                                             .home = k->home},
                      &k->engine);
}

static fallible prepare_keepers(struct projector *p, const struct settings *s)
{
    const char *homes[ENGINE_HOMES_MAX];
    TRY(engine_homes(view_files, &event_language, &p->arena, homes, &p->count));
    for (int i = 0; i < p->count; i++) {
        p->keepers[i] = (struct keeper){.of = p, .home = homes[i]};
        p->health[i].redis = true; /* until it has asked */
        TRY(prepare_keeper(&p->keepers[i], s));
    }
    return NULL;
}

static fallible prepare(struct projector *p, const struct settings *s)
{
    pthread_mutex_init(&p->lock, NULL);
    if (*s->redis_password_file)
        TRY(secret_read_text(s->redis_password_file, &p->redis_password));
    TRY(prepare_keepers(p, s));
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
    for (int i = 0; i < p->count; i++) {
        struct keeper *k = &p->keepers[i];
        engine_free(k->engine);
        redis_free(k->redis);
        store_free(k->store);
        pg_free(k->views);
        pg_free(k->store_connection);
    }
    free(p->redis_password);
    arena_release(&p->arena);
}

/* How many began; a thread that cannot be made is a start that fails. */
static int start_keepers(struct projector *p)
{
    int begun = 0;
    while (begun < p->count &&
           !pthread_create(&p->keepers[begun].thread, NULL, keep, &p->keepers[begun]))
        begun++;
    return begun;
}

static bool run(struct projector *p)
{
    int begun = start_keepers(p);
    bool ok = begun == p->count;
    if (ok) {
        http_server_start(p->server);
        log_info("started", KV("port", http_port(p->server)));
        ok = service_wait();
    }
    atomic_store(&p->stopping, true);
    for (int i = 0; i < begun; i++)
        pthread_join(p->keepers[i].thread, NULL);
    if (begun == p->count)
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
