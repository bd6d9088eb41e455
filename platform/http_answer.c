/* http_answer.c -- answers, problems (RFC 9457), and the one log line of a request. */
#include "platform/http_internal.h"

#include <ctype.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "platform/metrics.h"
#include "base/banned.h"

int problem_status(const struct problem *p)
{
    switch (p->kind) {
    case INVALID: return 400;
    case UNAUTHENTICATED: return 401;
    case FORBIDDEN: return 403;
    case MISSING: return 404;
    case NOT_ALLOWED: return 405;
    case CONFLICT: return 409;
    case PRECONDITION: return 412;
    case TOO_LARGE: return 413;
    case MISMATCH: return 422;
    case BUSY:
    case UNAVAILABLE: return 503;
    case BROKEN: return 500;
    }
    return 500;
}

void count_rejected(const struct problem *p)
{
    metric_add(METRIC_http_rejected_total, p->name, 1);
}

void count_answer(int status)
{
    static const char *const classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
    metric_add(METRIC_http_requests_total,
               classes[status >= 100 && status < 600 ? status / 100 : 0], 1);
}

/* ---- the log line ---- */

static void log_answer(const struct http_request *r, int status, int64_t duration)
{
    bool changes = !text_equal(r->method, "GET") && !text_equal(r->method, "HEAD");
    enum log_level level = status >= 500 ? LOG_WARNING : changes ? LOG_INFO : LOG_DEBUG;
    const struct kv pairs[] = {KV("method", r->method),     KV("route", http_route_path(r)),
                               KV("status", status),        KV("duration_us", duration),
                               KV("request_id", r->log_id), {0}};
    log_write(level, "request", pairs);
}

static void record(const struct http_request *r, int status)
{
    int64_t duration = time_monotonic() - r->started;
    log_correlate(NULL);
    log_answer(r, status, duration);
    count_answer(status);
    metric_observe(METRIC_http_request_seconds, (double)duration / 1e6);
}

/* ---- the answer ---- */

struct release {
    void (*call)(void *keep);
    void *keep;
};

static void release_body(const void *body, size_t length, void *arg)
{
    (void)body;
    (void)length;
    struct release *release = arg;
    release->call(release->keep);
    free(release);
}

/* A HEAD, 204 or 304 has no body; evhttp would send one. */
static bool has_body(const struct http_request *r, const struct http_answer *a)
{
    return a->length && r->raw->type != EVHTTP_REQ_HEAD && a->status != 204 && a->status != 304;
}

static void add_body(struct http_request *r, const struct http_answer *a)
{
    struct evbuffer *out = evhttp_request_get_output_buffer(r->raw);
    if (!has_body(r, a)) {
        if (a->release)
            a->release(a->keep);
        return;
    }
    if (!a->release) {
        evbuffer_add(out, a->body, a->length);
        return;
    }
    struct release *release = must_alloc(1, sizeof(*release));
    *release = (struct release){a->release, a->keep};
    if (evbuffer_add_reference(out, a->body, a->length, release_body, release))
        abort();
}

/* The value of Date, made once a second by each loop. */
static const char *date_now(void)
{
    static _Thread_local char date[32];
    static _Thread_local int64_t made;
    int64_t second = time_now() / 1000000;
    if (second != made) {
        evutil_date_rfc1123(date, sizeof(date), NULL);
        made = second;
    }
    return date;
}

/* A line break would let a value begin a header of its own; such a header is left out. */
static void append_header(struct text *out, const char *name, const char *value)
{
    if (value[strcspn(value, "\r\n")])
        return;
    text_append(out, "\r\n");
    text_append(out, name);
    text_append(out, ": ");
    text_append(out, value);
}

static void append_headers(struct text *out, const struct http_request *r,
                           const struct http_answer *a)
{
    const int most = sizeof(a->headers) / sizeof(a->headers[0]);
    if (a->status != 204 && (a->length || a->content_type))
        append_header(out, "Content-Type", a->content_type ? a->content_type : "application/json");
    for (int i = 0; i < most && a->headers[i].name; i++)
        append_header(out, a->headers[i].name, a->headers[i].value);
    append_header(out, "X-Request-Id", r->id);
}

/* All headers that evhttp need not know travel as the value of one: for each it makes three
 * allocations and formats a line. That one is Date, which it would otherwise format anew for every
 * answer. */
static void add_block(struct evkeyvalq *headers, struct http_request *r,
                      const struct http_answer *a)
{
    struct evkeyval *one = must_alloc(1, sizeof(*one)); /* freed by evhttp, as its parts */
    struct text name = {0}, value = {0};
    text_append(&name, "Date");
    text_append(&value, date_now());
    append_headers(&value, r, a);
    one->key = text_take(&name);
    one->value = text_take(&value);
    TAILQ_INSERT_TAIL(headers, one, next);
}

static void add_headers(struct http_request *r, const struct http_answer *a)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(r->raw);
    add_block(headers, r, a);
    if (r->raw->type == EVHTTP_REQ_HEAD && a->status != 204 && a->status != 304) {
        char length[24];
        snprintf(length, sizeof(length), "%zu", a->length);
        evhttp_add_header(headers, "Content-Length", length);
    }
    if (r->close || r->loop->stop_at)
        evhttp_add_header(headers, "Connection", "close");
}

/* The whole answer is on its way: the next request may come, or has come already. */
static void answered(struct evhttp_request *raw, void *arg)
{
    (void)raw;
    struct connection *c = arg;
    bool more = evbuffer_get_length(bufferevent_get_input(c->bev)) > 0;
    connection_move(c, more ? READING : IDLE);
}

void http_reply(struct http_request *r, const struct http_answer *a)
{
    struct connection *c = r->connection;
    struct evhttp_request *raw = r->raw;
    record(r, a->status);
    add_headers(r, a);
    add_body(r, a);
    if (c) {
        connection_move(c, WRITING);
        evhttp_request_set_on_complete_cb(raw, answered, c);
    }
    request_free(r);
    evhttp_send_reply(raw, a->status, NULL, NULL); /* frees `raw`, at once if the client has left */
}

/* ---- problems ---- */

static void append_member(struct text *out, const char *name, const char *value)
{
    if (!value)
        return;
    text_printf(out, ",\"%s\":", name);
    text_append_json(out, value);
}

static void append_type(struct text *out, const char *name)
{
    text_append(out, "{\"type\":\"/problems/");
    for (; *name; name++)
        text_append_char(out, *name == '_' ? '-' : (char)tolower((unsigned char)*name));
    text_append_char(out, '"');
}

void problem_write(const struct problem *p, const struct fault *f, const char *request_id,
                   const char *extra, struct text *out)
{
    append_type(out, p->name);
    append_member(out, "title", p->title);
    text_printf(out, ",\"status\":%d", problem_status(p));
    append_member(out, "detail", f ? f->detail : NULL);
    append_member(out, "field", f ? f->field : NULL);
    append_member(out, "request_id", request_id);
    if (extra && *extra)
        text_printf(out, ",%s", extra);
    text_append_char(out, '}');
}

static struct http_header_row extra_header(const struct http_request *r, const struct problem *p)
{
    switch (p->kind) {
    case UNAUTHENTICATED:
        return (struct http_header_row){"WWW-Authenticate", p == BAD_TOKEN || p == TOKEN_EXPIRED
                                                                ? "Bearer error=\"invalid_token\""
                                                                : "Bearer"};
    case BUSY:
    case UNAVAILABLE: return (struct http_header_row){"Retry-After", "1"};
    case NOT_ALLOWED: return (struct http_header_row){r->allow ? "Allow" : NULL, r->allow};
    case INVALID:
    case FORBIDDEN:
    case MISSING:
    case CONFLICT:
    case PRECONDITION:
    case TOO_LARGE:
    case MISMATCH:
    case BROKEN: break;
    }
    return (struct http_header_row){NULL, NULL};
}

void http_refuse_with(struct http_request *r, const struct problem *p, const struct fault *f,
                      const char *extra)
{
    scoped_text body = {0};
    problem_write(p, f, r->id, extra, &body);
    struct http_answer a = {.status = problem_status(p),
                            .content_type = "application/problem+json",
                            .body = text_value(&body),
                            .length = body.length,
                            .headers = {{"Cache-Control", "no-store"}, extra_header(r, p)}};
    http_reply(r, &a);
}

void http_refuse(struct http_request *r, const struct problem *p, const struct fault *f)
{
    http_refuse_with(r, p, f, NULL);
}
