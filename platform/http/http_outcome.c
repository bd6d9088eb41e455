/* http_outcome.c -- the end of a request: its log line, its figures, and what the recorder hears.
 *
 * Nothing but send_output (http_connection.c) writes to a socket, and it calls loop_turn first: no
 * byte of an answer leaves before the turn that covers it. */
#include "platform/http/http_ended.h"

#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/process/metrics.h"
#include "base/banned.h"

static void log_answer(const struct http_request *r, int status, int64_t duration)
{
    bool changes = !text_equal(r->method, "GET") && !text_equal(r->method, "HEAD");
    enum log_level level = status >= 500 ? LOG_WARNING : changes ? LOG_INFO : LOG_DEBUG;
    const struct kv pairs[] = {KV("method", r->method),     KV("route", http_route_path(r)),
                               KV("status", status),        KV("duration_us", duration),
                               KV("request_id", r->log_id), {0}};
    log_write(level, "request", pairs);
}

static void count_answer(int status)
{
    static const char *const classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
    metric_add(METRIC_http_requests_total,
               classes[status >= 100 && status < 600 ? status / 100 : 0], 1);
}

/* ---- the recorder ---- */

/* The turn comes also when there is nobody to send the answer to. */
static void tell(struct http_loop *l, const struct http_outcome *o)
{
    const struct http_settings *s = &l->server->settings;
    s->outcome(s->recorder, l->index, o);
    l->turn_due = true;
    event_active(l->adopt, 0, 0);
}

void loop_turn(struct http_loop *l)
{
    const struct http_settings *s = &l->server->settings;
    if (!l->turn_due)
        return;
    l->turn_due = false;
    s->turn(s->recorder, l->index);
}

static void tell_request(const struct http_request *r, int status, size_t bytes, int64_t duration)
{
    char address[INET6_ADDRSTRLEN];
    struct http_outcome o = {.began = time_now() - duration,
                             .method = r->method,
                             .route = r->route ? r->route->path : NULL,
                             .status = status,
                             .forgotten = r->forgotten};
    if (!r->forgotten) {
        o.duration = duration;
        o.bytes = bytes;
        o.request_id = r->id;
        o.traceparent = r->traceparent;
        o.address = client_address(&r->loop->server->trusted, r->raw->remote_host,
                                   r->headers[HTTP_X_FORWARDED_FOR], address);
        o.problem = r->problem;
        o.notes = r->notes;
    }
    tell(r->loop, &o);
}

/* ---- ends ---- */

void request_ended(const struct http_request *r, int status, size_t bytes)
{
    int64_t duration = time_monotonic() - r->started;
    log_correlate(NULL);
    log_answer(r, status, duration);
    count_answer(status);
    metric_observe(METRIC_http_request_seconds, (double)duration / 1e6);
    if (r->loop->server->settings.outcome)
        tell_request(r, status, bytes, duration);
}

/* Nobody knows any more whether its author is anonymous. */
void request_given_up(struct http_request *r)
{
    http_forget_client(r);
    if (r->loop->server->settings.outcome)
        tell_request(r, 0, 0, time_monotonic() - r->started);
}

/* What it asked for was not read, so nobody knows whether its author is anonymous. */
void refused_unread(struct connection *c, const struct problem *p)
{
    struct http_server *s = c->loop->server;
    count_rejected(p);
    count_answer(problem_status(p));
    if (!s->settings.outcome)
        return;
    struct http_outcome o = {
        .began = time_now(), .method = "", .status = problem_status(p), .forgotten = true};
    tell(c->loop, &o);
}

/* ---- what a handler tells ---- */

struct http_notes *http_notes(struct http_request *r)
{
    return &r->notes;
}

void http_forget_client(struct http_request *r)
{
    char fresh[UUID_TEXT];
    r->forgotten = true;
    r->log_id = arena_text(&r->arena, uuid_new(fresh));
    log_correlate(r->log_id);
}
