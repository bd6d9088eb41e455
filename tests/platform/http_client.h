/* http_client.h -- a raw socket as an HTTP client, and a small server to talk to. Every wait is
 * bounded. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "events/problems.h"
#include "platform/http/http.h"
#include "platform/process/metrics.h"
#include "tests/support/figure.h"
#include "tests/support/harness.h"

#define HELPER __attribute__((unused)) static

enum { ANSWER_MAX = 1 << 20, PATIENCE_MS = 5000 };

/* ---- the client ---- */

HELPER int dial(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
        close(fd);
        return -1;
    }
    return fd;
}

HELPER bool say_bytes(int fd, const char *s, size_t length)
{
    while (length) {
        ssize_t n = send(fd, s, length, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        s += n;
        length -= (size_t)n;
    }
    return true;
}

HELPER bool say(int fd, const char *s)
{
    return say_bytes(fd, s, strlen(s));
}

/* Bytes read into `out`; 0: closed (or reset); -1: nothing came in time. */
HELPER ssize_t hear(int fd, char *out, size_t size, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, ms) <= 0)
        return -1;
    ssize_t n = recv(fd, out, size, 0);
    return n < 0 ? 0 : n;
}

/* All until the server closes. */
HELPER const char *hear_all(int fd)
{
    static char all[ANSWER_MAX];
    size_t length = 0;
    ssize_t n;
    while (length < sizeof(all) - 1 &&
           (n = hear(fd, all + length, sizeof(all) - 1 - length, PATIENCE_MS)) > 0)
        length += (size_t)n;
    all[length] = '\0';
    return all;
}

/* Value of a header of an answer, or NULL; ends the answer's text behind it, so ask once a name. */
HELPER const char *header_of(const char *answer, const char *name)
{
    static char value[512];
    char line[80];
    snprintf(line, sizeof(line), "\r\n%s: ", name);
    const char *at = strcasestr(answer, line);
    const char *end = strstr(answer, "\r\n\r\n");
    if (!at || !end || at > end)
        return NULL;
    at += strlen(line);
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
    return value;
}

HELPER const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    return end ? end + 4 : "";
}

HELPER int status_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.", 7) ? -1 : (int)strtol(answer + 9, NULL, 10);
}

/* One answer with its body, and no byte more: the next one stays in the socket. */
HELPER const char *hear_one(int fd)
{
    static char one[ANSWER_MAX];
    size_t length = 0, want = 0;
    for (one[0] = '\0'; length < sizeof(one) - 1 && (!want || length < want); one[length] = '\0') {
        ssize_t n = hear(fd, one + length, want ? want - length : 1, PATIENCE_MS);
        if (n <= 0)
            break;
        length += (size_t)n;
        one[length] = '\0';
        if (!want && length > 4 && !strcmp(one + length - 4, "\r\n\r\n")) {
            const char *size = header_of(one, "Content-Length");
            want = length + (size ? strtoul(size, NULL, 10) : 0);
            if (status_of(one) / 100 == 1)
                break;
        }
    }
    return one;
}

/* Says it on a new connection, hears one answer, closes. */
HELPER const char *exchange(int port, const char *request)
{
    int fd = dial(port);
    say(fd, request);
    const char *answer = hear_one(fd);
    close(fd);
    return answer;
}

/* Of chunks as they came: their number and the bytes in them. */
HELPER long unchunk(const char *body, int *chunks)
{
    size_t size;
    long bytes = 0;
    for (*chunks = 0; (size = strtoul(body, NULL, 16)); ++*chunks) {
        body = strstr(body, "\r\n") + 2 + size + 2;
        bytes += (long)size;
    }
    return bytes;
}

HELPER bool is_closed(int fd, int ms)
{
    char byte;
    return hear(fd, &byte, 1, ms) == 0;
}

HELPER const char *get(int port, const char *target)
{
    char request[2048];
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
    return exchange(port, request);
}

HELPER void pause_ms(int ms)
{
    poll(NULL, 0, ms);
}

#define EVENTUALLY(condition)                                   \
    do {                                                        \
        int64_t until_ = time_monotonic() + PATIENCE_MS * 1000; \
        while (!(condition) && time_monotonic() < until_)       \
            pause_ms(5);                                        \
        CHECK(condition);                                       \
    } while (0)

/* ---- figures ---- */

HELPER int open_connections(void)
{
    return (int)figure("http_open_connections");
}

/* ---- the server ---- */

static atomic_int released; /* bodies given back */
static char large_body[200000], huge_body[8000000];

HELPER void count_release(void *keep)
{
    (void)keep;
    atomic_fetch_add(&released, 1);
}

HELPER void handle_hello(struct http_request *r, const void *row)
{
    (void)row;
    http_reply(r, &(struct http_answer){.status = 200, .body = "{\"hello\":1}", .length = 11});
}

HELPER void handle_large(struct http_request *r, const void *row)
{
    (void)row;
    http_reply(r, &(struct http_answer){.status = 200,
                                        .content_type = "text/plain",
                                        .body = large_body,
                                        .length = sizeof(large_body),
                                        .release = count_release,
                                        .keep = large_body,
                                        .headers = {{"ETag", "\"7\""}}});
}

/* More than the sockets of both sides take. */
HELPER void handle_huge(struct http_request *r, const void *row)
{
    (void)row;
    http_reply(r, &(struct http_answer){.status = 200,
                                        .body = huge_body,
                                        .length = sizeof(huge_body),
                                        .release = count_release,
                                        .keep = huge_body});
}

HELPER void handle_echo(struct http_request *r, const void *row)
{
    (void)row;
    size_t length;
    const char *body = http_body(r, &length);
    http_reply(r, &(struct http_answer){.status = 201, .body = body, .length = length});
}

/* method, template, {id}, and every parameter, one a line. */
HELPER void handle_item(struct http_request *r, const void *row)
{
    scoped_text t = {0};
    text_printf(&t, "%s %s %s", http_method(r), http_route_path(r), (const char *)row);
    if (http_segment(r, "id"))
        text_printf(&t, " id=%s", http_segment(r, "id"));
    for (int i = 0; i < http_parameters(r); i++) {
        const char *name, *value;
        http_parameter_at(r, i, &name, &value);
        text_printf(&t, "\n%s=%s", name, value);
    }
    http_reply(r, &(struct http_answer){.status = 200, .body = text_value(&t), .length = t.length});
}

HELPER void handle_empty(struct http_request *r, const void *row)
{
    (void)row;
    http_reply(r, &(struct http_answer){.status = 204});
}

HELPER void handle_loop(struct http_request *r, const void *row)
{
    (void)row;
    const char *text = http_loop_index(http_loop_of(r)) ? "1" : "0";
    http_reply(r, &(struct http_answer){.status = 200, .body = text, .length = 1});
}

/* Requests that a thread of a pool works on for a while; `finish` answers on the loop. */
struct later {
    struct job job;
    struct http_request *request;
    int ms;
};
static struct pool *later_pool;
static atomic_int completed;

HELPER void later_finish(struct job *j)
{
    struct later *l = (struct later *)j;
    atomic_fetch_add(&completed, 1);
    http_reply(l->request, &(struct http_answer){.status = 200, .body = "late", .length = 4});
    free(l);
}

HELPER void later_work(struct job *j, void *state)
{
    (void)state;
    struct later *l = (struct later *)j;
    pause_ms(l->ms);
    http_post(http_loop_of(l->request), j);
}

HELPER void handle_later(struct http_request *r, const void *row)
{
    (void)row;
    int64_t ms = 20;
    if (http_parameter(r, "ms") && !text_to_int(http_parameter(r, "ms"), &ms)) {
        http_refuse(r, BAD_PARAMETER, &(struct fault){.field = "ms"});
        return;
    }
    struct later *l = must_alloc(1, sizeof(*l));
    *l = (struct later){.job.finish = later_finish, .request = r, .ms = (int)ms};
    const struct problem *p = pool_put(later_pool, &l->job);
    if (p) {
        free(l);
        http_refuse(r, p, NULL);
    }
}

HELPER void handle_conflict(struct http_request *r, const void *row)
{
    (void)row;
    http_refuse_with(r, ILLEGAL_MOVE,
                     &(struct fault){.field = "status", .detail = "Say \"please\"."},
                     "\"allowed\":[\"A\"]");
}

HELPER void handle_problem(struct http_request *r, const void *row)
{
    (void)row;
    http_refuse(r, problem_by_name(http_segment(r, "name")), NULL);
}

HELPER void handle_anonymous(struct http_request *r, const void *row)
{
    (void)row;
    http_forget_client(r);
    http_reply(r, &(struct http_answer){.status = 200});
}

/* An anonymous author of whom the handler had already told all, and tells more. */
HELPER void handle_noted(struct http_request *r, const void *row)
{
    *http_notes(r) = (struct http_notes){.kind = "plain",
                                         .actor = "user-1",
                                         .role = "CITIZEN",
                                         .agency = "police",
                                         .subject = http_segment(r, "id"),
                                         .position = 7};
    if (row)
        http_forget_client(r);
    http_notes(r)->position = 8;
    http_refuse(r, ILLEGAL_MOVE, NULL);
}

static const struct http_route test_routes[] = {
    {"GET", "/hello", handle_hello, NULL},
    {"GET", "/", handle_hello, NULL},
    {"PUT", "/elsewhere", NULL, NULL},
    {"GET", "/large", handle_large, NULL},
    {"GET", "/huge", handle_huge, NULL},
    {"POST", "/echo", handle_echo, NULL},
    {"GET", "/items/{id}", handle_item, "named"},
    {"PATCH", "/items/{id}", handle_item, "patched"},
    {"DELETE", "/items/{id}", handle_empty, NULL},
    {"GET", "/items/special", handle_item, "special"},
    {"GET", "/items/{id}/parts/{part}", handle_item, "part"},
    {"GET", "/items/{id}/notes", handle_item, "notes"},
    {"GET", "/items/parts/{id}", handle_item, "a part"},
    {"GET", "/loop", handle_loop, NULL},
    {"GET", "/later", handle_later, NULL},
    {"POST", "/later", handle_later, NULL},
    {"POST", "/conflict", handle_conflict, NULL},
    {"GET", "/problems/{name}", handle_problem, NULL},
    {"POST", "/anonymous", handle_anonymous, NULL},
    {"POST", "/noted/{id}", handle_noted, NULL},
    {"POST", "/forgotten/{id}", handle_noted, "forgotten"},
};

HELPER struct http_server *serve(struct http_settings s)
{
    struct http_server *server = NULL;
    s.address = "127.0.0.1";
    if (!s.max_connections)
        s.max_connections = 10000;
    CHECK_OK(
        http_server_new(&s, test_routes, sizeof(test_routes) / sizeof(test_routes[0]), &server));
    later_pool = pool_new("later", 4, 10000, &(struct pool_work){.work = later_work});
    atomic_store(&completed, 0);
    atomic_store(&released, 0);
    memset(large_body, 'x', sizeof(large_body)); /* before there are loops that share it */
    http_server_start(server);
    return server;
}

HELPER void end_server(struct http_server *server)
{
    http_server_stop(server, 2000);
    pool_free(later_pool);
    http_server_free(server);
}
