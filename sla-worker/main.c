/* main.c -- citywatch-sla-worker: one thread keeps the view of clocks, one fires what is due
 * through the writer, one enters seals of the audit, and one HTTP loop serves /health, /ready and
 * /metrics. */
#include "audit/audit.h"
#include "base/log.h"
#include "platform/process/service.h"
#include "sla-worker/clock_view.h"
#include "sla-worker/firing.h"
#include "sla-worker/seal_entry.h"
#include "view_engine/keepers.h"
#include "base/banned.h"

enum { STOP_GRACE_MS = 2000 };

static const struct embedded no_files[] = {{NULL, NULL}};

struct worker {
    struct settings settings;
    struct keepers *keepers;
    struct writer *writer;
    struct firing *firing;
    struct seal_entry *seals;
    struct auditor *audit;
    struct http_server *server;
};

/* Binds first: a port that is taken is said before anything is begun. */
static fallible prepare(struct worker *w)
{
    static const char *const homes[] = {CLOCKS_HOME};
    const struct settings *s = &w->settings;
    struct http_settings http = {.address = s->listen_address,
                                 .port = (int)s->sla_worker_port,
                                 .loops = 1,
                                 .max_connections = (int)s->max_connections,
                                 .max_body_bytes = (size_t)s->max_body_bytes,
                                 .request_deadline_ms = (int)s->request_deadline_ms,
                                 .trusted_proxies = s->trusted_proxies};
    TRY(audit_new(s, "sla-worker", &w->audit));
    audit_record_http(w->audit, &http);
    TRY(http_server_new(&http, service_routes, SERVICE_ROUTES, &w->server));
    return keepers_new(s, "sla-worker", no_files, view_folds, homes, 1, &w->keepers);
}

static bool run(struct worker *w)
{
    if (!audit_start(w->audit) || !keepers_start(w->keepers))
        return false;
    w->writer = writer_new(&w->settings, NULL, NULL);
    w->firing = firing_new(&w->settings, w->writer);
    if (seal_entry_new(&w->settings, w->writer, &w->seals))
        return false;
    http_server_start(w->server);
    log_info("started", KV("port", http_port(w->server)));
    return service_wait();
}

/* Who gives commands stops before the writer, which settles what it has. */
static void stop(struct worker *w)
{
    firing_stop(w->firing);
    seal_entry_stop(w->seals);
    writer_stop(w->writer);
    keepers_stop(w->keepers);
    if (w->server)
        http_server_stop(w->server, STOP_GRACE_MS);
    audit_stop(w->audit);
}

static void release(struct worker *w)
{
    firing_free(w->firing);
    seal_entry_free(w->seals);
    writer_free(w->writer);
    keepers_free(w->keepers);
    http_server_free(w->server);
    audit_free(w->audit);
}

int main(int argc, char **argv)
{
    struct worker w = {.server = NULL};
    bool ok = false;
    if (!service_start("sla-worker", SLA_WORKER, argc, argv, &w.settings) && !prepare(&w))
        ok = run(&w);
    stop(&w);
    release(&w);
    return service_end(ok);
}
