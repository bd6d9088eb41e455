/* http_internal.h -- what the platform/http*.c share; nobody else includes it.
 *
 *   http.c             server, loops, posts, timers, stop
 *   http_listen.c, http_drain.c  the listening socket, limits, who accepts; the end of all that
 *   http_connection.c  deadlines, evhttp's own refusals, the close
 *   http_request.c     from libevent's request to a checked one, and its handler
 *   http_headers.c     which headers are refused, and what they tell
 *   http_target.c      path and query string
 *   http_answer.c      answers, problems
 *   http_stream.c      answers that are made while they are sent
 *   http_outcome.c     the log line, what the recorder hears
 *   http_address.c     whose address it was
 *
 * evhttp parses and renders; the socket is ours: libevent's own handling of it would cost two
 * system calls more for every request and a timer for every wait. The states of a connection:
 * - IDLE: no byte of a request has come. Ends after idle_ms.
 * - READING: a request has begun to arrive. After request_deadline_ms, however it trickles: 408.
 * - HANDLING: the handler, or a stream's maker, has it, with deadlines of its own; nothing is read.
 * - WRITING: the answer is on its way; nothing is read. Ends after idle_ms without progress.
 * - CLOSING: refused, taken away from evhttp. One absolute second to read the refusal. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "base/text.h"
#include "platform/http/http.h"
#include "platform/http/http_address.h"

struct bufferevent;
struct evconnlistener;
struct event;
struct event_base;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;

enum {
    SEGMENTS = 8,        /* of a path, at most */
    PARAMETERS = 32,     /* of a query string, at most */
    TICK_MS = 100,       /* how exact deadlines are */
    BUCKETS = 1024,      /* of the table of connections */
    SPARES = 256,        /* arenas kept for the next requests, */
    SPARE_BYTES = 16384, /* unless they have grown larger */
    LINGER_MS = 1000,
    BODY_SLACK = 65536, /* a body that is this much too large is still read, for a clean answer */
};
enum connection_state { IDLE, READING, HANDLING, WRITING, CLOSING, STATES };

struct connection {
    TAILQ_ENTRY(connection) link; /* in the loop's list of its state */
    TAILQ_ENTRY(connection) attention_link;
    LIST_ENTRY(connection) evcon_link; /* in the loop's table by evcon */
    struct http_loop *loop;
    struct bufferevent *bev;
    struct evhttp_connection *evcon; /* NULL until adopted */
    struct http_request *request;    /* in HANDLING only */
    struct http_stream *stream;      /* of an answer that is being made; NULL: none */
    enum connection_state state;
    struct event *readable, *writable;
    int64_t deadline; /* monotonic us; not in HANDLING */
    int fd;
    bool read_paused; /* something came when nothing may be read: `readable` is not waited for */
    bool attention;   /* has new output: in the loop's list of those */
};
TAILQ_HEAD(connections, connection);
LIST_HEAD(connection_bucket, connection);
TAILQ_HEAD(requests, http_request);
TAILQ_HEAD(timers, http_timer);

struct descriptors {
    int *at;
    int count, size;
};

struct http_loop {
    struct http_server *server;
    int index;
    void *state; /* http_loop_state */
    pthread_t thread;
    bool begun;
    struct event_base *base;
    struct evhttp *http;
    struct evconnlistener *listener;
    struct event *tick, *wake, *adopt, *close;
    struct timers timers;
    struct requests requests;    /* being handled */
    struct arena spares[SPARES]; /* of requests that were answered, each a zeroed block */
    int spare_count;
    struct text head, lines; /* of the answer that is being written; of the log */

    struct connections fresh, lists[STATES], attention;
    struct connection_bucket by_evcon[BUCKETS];
    struct descriptors closing, closable; /* of this turn of the loop; of an earlier one */
    atomic_int open;                      /* connections of this loop; other loops look at it */
    bool paused, stopped_accepting;       /* the listener is disabled; for good */
    int64_t accept_again;                 /* out of descriptors: not before this moment */
    bool complained;                      /* one log line an outage */
    bool turn_due;                        /* outcomes were told since the last turn */
    int64_t stop_at;                      /* 0: not stopping; else when to give up */

    pthread_mutex_t lock; /* of what was posted */
    struct job *posted, **posted_end;
};

struct http_server {
    struct http_settings settings;
    struct routes *routes;
    struct address_list trusted;
    int fd, port;
    bool started;
    atomic_bool draining, drained;       /* does not listen; nor wait for anybody's next request */
    atomic_int open, streams, accepting; /* connections; with a stream; loops that may accept */
    _Atomic int64_t stop_at;
    void *(*begin)(struct http_loop *loop, void *context);
    void (*end)(void *state);
    struct http_loop *loops; /* settings.loops of them */
};

struct pair {
    const char *name, *value;
};

struct http_request {
    TAILQ_ENTRY(http_request) link;
    struct arena arena; /* the request itself lies in it */
    struct http_loop *loop;
    struct connection *connection; /* NULL: the client has left */
    struct evhttp_request *raw;
    const struct http_route *route; /* NULL until matched */
    const char *method;
    const char *headers[HTTP_HEADERS]; /* NULL: absent */
    const char *path, *query;          /* undecoded; query may be NULL */
    struct pair segments[SEGMENTS];
    int segment_count;
    struct pair parameters[PARAMETERS];
    int parameter_count;
    const char *allow; /* methods of the path, if the method was wrong */
    const char *id, *log_id, *traceparent;
    const char *problem; /* name of the one it is refused with */
    struct http_notes notes;
    int64_t started; /* monotonic us */
    bool close;      /* the connection ends with this answer */
    bool forgotten;  /* http_forget_client */
};

/* ---- connections, loop thread ---- */
struct bufferevent *connection_new(struct event_base *base, void *loop); /* asked for by evhttp */
struct connection *connection_of(struct http_loop *l, struct evhttp_request *raw);
void connection_move(struct connection *c, enum connection_state state);
void loop_adopt(struct http_loop *l); /* new connections, and those with new output */
void loop_close(struct http_loop *l); /* descriptors of earlier turns */
void loop_sweep(struct http_loop *l); /* what is past its deadline */

/* ---- requests ---- */
void request_handle(struct evhttp_request *raw, void *loop); /* evhttp's generic callback */
void request_free(struct http_request *r);
/* Sets headers, ids, traceparent. After one of its problems the connection cannot be trusted. */
fallible headers_read(struct http_request *r, struct fault *f);
fallible target_split(struct http_request *r);
fallible target_read_query(struct http_request *r, struct fault *f);
struct routes *routes_new(const struct http_route *routes, int count);
void routes_free(struct routes *t); /* NULL is allowed */
/* NO_SUCH_ROUTE; WRONG_METHOD, then r->allow is set; WRONG_SERVICE. */
fallible routes_match(const struct routes *t, struct http_request *r);

/* ---- answers ---- */
const char *status_phrase(int status); /* "Not Found"; "" if we never answer so */
void count_rejected(const struct problem *p);
