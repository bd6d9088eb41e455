/* city_health.c -- asks the services how they are, from top to bottom on a thread of its own. */
#include "platform/process/city_health.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "platform/process/pool.h"
#include "platform/process/service_places.h"
#include "base/banned.h"

enum { PARTS = 4, WAITING_MAX = 256, HEARD_BYTES = 16384 };

static const char question[] =
    "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/* In the order of their badness. */
static const char *const words[] = {"ready", "degraded", "not ready", "no answer"};
static const char *const whole_words[] = {"healthy", "degraded", "unhealthy", "unhealthy"};
enum word { READY, DEGRADED, NOT_READY, NO_ANSWER };

struct part {
    const char *name;
    int64_t port;
    char place[PLACE_TEXT]; /* its numeric address */
};

struct city_health {
    struct part parts[PARTS];
    struct pool *pool;
    /* the thread's own: what was heard last */
    struct text body;
    int status;
    int64_t made; /* monotonic us; 0: never */
};

struct health_request {
    struct job job;
    struct http_loop *loop;
    struct http_request *http;
    struct text body;
    int status;
};

/* ---- asking ---- */

struct probe {
    int fd; /* -1: finished */
    bool asked;
    size_t length;
    char heard[HEARD_BYTES];
};

/* How a program on this machine reaches what is bound there. */
static const char *reach(const char *address)
{
    return text_equal(address, "0.0.0.0") ? "127.0.0.1"
           : text_equal(address, "::")    ? "::1"
                                          : address;
}

static int begin_connecting(const char *address, int64_t port)
{
    char digits[INT_TEXT];
    struct addrinfo *at = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    if (getaddrinfo(reach(address), int_text(port, digits), &hints, &at))
        return -1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)!connect(fd, at->ai_addr, at->ai_addrlen); /* an error shows when it is written to */
    freeaddrinfo(at);
    return fd;
}

static void finish_probe(struct probe *p)
{
    close(p->fd);
    p->fd = -1;
}

/* One step of one conversation: the question, then what comes until the service closes. */
static void go_on(struct probe *p)
{
    if (!p->asked) {
        p->asked = send(p->fd, question, sizeof(question) - 1, MSG_NOSIGNAL) > 0;
        if (!p->asked)
            finish_probe(p);
        return;
    }
    ssize_t n = recv(p->fd, p->heard + p->length, HEARD_BYTES - 1 - p->length, 0);
    p->length += n > 0 ? (size_t)n : 0;
    if (n <= 0 || p->length == HEARD_BYTES - 1)
        finish_probe(p);
}

/* False when all have finished or the time is over. */
static bool wait_for_any(struct probe *probes, int64_t deadline)
{
    struct pollfd fds[PARTS];
    int64_t left = (deadline - time_monotonic()) / 1000;
    bool open = false;
    for (int i = 0; i < PARTS; i++) {
        fds[i] = (struct pollfd){.fd = probes[i].fd, .events = probes[i].asked ? POLLIN : POLLOUT};
        open = open || probes[i].fd >= 0;
    }
    if (!open || left <= 0 || poll(fds, PARTS, (int)left) <= 0)
        return false;
    for (int i = 0; i < PARTS; i++)
        if (fds[i].revents)
            go_on(&probes[i]);
    return true;
}

/* What is not JSON, was cut off, or has a word of its own counts as no answer. cJSON, not
 * base/members: an answer of another release may have any number of members, nested as it likes. */
static enum word read_word(const struct probe *p)
{
    const char *body = strstr(p->heard, "\r\n\r\n");
    cJSON *json = body ? cJSON_Parse(body + 4) : NULL;
    const char *status = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "status"));
    enum word w = READY;
    while (w < NO_ANSWER && !text_equal(words[w], status))
        w++;
    cJSON_Delete(json);
    return w;
}

static void probe_all(const struct city_health *h, enum word out[PARTS])
{
    struct probe probes[PARTS] = {0};
    int64_t deadline = time_monotonic() + CITY_HEALTH_MS * 1000;
    for (int i = 0; i < PARTS; i++)
        probes[i].fd = begin_connecting(h->parts[i].place, h->parts[i].port);
    while (wait_for_any(probes, deadline))
        continue;
    for (int i = 0; i < PARTS; i++) {
        out[i] = read_word(&probes[i]);
        if (probes[i].fd >= 0)
            close(probes[i].fd);
    }
}

/* ---- answering ---- */

static void write_whole(struct city_health *h, const enum word heard[PARTS])
{
    struct text *t = &h->body;
    enum word worst = READY;
    for (int i = 0; i < PARTS; i++)
        worst = heard[i] > worst ? heard[i] : worst;
    h->status = worst <= DEGRADED ? 200 : 503;
    text_clear(t);
    text_printf(t,
                "{\"status\":\"%s\",\"service\":\"citywatch\",\"version\":\"%s\","
                "\"cqrs\":\"enabled\",\"services\":{",
                whole_words[worst], CITYWATCH_VERSION);
    for (int i = 0; i < PARTS; i++)
        text_printf(t, "%s\"%s\":\"%s\"", i ? "," : "", h->parts[i].name, words[heard[i]]);
    text_append(t, worst <= DEGRADED
                       ? "},\"success\":true}"
                       : "},\"success\":false,\"error\":\"Not every service is ready.\"}");
}

static void check_all(struct job *j, void *state)
{
    struct health_request *request = (struct health_request *)(void *)j;
    struct city_health *h = state;
    enum word heard[PARTS];
    if (!h->made || time_monotonic() - h->made > CITY_HEALTH_KEPT_MS * 1000) {
        probe_all(h, heard);
        write_whole(h, heard);
        h->made = time_monotonic();
    }
    request->status = h->status;
    text_append(&request->body, text_value(&h->body));
    http_post(request->loop, &request->job);
}

static void finish(struct job *j)
{
    struct health_request *request = (struct health_request *)(void *)j;
    http_reply(request->http, &(struct http_answer){.status = request->status,
                                                    .body = text_value(&request->body),
                                                    .length = request->body.length,
                                                    .headers = {{"Cache-Control", "no-store"}}});
    text_release(&request->body);
    free(request);
}

static void handle(struct http_request *r, const void *row)
{
    const struct city_health *h = row;
    struct health_request *request = must_alloc(1, sizeof(*request));
    request->job.finish = finish;
    request->loop = http_loop_of(r);
    request->http = r;
    const struct problem *p = pool_put(h->pool, &request->job);
    if (!p)
        return;
    free(request);
    http_refuse(r, p, NULL);
}

/* ---- life ---- */

static void *begin(void *context)
{
    return context;
}

static struct part part_of(const struct settings *s, const char *name, int64_t port)
{
    struct part p = {.name = name, .port = port};
    if (!service_place(s->service_addresses, name, p.place))
        text_put(p.place, p.place + sizeof(p.place), s->listen_address);
    return p;
}

struct city_health *city_health_new(const struct settings *s)
{
    struct city_health *h = must_alloc(1, sizeof(*h));
    h->parts[0] = part_of(s, "command-api", s->command_api_port);
    h->parts[1] = part_of(s, "query-api", s->query_api_port);
    h->parts[2] = part_of(s, "projector", s->projector_port);
    h->parts[3] = part_of(s, "sla-worker", s->sla_worker_port);
    struct pool_work work = {.begin = begin, .work = check_all, .context = h};
    h->pool = pool_new("city health", 1, WAITING_MAX, &work);
    return h;
}

void city_health_free(struct city_health *h)
{
    if (!h)
        return;
    pool_free(h->pool);
    text_release(&h->body);
    free(h);
}

struct http_route city_health_route(struct city_health *h)
{
    return (struct http_route){"GET", "/health/city", handle, h};
}
