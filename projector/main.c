/* main.c -- citywatch-projector: a thread for each home of views, whose engine keeps them, one that
 * folds positions, and one HTTP loop for /health, /ready and /metrics. */
#include "audit/audit.h"
#include "base/log.h"
#include "platform/process/service.h"
#include "positions/flush.h"
#include "view_engine/keepers.h"
#include "base/banned.h"

enum { STOP_GRACE_MS = 2000 };

extern const struct embedded view_files[];

struct projector {
    struct arena arena; /* names of homes */
    struct keepers *keepers;
    struct flush *positions;
    struct auditor *audit;
    struct http_server *server;
};

static fallible prepare(struct projector *p, const struct settings *s)
{
    const char *homes[ENGINE_HOMES_MAX];
    int count;
    TRY(audit_new(s, "projector", &p->audit));
    TRY(engine_homes(view_files, &event_language, &p->arena, homes, &count));
    TRY(keepers_new(s, "projector", view_files, NULL, homes, count, &p->keepers));
    TRY(flush_new(s, &p->positions));
    struct http_settings http = {.address = s->listen_address,
                                 .port = (int)s->projector_port,
                                 .loops = 1,
                                 .max_connections = (int)s->max_connections,
                                 .max_body_bytes = (size_t)s->max_body_bytes,
                                 .request_deadline_ms = (int)s->request_deadline_ms,
                                 .trusted_proxies = s->trusted_proxies};
    audit_record_http(p->audit, &http);
    return http_server_new(&http, service_routes, SERVICE_ROUTES, &p->server);
}

static bool run(struct projector *p)
{
    if (!keepers_start(p->keepers))
        return false;
    bool ok = flush_start(p->positions) && audit_start(p->audit);
    http_server_start(p->server);
    log_info("started", KV("port", http_port(p->server)));
    ok = ok && service_wait();
    keepers_stop(p->keepers);
    http_server_stop(p->server, STOP_GRACE_MS);
    audit_stop(p->audit);
    return ok;
}

static void release(struct projector *p)
{
    flush_free(p->positions);
    http_server_free(p->server);
    audit_free(p->audit);
    keepers_free(p->keepers);
    arena_release(&p->arena);
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct projector p = {.server = NULL};
    bool ok = false;
    if (!service_start("projector", PROJECTOR, argc, argv, &settings) && !prepare(&p, &settings))
        ok = run(&p);
    release(&p);
    return service_end(ok);
}
