/* http_answer.c -- answers and problems (RFC 9457). */
#include "platform/http/http_ended.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "platform/process/metrics.h"
#include "platform/http/http_streamed.h"
#include "platform/http/problem_json.h"
#include "base/banned.h"

int problem_status(const struct problem *p)
{
    switch (p->kind) {
    case INVALID: return 400;
    case UNAUTHENTICATED: return 401;
    case FORBIDDEN: return 403;
    case MISSING: return 404;
    case NOT_ALLOWED: return 405;
    case TIMED_OUT: return 408;
    case CONFLICT: return 409;
    case PRECONDITION: return 412;
    case TOO_LARGE: return 413;
    case MISDIRECTED: return 421;
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

/* Of a 204 and a 304 there is none, nor is its length told; a HEAD is told the length. */
static bool is_bodiless(int status)
{
    return status == 204 || status == 304;
}

static bool has_body(const struct http_request *r, const struct http_answer *a)
{
    return a->length && r->raw->type != EVHTTP_REQ_HEAD && !is_bodiless(a->status);
}

static void add_body(struct http_request *r, const struct http_answer *a)
{
    struct connection *c = r->connection;
    if (!c || !has_body(r, a)) {
        if (a->release)
            a->release(a->keep);
        return;
    }
    struct evbuffer *out = bufferevent_get_output(c->bev);
    if (!a->release) {
        evbuffer_add(out, a->body, a->length);
        return;
    }
    struct release *release = must_alloc(1, sizeof(*release));
    *release = (struct release){a->release, a->keep};
    if (evbuffer_add_reference(out, a->body, a->length, release_body, release))
        abort();
}

/* ---- its head ---- */

const char *status_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "";
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
    text_append(out, name);
    text_append_bytes(out, ": ", 2);
    text_append(out, value);
    text_append_bytes(out, "\r\n", 2);
}

static void append_length(struct text *out, size_t length)
{
    text_append(out, "Content-Length: ");
    text_append_int(out, (int64_t)length);
    text_append_bytes(out, "\r\n", 2);
}

/* What evhttp will do when the answer is sent; for a proxy's form of request it does as it likes,
 * so that is always the last one. */
static bool ends_connection(const struct http_request *r, const char *connection)
{
    return r->close || atomic_load(&r->loop->server->draining) ||
           r->raw->flags & EVHTTP_PROXY_REQUEST ||
           (connection && strcasecmp(connection, "close") == 0) ||
           (r->raw->minor == 0 && (!connection || strncasecmp(connection, "keep-alive", 10) != 0));
}

static void append_connection(struct text *out, const struct http_request *r)
{
    const char *connection = http_header(r, HTTP_CONNECTION);
    if (ends_connection(r, connection)) {
        append_header(out, "Connection", "close");
        evhttp_add_header(evhttp_request_get_output_headers(r->raw), "Connection", "close");
    } else if (r->raw->minor == 0) {
        append_header(out, "Connection", "keep-alive");
    }
}

/* HTTP/1.0 knows no chunks. */
static void append_framing(struct text *out, const struct http_request *r,
                           const struct http_answer *a, bool streamed)
{
    if (streamed && r->raw->minor)
        append_header(out, "Transfer-Encoding", "chunked");
    else if (!streamed && !is_bodiless(a->status))
        append_length(out, a->length);
}

static void write_head(struct text *out, const struct http_request *r, const struct http_answer *a,
                       bool streamed)
{
    const int max = sizeof(a->headers) / sizeof(a->headers[0]);
    text_append(out, r->raw->minor ? "HTTP/1.1 " : "HTTP/1.0 ");
    text_append_int(out, a->status);
    text_append_char(out, ' ');
    text_append(out, status_phrase(a->status));
    text_append_bytes(out, "\r\n", 2);
    append_header(out, "Date", date_now());
    if (a->status != 204 && (a->length || a->content_type))
        append_header(out, "Content-Type", a->content_type ? a->content_type : "application/json");
    append_framing(out, r, a, streamed);
    for (int i = 0; i < max && a->headers[i].name; i++)
        append_header(out, a->headers[i].name, a->headers[i].value);
    append_header(out, "X-Request-Id", r->id);
    if (r->traceparent)
        append_header(out, "traceparent", r->traceparent);
    append_connection(out, r);
    text_append_bytes(out, "\r\n", 2);
}

void answer_add_head(struct http_request *r, const struct http_answer *a, bool streamed)
{
    struct text *head = &r->loop->head;
    if (!r->connection)
        return;
    text_clear(head);
    write_head(head, r, a, streamed);
    evbuffer_add(bufferevent_get_output(r->connection->bev), head->at, head->length);
}

/* The whole answer is on its way: the next request may come, or has come already. */
static void answered(struct evhttp_request *raw, void *arg)
{
    (void)raw;
    struct connection *c = arg;
    bool more = evbuffer_get_length(bufferevent_get_input(c->bev)) > 0;
    connection_move(c, more ? READING : IDLE);
}

void answer_leaves(struct http_request *r)
{
    struct connection *c = r->connection;
    struct evhttp_request *raw = r->raw;
    if (c) {
        connection_move(c, WRITING);
        evhttp_request_set_on_complete_cb(raw, answered, c);
    }
    request_free(r);
    raw->chunked = 0;           /* of the request; evhttp would end the answer as it was */
    evhttp_send_reply_end(raw); /* frees `raw`: now if the client has left, else when all is sent */
}

/* Head and body go straight into the connection's buffer; evhttp, which would make three
 * allocations and format a line for each header, hears only of the end. Of what it does for an
 * answer it still does this: frees the request and reads the next one, or closes if the headers say
 * so. */
void http_reply(struct http_request *r, const struct http_answer *a)
{
    request_ended(r, a->status, has_body(r, a) ? a->length : 0);
    answer_add_head(r, a, false);
    add_body(r, a);
    answer_leaves(r);
}

/* ---- problems ---- */

static void append_member(struct text *out, const char *name, const char *value)
{
    if (!value)
        return;
    text_printf(out, ",\"%s\":", name);
    text_append_json(out, value);
}

void problem_write(const struct problem *p, const struct fault *f, enum text_language language,
                   const char *request_id, const char *extra, struct text *out)
{
    char type[PROBLEM_TYPE];
    const char *title = problem_title(p, language);
    text_printf(out, "{\"type\":\"%s\"", problem_type(p, type));
    append_member(out, "title", title);
    append_member(out, "error", title); /* and `success`: for clients that know no problems */
    text_printf(out, ",\"status\":%d", problem_status(p));
    append_member(out, "detail", fault_detail(f, language));
    append_member(out, "field", f ? f->field : NULL);
    append_member(out, "request_id", request_id);
    if (extra && *extra)
        text_printf(out, ",%s", extra);
    text_append(out, ",\"success\":false}");
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
    case TIMED_OUT:
    case TOO_LARGE:
    case MISDIRECTED:
    case MISMATCH:
    case BROKEN: break;
    }
    return (struct http_header_row){NULL, NULL};
}

void http_refuse_with(struct http_request *r, const struct problem *p, const struct fault *f,
                      const char *extra)
{
    scoped_text body = {0};
    r->problem = p->name;
    enum text_language language = http_language(r);
    problem_write(p, f, language, r->id, extra, &body);
    struct http_answer a = {.status = problem_status(p),
                            .content_type = "application/problem+json",
                            .body = text_value(&body),
                            .length = body.length,
                            .headers = {{"Cache-Control", "no-store"},
                                        {"Content-Language", language_tags[language]},
                                        {"Vary", "Accept-Language"},
                                        extra_header(r, p)}};
    http_reply(r, &a);
}

void http_refuse(struct http_request *r, const struct problem *p, const struct fault *f)
{
    http_refuse_with(r, p, f, NULL);
}
