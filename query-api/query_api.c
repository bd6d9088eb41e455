/* query_api.c -- puts one query-api process together, and takes it apart in the opposite order. */
#include "query-api/query_api.h"

#include <unistd.h>

#include "api/paths.h"
#include "audit/audit.h"
#include "base/log.h"
#include "platform/http/http_drain.h"
#include "platform/process/city_health.h"
#include "platform/process/pool.h"
#include "platform/process/service.h"
#include "query-api/audit_reads.h"
#include "query-api/documents.h"
#include "query-api/head.h"
#include "query-api/loop_state.h"
#include "query-api/reader.h"
#include "base/banned.h"

enum { RUNS_MAX = 1024, GRACE_MS = 3000 };

static int rows_of_queries(void)
{
    int n = 0;
    while (query_routes[n].path)
        n++;
    return n;
}

static int rows_of_documents(void)
{
    int n = 0;
    while (document_routes[n].path)
        n++;
    return n;
}

static fallible make_queries(struct query_api *api)
{
    int count = rows_of_queries();
    api->queries = must_alloc((size_t)count, sizeof(struct query));
    for (; api->query_count < count; api->query_count++)
        if (query_init(&api->queries[api->query_count], &query_routes[api->query_count])) {
            log_error("a query names a SQL file or a fragment that is not there",
                      KV("path", query_routes[api->query_count].path));
            return NOT_STARTED;
        }
    return NULL;
}

/* All routes of this service in one table; returns their number. */
static int make_routes(struct query_api *api)
{
    int n = 0, documents = rows_of_documents();
    size_t size = (size_t)(api->query_count + documents + SERVICE_ROUTES + 1);
    struct http_route *own = must_alloc(size + 1, sizeof(*own));
    for (int i = 0; i < api->query_count; i++, n++)
        own[n] = (struct http_route){query_routes[i].method, query_routes[i].path, serve_query,
                                     &api->queries[i]};
    for (int i = 0; i < documents; i++, n++)
        own[n] = (struct http_route){document_routes[i].method, document_routes[i].path,
                                     document_routes[i].handle, NULL};
    for (int i = 0; i < SERVICE_ROUTES; i++, n++)
        own[n] = service_routes[i];
    own[n] = city_health_route(api->health);
    api->routes = api_routes(own, &n);
    free(own);
    return n;
}

static fallible bind_port(struct query_api *api, int routes)
{
    const struct settings *s = api->settings;
    struct http_settings http = {
        .address = s->listen_address,
        .port = (int)s->query_api_port,
        .loops = api->loops,
        .max_connections = (int)s->max_connections,
        .max_body_bytes = (size_t)s->max_body_bytes,
        .request_deadline_ms = (int)s->request_deadline_ms,
        .trusted_proxies = s->trusted_proxies,
        .context = api,
    };
    audit_record_http(api->audit, &http);
    TRY(http_server_new(&http, api->routes, routes, &api->server));
    http_on_loop(api->server, loop_state_new, loop_state_free);
    return NULL;
}

static fallible start(struct query_api *api)
{
    const struct settings *s = api->settings;
    int timeout_ms = (int)s->database_timeout_ms;
    TRY(audit_new(s, "query-api", &api->audit));
    TRY(token_key_read(s->token_public_key_file, false, &api->key));
    TRY(secret_read(s->pseudonym_secret_file, api->pseudonym_secret,
                    sizeof(api->pseudonym_secret)));
    TRY(make_queries(api));
    api->health = city_health_new(s);
    TRY(bind_port(api, make_routes(api)));
    api->documents = documents_new();
    api->revoked = revoked_new();
    api->view_progress =
        view_progress_new(s->read_database_url, timeout_ms, api->queries, api->query_count);
    api->head = head_new(s->database_url, timeout_ms, api->view_progress, api->revoked);
    struct pool_work work = reader_work;
    work.context = api;
    if (!audit_start(api->audit))
        return NOT_STARTED;
    api->audit_reads = audit_reads_new(api);
    api->readers = pool_new("reader", (int)s->reader_threads, RUNS_MAX, &work);
    ready_wait(SERVICE_START_MS);
    http_server_start(api->server);
    return NULL;
}

fallible query_api_new(const struct settings *s, struct query_api **out)
{
    struct query_api *api = must_alloc(1, sizeof(*api));
    api->settings = s;
    api->loops = s->http_loops > 0 ? (int)s->http_loops : (int)sysconf(_SC_NPROCESSORS_ONLN);
    const struct problem *p = start(api);
    if (p) {
        query_api_free(api);
        return p;
    }
    *out = api;
    return NULL;
}

int query_api_port(const struct query_api *api)
{
    return http_port(api->server);
}

/* What runs in the database ends by its own deadline, so it is answered before the loops stop. */
static void stop(struct query_api *api)
{
    if (api->readers)
        http_server_drain(api->server, SERVICE_DRAIN_MS);
    atomic_store(&api->stopping, true);
    if (api->readers) /* the last thing to start: with it the server runs */
        http_server_stop(api->server, (int)api->settings->database_timeout_ms + GRACE_MS);
    audit_stop(api->audit);
    audit_reads_stop(api->audit_reads);
    pool_free(api->readers);
    city_health_free(api->health);
    head_free(api->head);
    view_progress_free(api->view_progress);
}

void query_api_free(struct query_api *api)
{
    if (!api)
        return;
    stop(api);
    http_server_free(api->server);
    audit_reads_free(api->audit_reads);
    audit_free(api->audit);
    documents_free(api->documents);
    revoked_free(api->revoked);
    token_key_free(api->key);
    for (int i = 0; i < api->query_count; i++)
        query_release(&api->queries[i]);
    free(api->queries);
    free(api->routes);
    free(api);
}
