/* main.c -- command-api: the loop takes commands, the writer decides and appends them, the relay
 * publishes what was appended, the accounts' thread knows who is who, and the thread of fixes takes
 * positions. */
#include "api/paths.h"
#include "audit/audit.h"
#include "base/log.h"
#include "command-api/accounts.h"
#include "command-api/archive_watch.h"
#include "command-api/authenticate.h"
#include "command-api/first_start.h"
#include "command-api/command_api.h"
#include "command-api/commands.h"
#include "command-api/expiry.h"
#include "command-api/fixes.h"
#include "command-api/lookups.h"
#include "command-api/relay.h"
#include "platform/http/http_drain.h"
#include "platform/process/city_health.h"
#include "platform/process/service.h"
#include "writer/writer.h"
#include "base/banned.h"

enum { GRACE_MS = 10000 };

/* Everything of one process, freed in the order of `release`. */
struct process {
    struct settings settings;
    struct command_api api;
    struct token_key *key;
    struct auditor *audit;
    struct http_server *server;
    struct relay *relay;
    struct expiry *expiry;
    struct archive_watch *archive;
    struct first_start *first_start;
    struct city_health *health;
    struct http_route *routes;
    char *redis_password;
};

static fallible read_secrets(struct process *p)
{
    const struct settings *s = &p->settings;
    TRY(secret_read(s->server_secret_file, p->api.server_secret, 32));
    TRY(secret_read(s->pseudonym_secret_file, p->api.pseudonym_secret, 32));
    if (*s->redis_password_file)
        TRY(secret_read_text(s->redis_password_file, &p->redis_password));
    return token_key_read(s->token_key_file, true, &p->key);
}

static int all_routes(struct process *p)
{
    const struct http_route health = city_health_route(p->health);
    const int counts[] = {command_route_count, account_route_count, SERVICE_ROUTES, 1};
    const struct http_route *const tables[] = {command_routes, account_routes, service_routes,
                                               &health};
    int count = 0, size = counts[0] + counts[1] + counts[2] + counts[3];
    struct http_route *own = must_alloc((size_t)size + 1, sizeof(*own));
    for (int t = 0; t < 4; t++)
        for (int i = 0; i < counts[t]; i++)
            own[count++] = tables[t][i];
    p->routes = api_routes(own, &count);
    free(own);
    return count;
}

static fallible listen_now(struct process *p)
{
    const struct settings *s = &p->settings;
    struct http_settings http = {
        .address = s->listen_address,
        .port = (int)s->command_api_port,
        .loops = 1,
        .max_connections = (int)s->max_connections,
        .max_body_bytes = (size_t)s->max_body_bytes,
        .request_deadline_ms = (int)s->request_deadline_ms,
        .may_be_anonymous = command_route_may_be_anonymous,
        .trusted_proxies = s->trusted_proxies,
        .context = &p->api,
    };
    int count = all_routes(p);
    audit_record_http(p->audit, &http);
    TRY(http_server_new(&http, p->routes, count, &p->server));
    http_on_loop(p->server, authenticate_begin, authenticate_end);
    return NULL;
}

static void wake_relay(void *relay)
{
    relay_wake(relay);
}

/* Binds first: a port that is taken is said before anything is begun. */
static fallible start(struct process *p)
{
    p->api.settings = &p->settings;
    TRY(read_secrets(p));
    TRY(audit_new(&p->settings, "command-api", &p->audit));
    p->api.key = p->key;
    p->api.revoked = revoked_new();
    p->health = city_health_new(&p->settings);
    TRY(listen_now(p));
    p->relay = relay_new(&p->settings, p->redis_password ? p->redis_password : "");
    p->api.writer = writer_new(&p->settings, wake_relay, p->relay);
    p->api.lookups = lookups_new(&p->settings, p->api.writer);
    TRY(accounts_start(&p->api, &p->api.accounts));
    p->api.fixes = fixes_new(&p->settings, p->redis_password ? p->redis_password : "");
    p->first_start = first_start_begin(&p->api);
    relay_start(p->relay);
    p->expiry = expiry_new(&p->settings);
    p->archive = archive_watch_new(&p->settings);
    if (!audit_start(p->audit))
        return NOT_STARTED;
    ready_wait(SERVICE_START_MS);
    http_server_start(p->server);
    log_info("ready to take commands", KV("port", http_port(p->server)));
    return NULL;
}

/* Whoever answers requests stops before the loops, so that nothing in flight is lost; the wake-up
 * after a commit goes to the relay, so that one is freed after the writer has stopped. */
static void stop(struct process *p)
{
    if (p->server)
        http_server_drain(p->server, SERVICE_DRAIN_MS);
    if (p->first_start)
        first_start_stop(p->first_start);
    writer_stop(p->api.writer);
    accounts_stop(p->api.accounts);
    fixes_stop(p->api.fixes);
    if (p->server)
        http_server_stop(p->server, GRACE_MS);
    audit_stop(p->audit);
    relay_free(p->relay);
    expiry_free(p->expiry);
    archive_watch_free(p->archive);
}

static void release(struct process *p)
{
    city_health_free(p->health);
    lookups_free(p->api.lookups);
    writer_free(p->api.writer); /* until now it refused what still came */
    first_start_free(p->first_start);
    accounts_free(p->api.accounts);
    fixes_free(p->api.fixes);
    http_server_free(p->server);
    audit_free(p->audit);
    revoked_free(p->api.revoked);
    token_key_free(p->key);
    free(p->routes);
    free(p->redis_password);
}

int main(int argc, char **argv)
{
    struct process p = {.server = NULL};
    bool normal = false;
    if (service_start("command-api", COMMAND_API, argc, argv, &p.settings))
        return 1;
    if (!start(&p))
        normal = service_wait();
    stop(&p);
    release(&p);
    return service_end(normal);
}
