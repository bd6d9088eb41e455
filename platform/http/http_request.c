/* http_request.c -- makes a checked request of what evhttp has parsed, and hands it to its route.
 */
#include "platform/http/http_internal.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "base/banned.h"

/* "" for what no route can name. */
static const char *method_name(enum evhttp_cmd_type type)
{
    switch (type) {
    case EVHTTP_REQ_GET: return "GET";
    case EVHTTP_REQ_POST: return "POST";
    case EVHTTP_REQ_HEAD: return "HEAD";
    case EVHTTP_REQ_PUT: return "PUT";
    case EVHTTP_REQ_DELETE: return "DELETE";
    case EVHTTP_REQ_OPTIONS: return "OPTIONS";
    case EVHTTP_REQ_PATCH: return "PATCH";
    case EVHTTP_REQ_TRACE:
    case EVHTTP_REQ_CONNECT: break;
    }
    return "";
}

static struct http_request *request_new(struct http_loop *l, struct evhttp_request *raw)
{
    struct arena arena = l->spare_count ? l->spares[--l->spare_count] : (struct arena){0};
    struct http_request *r = arena_alloc(&arena, sizeof(*r));
    r->arena = arena;
    r->loop = l;
    r->raw = raw;
    r->connection = connection_of(l, raw);
    r->method = method_name(raw->type);
    r->started = time_monotonic();
    TAILQ_INSERT_TAIL(&l->requests, r, link);
    if (r->connection) {
        r->connection->request = r;
        connection_move(r->connection, HANDLING);
    }
    return r;
}

void request_free(struct http_request *r)
{
    struct http_loop *l = r->loop;
    struct arena arena = r->arena; /* the request lies in it */
    if (r->connection)
        r->connection->request = NULL;
    TAILQ_REMOVE(&l->requests, r, link);
    arena_reset(&arena);
    if (l->spare_count < SPARES && arena_size(&arena) <= SPARE_BYTES)
        l->spares[l->spare_count++] = arena;
    else
        arena_release(&arena);
}

static fallible check(struct http_request *r, struct fault *f)
{
    size_t length;
    const struct problem *p = headers_read(r, f);
    r->close = p || !*r->method;
    TRY(p);
    TRY(target_split(r));
    TRY(routes_match(r->loop->server->routes, r));
    http_body(r, &length);
    if (length > r->loop->server->settings.max_body_bytes) {
        r->close = true;
        return BODY_TOO_LARGE;
    }
    return target_read_query(r, f);
}

/* Of a route of another service nobody knows it here. */
static bool is_perhaps_anonymous(const struct http_request *r)
{
    bool (*may_be)(const struct http_route *) = r->loop->server->settings.may_be_anonymous;
    return r->route && (!r->route->handle || (may_be && may_be(r->route)));
}

void request_handle(struct evhttp_request *raw, void *loop)
{
    struct fault f = {0};
    struct http_request *r = request_new(loop, raw);
    const struct problem *p = check(r, &f);
    log_correlate(r->log_id);
    if (p) {
        if (is_perhaps_anonymous(r))
            http_forget_client(r);
        count_rejected(p);
        http_refuse(r, p, &f);
    } else {
        r->route->handle(r, r->route->row);
    }
    log_correlate(NULL); /* the handler goes on elsewhere, if it goes on */
}

/* ---- what a handler may ask ---- */

void *http_context(const struct http_request *r)
{
    return r->loop->server->settings.context;
}

struct http_loop *http_loop_of(const struct http_request *r)
{
    return r->loop;
}

struct arena *http_arena(struct http_request *r)
{
    return &r->arena;
}

const char *http_method(const struct http_request *r)
{
    return r->method;
}

const char *http_route_path(const struct http_request *r)
{
    return r->route ? r->route->path : "";
}

const char *http_segment(const struct http_request *r, const char *name)
{
    for (int i = 0; i < r->segment_count; i++)
        if (text_equal(r->segments[i].name, name))
            return r->segments[i].value;
    return NULL;
}

const char *http_header(const struct http_request *r, enum http_header h)
{
    return r->headers[h];
}

enum text_language http_language(const struct http_request *r)
{
    return language_accepted(r->headers[HTTP_ACCEPT_LANGUAGE]);
}

const char *http_body(const struct http_request *r, size_t *length)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(r->raw);
    *length = evbuffer_get_length(body);
    return *length ? (const char *)evbuffer_pullup(body, -1) : "";
}

int http_parameters(const struct http_request *r)
{
    return r->parameter_count;
}

void http_parameter_at(const struct http_request *r, int i, const char **name, const char **value)
{
    *name = r->parameters[i].name;
    *value = r->parameters[i].value;
}

const char *http_parameter(const struct http_request *r, const char *name)
{
    for (int i = 0; i < r->parameter_count; i++)
        if (text_equal(r->parameters[i].name, name))
            return r->parameters[i].value;
    return NULL;
}

const char *http_request_id(const struct http_request *r)
{
    return r->id;
}

const char *http_traceparent(const struct http_request *r)
{
    return r->traceparent;
}
