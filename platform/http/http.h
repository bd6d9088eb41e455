/* http.h -- the HTTP server: libevent's evhttp with its gaps closed (see tests/platform/http).
 *
 * A server has one listening socket and one or more loops, each a thread with an event base of
 * its own. A handler runs on the loop of its connection, must not block, and sees to it that the
 * request is answered exactly once, by http_reply or http_refuse, on the same loop: at once, or
 * later from a job's `finish`. The answer frees the request, also when the client has left.
 *
 * Already checked before a handler runs: size, form and repetition of headers, the path (a wrong
 * one is 404, a wrong method 405 with Allow; case counts), the query string (repeats and %00 are
 * refused). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"
#include "platform/http/http_header.h"
#include "platform/http/http_outcome.h"
#include "platform/process/pool.h"

struct http_server;
struct http_loop;

struct http_route {
    const char *method; /* "GET"; HEAD is answered by the GET route */
    const char *path;   /* "/reports/{id}/upvote": a {name} takes one non-empty segment; the route
                           with fewer of them wins, then the one with its first further behind */
    void (*handle)(struct http_request *r, const void *row); /* NULL: another service's, 421 */
    const void *row;                                         /* handed to `handle` */
};

struct http_settings {
    const char *address;
    int port; /* 0: any free one, see http_port */
    int loops;
    int max_connections;
    size_t max_body_bytes, max_header_bytes; /* 0: 64 KiB, 16 KiB */
    int request_deadline_ms; /* a request must have arrived whole within this, else 408; 0: 10 s */
    int idle_ms;             /* a silent connection is closed after this; 0: 50 s */
    void *context;           /* http_context */
    bool (*may_be_anonymous)(const struct http_route *route); /* see http_outcome.h; NULL: none */
    const char *trusted_proxies; /* addresses, spaces between, whose X-Forwarded-For is believed */
    void (*outcome)(void *recorder, int loop, const struct http_outcome *o); /* NULL: no recorder */
    void (*turn)(void *recorder, int loop);
    void *recorder;
};

/* Binds, without SO_REUSEPORT, and listens; NOT_STARTED with a logged sentence that names a port
 * that is taken. `routes` is borrowed for the life of the server. */
fallible http_server_new(const struct http_settings *s, const struct http_route *routes, int count,
                         struct http_server **out);
int http_port(const struct http_server *s);
void http_server_start(struct http_server *s); /* starts the loop threads */

/* Stops listening; answers what is being handled, at most `grace_ms`; stops and joins the loops. */
void http_server_stop(struct http_server *s, int grace_ms);
/* Finishes what was posted after the loops had stopped; nothing may be posted any more. NULL is
 * allowed. */
void http_server_free(struct http_server *s);

/* ---- the request: all borrowed until it is answered; loop thread only ---- */

void *http_context(const struct http_request *r);
struct http_loop *http_loop_of(const struct http_request *r);
struct arena *http_arena(struct http_request *r); /* lives until the answer */
const char *http_method(const struct http_request *r);
const char *http_route_path(const struct http_request *r); /* the template, for logs */
const char *http_segment(const struct http_request *r, const char *name);  /* {name}, decoded */
const char *http_header(const struct http_request *r, enum http_header h); /* NULL if absent */
enum text_language http_language(const struct http_request *r);            /* by Accept-Language */
const char *http_body(const struct http_request *r, size_t *length);       /* never NULL */
int http_parameters(const struct http_request *r); /* of the query string, decoded */
void http_parameter_at(const struct http_request *r, int i, const char **name, const char **value);
const char *http_parameter(const struct http_request *r, const char *name); /* NULL if absent */

/* The client's X-Request-Id if it is 1 to 128 of [A-Za-z0-9._-], else a new UUIDv7; sent back in
 * every answer. The header `traceparent` as it came, NULL if absent or malformed. */
const char *http_request_id(const struct http_request *r);
const char *http_traceparent(const struct http_request *r);

/* ---- the answer: exactly once, on the request's loop ---- */

struct http_header_row {
    const char *name, *value;
};

struct http_answer {
    int status;
    const char *content_type; /* NULL: application/json */
    const void *body;         /* may be NULL when length is 0 */
    size_t length;
    /* If set, the body is not copied and `release(keep)` is called when it has been sent or given
     * up, on the loop thread; else the body is copied. */
    void (*release)(void *keep);
    void *keep;
    struct http_header_row headers[8]; /* ended by a NULL name or the end of the array */
};

void http_reply(struct http_request *r, const struct http_answer *a);

/* application/problem+json (RFC 9457): type "/problems/<name>", title, status, detail, field,
 * request_id; the title in the client's language, a detail in English. The status follows from the
 * kind; BUSY and UNAVAILABLE get Retry-After: 1, 401 a WWW-Authenticate. `f` may be NULL. `extra`
 * is NULL or JSON members to add, `"a":1,"b":2`. */
void http_refuse(struct http_request *r, const struct problem *p, const struct fault *f);
void http_refuse_with(struct http_request *r, const struct problem *p, const struct fault *f,
                      const char *extra);
int problem_status(const struct problem *p);

const char *http_library(void); /* libevent's version */

/* ---- the loop ---- */

/* Any thread: `j->finish(j)` will run on the loop's thread. Never blocks, never fails. */
void http_post(struct http_loop *loop, struct job *j);

/* Loop thread only: `call(arg)` every `ms` until http_timer_free. Freed with the loop otherwise. */
struct http_timer;
struct http_timer *http_every(struct http_loop *loop, int ms, void (*call)(void *arg), void *arg);
void http_timer_free(struct http_timer *t);

/* Before http_server_start: `begin(loop, context)` runs first on each loop's thread, its result is
 * http_loop_state; `end` runs in http_server_free, after the last job. For state that belongs to
 * one loop: waiting requests, timers. */
void http_on_loop(struct http_server *s, void *(*begin)(struct http_loop *loop, void *context),
                  void (*end)(void *state));
void *http_loop_state(const struct http_loop *loop);
int http_loop_index(const struct http_loop *loop);
