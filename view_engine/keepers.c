/* keepers.c -- see keepers.h. */
#include "view_engine/keepers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "base/banned.h"

enum { BLOCK_MS = 1000, REDIS_TIMEOUT_MS = 3000, NAP_MS = 50 };

struct keeper {
    struct keepers *of;
    const char *home;
    struct engine *engine;
    struct pg *log, *views;
    struct store *store;
    struct redis *redis;
    struct engine_health health; /* under the lock */
    pthread_t thread;
};

struct keepers {
    struct keeper at[ENGINE_HOMES_MAX];
    int count, running;
    struct arena arena; /* names of connections */
    char *redis_password;
    pthread_mutex_t lock;
    atomic_bool stopping;
};

/* ---- what they report ---- */

static struct engine_health worst(const struct keepers *all)
{
    struct engine_health h = {.store = true, .views = true, .redis = true};
    for (int i = 0; i < all->count; i++) {
        const struct engine_health *one = &all->at[i].health;
        h.store = h.store && one->store;
        h.views = h.views && one->views;
        h.redis = h.redis && one->redis;
        h.set_back = h.set_back || one->set_back;
        h.lag_seconds = one->lag_seconds > h.lag_seconds ? one->lag_seconds : h.lag_seconds;
    }
    return h;
}

static void report(struct keeper *k)
{
    pthread_mutex_lock(&k->of->lock);
    k->health = engine_health(k->engine);
    struct engine_health h = worst(k->of);
    ready_report("postgres store", h.store, -1);
    ready_reason("postgres store", h.set_back ? "restored: it waits for epoch raise" : NULL);
    ready_report("postgres views", h.views, h.lag_seconds);
    ready_report("redis", h.redis, -1);
    engine_metrics(k->engine);
    pthread_mutex_unlock(&k->of->lock);
}

/* ---- the threads ---- */

/* In naps, so that a stop does not wait for a long back-off. */
static void pause_for(struct keepers *all, int ms)
{
    for (; ms > 0 && !atomic_load(&all->stopping); ms -= NAP_MS) {
        int nap = ms < NAP_MS ? ms : NAP_MS;
        nanosleep(&(struct timespec){.tv_nsec = nap * 1000000L}, NULL);
    }
}

static void *keep(void *arg)
{
    struct keeper *k = arg;
    while (!atomic_load(&k->of->stopping)) {
        int wait_ms = engine_step(k->engine);
        report(k);
        if (wait_ms == ENGINE_STOPPED) {
            service_fail(engine_reason(k->engine));
            break;
        }
        pause_for(k->of, wait_ms);
    }
    return NULL;
}

bool keepers_start(struct keepers *k)
{
    while (k->running < k->count &&
           !pthread_create(&k->at[k->running].thread, NULL, keep, &k->at[k->running]))
        k->running++;
    if (k->running == k->count)
        return true;
    keepers_stop(k);
    return false;
}

void keepers_stop(struct keepers *k)
{
    if (!k)
        return;
    atomic_store(&k->stopping, true);
    while (k->running)
        pthread_join(k->at[--k->running].thread, NULL);
}

/* ---- life ---- */

static fallible prepare(struct keeper *k, const struct settings *s, const char *program,
                        const struct embedded *files, const struct view_fold *folds)
{
    const char *log = arena_printf(&k->of->arena, "%s store", program);
    const char *views = arena_printf(&k->of->arena, "%s views", program);
    k->log = pg_new(s->database_url, log, NULL, (int)s->database_timeout_ms);
    k->views = pg_new(s->read_database_url, views, views_session, (int)s->database_timeout_ms);
    k->store = store_new(k->log);
    k->redis =
        redis_new(s->redis_host, (int)s->redis_port, k->of->redis_password, REDIS_TIMEOUT_MS);
    k->health.redis = true; /* until it has asked */
    return engine_new(&(struct engine_parts){.files = files,
                                             .language = &event_language,
                                             .store = k->store,
                                             .views = k->views,
                                             .redis = k->redis,
                                             .block_ms = BLOCK_MS,
                                             .folds = folds,
                                             .home = k->home},
                      &k->engine);
}

fallible keepers_new(const struct settings *settings, const char *program,
                     const struct embedded *files, const struct view_fold *folds,
                     const char *const *homes, int count, struct keepers **out)
{
    struct keepers *k = *out = must_alloc(1, sizeof(*k));
    pthread_mutex_init(&k->lock, NULL);
    if (*settings->redis_password_file)
        TRY(secret_read_text(settings->redis_password_file, &k->redis_password));
    while (k->count < count) {
        struct keeper *next = &k->at[k->count];
        *next = (struct keeper){.of = k, .home = homes[k->count]};
        k->count++;
        TRY(prepare(next, settings, program, files, folds));
    }
    ready_declare("postgres store");
    ready_declare("postgres views");
    ready_declare_optional("redis");
    metric_add(METRIC_es_projection_catchup_total, NULL, 0); /* shown from the start */
    return NULL;
}

void keepers_free(struct keepers *k)
{
    if (!k)
        return;
    for (int i = 0; i < k->count; i++) {
        engine_free(k->at[i].engine);
        redis_free(k->at[i].redis);
        store_free(k->at[i].store);
        pg_free(k->at[i].views);
        pg_free(k->at[i].log);
    }
    pthread_mutex_destroy(&k->lock);
    free(k->redis_password);
    arena_release(&k->arena);
    free(k);
}
