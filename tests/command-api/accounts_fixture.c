/* accounts_fixture.c -- see accounts_fixture.h. */
#include "tests/command-api/accounts_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/time.h"
#include "command-api/authenticate.h"
#include "platform/process/metrics.h"

static struct arena kept;
static struct command_api api;
static struct settings settings;
static struct http_server *server;
static struct pg *database;

static void release(void)
{
    accounts_server_stop();
    pg_free(database);
    token_key_free((struct token_key *)api.key);
    revoked_free(api.revoked);
    arena_release(&kept);
}

static void prepare(void)
{
    struct token_key *key = NULL;
    if (api.key)
        return;
    if (sodium_init() < 0)
        exit(2);
    settings_defaults(&settings);
    settings.database_url = test_store_database();
    settings.database_timeout_ms = 3000;
    const char *folder = test_folder();
    const char *private = arena_printf(&kept, "%s/key.pem", folder);
    CHECK_OK(token_key_generate(private, arena_printf(&kept, "%s/key.pub", folder)));
    CHECK_OK(token_key_read(private, true, &key));
    memset(api.server_secret, 7, sizeof(api.server_secret));
    api.settings = &settings;
    api.key = key;
    api.revoked = revoked_new();
    database = pg_new(settings.database_url, "test", NULL, 5000);
    atexit(release); /* before OpenSSL's own, which frees what its threads still use */
}

void accounts_server(int hash_threads, int hash_queue_max)
{
    prepare();
    if (server && settings.hash_threads == hash_threads &&
        settings.hash_queue_max == hash_queue_max)
        return;
    accounts_server_stop();
    settings.hash_threads = hash_threads;
    settings.hash_queue_max = hash_queue_max;
    CHECK_OK(accounts_start(&api, &api.accounts));
    struct http_settings s = {
        .address = "127.0.0.1", .loops = 1, .max_connections = 1000, .context = &api};
    CHECK_OK(http_server_new(&s, account_routes, account_route_count, &server));
    http_on_loop(server, authenticate_begin, authenticate_end);
    http_server_start(server);
}

void accounts_server_stop(void)
{
    if (!server)
        return;
    accounts_stop(api.accounts);
    http_server_stop(server, 5000);
    accounts_free(api.accounts);
    http_server_free(server);
    server = NULL;
}

struct command_api *accounts_server_api(void)
{
    return &api;
}

/* ---- the client ---- */

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_port(server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 60};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void read_reply(int fd, struct reply *r)
{
    char all[8192];
    size_t length = 0;
    for (ssize_t n;
         length < sizeof(all) - 1 && (n = read(fd, all + length, sizeof(all) - 1 - length)) > 0;)
        length += (size_t)n;
    all[length] = '\0';
    char *body = strstr(all, "\r\n\r\n");
    if (!body)
        return;
    *body = '\0';
    snprintf(r->head, sizeof(r->head), "%.2047s", all);
    snprintf(r->body, sizeof(r->body), "%.4095s", body + 4);
    r->status = (int)strtol(all + strcspn(all, " "), NULL, 10);
}

struct reply ask(const char *method, const char *path, const char *token, const char *header,
                 const char *body)
{
    struct reply r = {0};
    scoped_text out = {0};
    int fd = dial();
    if (fd < 0)
        return r;
    text_printf(&out, "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s", method, path,
                header ? header : "");
    if (token)
        text_printf(&out, "Authorization: Bearer %s\r\n", token);
    if (body)
        text_printf(&out, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                    strlen(body));
    text_printf(&out, "\r\n%s", body ? body : "");
    if (write(fd, out.at, out.length) == (ssize_t)out.length)
        read_reply(fd, &r);
    close(fd);
    return r;
}

struct reply post(const char *path, const char *format, ...)
{
    char body[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(body, sizeof(body), format, args);
    va_end(args);
    return ask("POST", path, NULL, NULL, body);
}

static void *call_main(void *arg)
{
    struct call *c = arg;
    int64_t start = time_monotonic();
    c->reply = ask(c->method, c->path, NULL, NULL, c->body);
    c->took_us = time_monotonic() - start;
    return NULL;
}

void ask_all(struct call *calls, int count)
{
    pthread_t threads[64];
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, call_main, &calls[i]);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

const char *member(const struct reply *r, const char *name)
{
    const char *at = strstr(r->body, arena_printf(&kept, "\"%s\":\"", name));
    if (!at)
        return "";
    at += strlen(name) + 4;
    return arena_bytes(&kept, at, strcspn(at, "\""));
}

const char *sql(const char *format, ...)
{
    char text[2048];
    va_list args;
    scoped_rows *rows = NULL;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const struct pg_statement s = {NULL, text};
    const struct problem *p = pg_call(database, &s, 0, NULL, &rows);
    if (p == DATABASE_UNAVAILABLE) /* a test has restarted it */
        p = pg_call(database, &s, 0, NULL, &rows);
    if (p)
        test_fail(__FILE__, __LINE__, text, pg_message(database), "");
    if (!rows || !rows_count(rows) || !rows_text(rows, 0, 0))
        return "";
    return arena_text(&kept, rows_text(rows, 0, 0));
}

long counter(const char *line)
{
    scoped_text all = {0};
    metrics_write(&all);
    const char *at = strstr(text_value(&all), line);
    return at ? strtol(at + strlen(line), NULL, 10) : 0;
}

const char *new_citizen(void)
{
    static int count;
    const char *name = arena_printf(&kept, "citizen-%d", ++count);
    struct reply r =
        post("/auth/register", "{\"username\":\"%s\",\"password\":\"" PASSWORD "\"}", name);
    CHECK_INT(r.status, 201);
    return name;
}

struct reply log_in(const char *name, const char *password)
{
    return post("/auth/login", "{\"username\":\"%s\",\"password\":\"%s\"}", name, password);
}
