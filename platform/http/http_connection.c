/* http_connection.c -- one struct connection beside each of evhttp's, for the socket and for what
 * evhttp 2.1.12 does not do: count them, cut a slow request off at an absolute deadline, answer its
 * own refusals as problem+json, and close so that the client can still read why.
 *
 * evhttp tells us of a connection twice: it asks for the bufferevent (fresh), and it calls the
 * close callback just before it frees it. In between, in the same turn of the loop, `adopt` sets
 * that callback: evhttp has made the connection only after it asked. */
#include "platform/http/http_ended.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "base/time.h"
#include "platform/process/metrics.h"
#include "platform/http/http_listen.h"
#include "platform/http/http_streamed.h"
#include "platform/http/problem_json.h"
#include "base/banned.h"

enum { READ_BYTES = 16384 }; /* at once; what is more stays in the socket until there is a turn */

/* ---- states ---- */

static bool is_input_used(const struct connection *c)
{
    return c->state == IDLE || c->state == READING || c->state == CLOSING;
}

static int64_t deadline_in(const struct connection *c)
{
    const struct http_settings *s = &c->loop->server->settings;
    switch (c->state) {
    case IDLE:
    case WRITING: return time_monotonic() + (int64_t)s->idle_ms * 1000;
    case READING: return time_monotonic() + (int64_t)s->request_deadline_ms * 1000;
    case CLOSING: return time_monotonic() + LINGER_MS * 1000;
    case HANDLING:
    case STATES: break;
    }
    return INT64_MAX;
}

void connection_move(struct connection *c, enum connection_state state)
{
    struct http_loop *l = c->loop;
    TAILQ_REMOVE(&l->lists[c->state], c, link);
    c->state = state;
    c->deadline = deadline_in(c);
    TAILQ_INSERT_TAIL(&l->lists[state], c, link);
    if (c->read_paused && is_input_used(c)) {
        c->read_paused = false;
        event_add(c->readable, NULL);
    }
}

/* ---- the socket ---- */

/* evhttp is told and gives the connection up, or waits for the handler to do so. */
static void lost(struct connection *c, short what)
{
    if (c->state == CLOSING)
        evhttp_connection_free(c->evcon);
    else
        bufferevent_trigger_event(c->bev, what, 0);
}

static bool is_passing(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* What a client sends on stays in the socket. Where a stream is made for it the end of what it
 * sends is looked for: else it would be made to its end for one that has left long ago. */
static void leave_unread(struct connection *c)
{
    char byte;
    ssize_t waiting = c->stream ? recv(c->fd, &byte, 1, MSG_PEEK) : 1;
    if (waiting < 0 && is_passing(errno))
        return;
    if (waiting <= 0) {
        lost(c, (short)(BEV_EVENT_READING | (waiting ? BEV_EVENT_ERROR : BEV_EVENT_EOF)));
        return;
    }
    c->read_paused = true;
    event_del(c->readable);
}

void connection_watch(struct connection *c)
{
    if (c->read_paused)
        event_add(c->readable, NULL);
    c->read_paused = false;
}

/* While a handler works and an answer goes out nothing is read; a client that has closed only its
 * side gets its answer, unless that is a stream. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct connection *c = arg;
    char some[READ_BYTES];
    if (!is_input_used(c)) {
        leave_unread(c);
        return;
    }
    ssize_t length = recv(fd, some, sizeof(some), 0);
    if (length < 0 && is_passing(errno))
        return;
    if (length <= 0) {
        lost(c, (short)(BEV_EVENT_READING | (length ? BEV_EVENT_ERROR : BEV_EVENT_EOF)));
        return;
    }
    if (c->state == CLOSING)
        return; /* thrown away until the client closes */
    if (c->state == IDLE)
        connection_move(c, READING);
    evbuffer_add(bufferevent_get_input(c->bev), some, (size_t)length);
    bufferevent_trigger(c->bev, EV_READ, 0);
}

static void all_sent(struct connection *c)
{
    if (c->state == CLOSING)
        shutdown(c->fd, SHUT_WR);
    else if (c->stream)
        stream_sent(c->stream);
    else
        bufferevent_trigger(c->bev, EV_WRITE, BEV_TRIG_IGNORE_WATERMARKS);
}

/* At once, without waiting for the socket to be reported writable; what does not go out now goes
 * when it is. */
static void send_output(struct connection *c)
{
    struct evbuffer *output = bufferevent_get_output(c->bev);
    loop_turn(c->loop);
    if (!evbuffer_get_length(output))
        return; /* it went out with what came after it: evhttp has been told */
    int sent = evbuffer_write(output, c->fd);
    if (sent < 0 && !is_passing(errno)) {
        lost(c, BEV_EVENT_WRITING | BEV_EVENT_ERROR);
    } else if (!evbuffer_get_length(output)) {
        all_sent(c);
    } else {
        if (sent > 0 && c->state == WRITING && !c->stream)
            connection_move(c, WRITING); /* progress: the time begins anew */
        event_add(c->writable, NULL);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    send_output(arg);
}

/* Runs later in this turn of the loop, before it sleeps and before anything is sent. */
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    (void)output;
    struct connection *c = arg;
    if (!info->n_added || c->attention || !c->evcon)
        return;
    c->attention = true;
    TAILQ_INSERT_TAIL(&c->loop->attention, c, attention_link);
    event_active(c->loop->adopt, 0, 0);
}

/* The figure is the process's, which may have more servers. */
static void count_open(struct http_loop *l, int n)
{
    atomic_fetch_add(&l->open, n);
    atomic_fetch_add(&l->server->open, n);
    metric_add(METRIC_http_open_connections, NULL, n);
}

struct bufferevent *connection_new(struct event_base *base, void *arg)
{
    struct http_loop *l = arg;
    struct connection *c = must_alloc(1, sizeof(*c));
    c->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!c->bev)
        abort();
    c->loop = l;
    c->fd = -1;
    bufferevent_incref(c->bev); /* until adopted */
    TAILQ_INSERT_TAIL(&l->fresh, c, link);
    event_active(l->adopt, 0, 0);
    count_open(l, 1);
    loop_accepted(l);
    return c->bev;
}

/* Not in this turn: libevent's change list takes the descriptor out of the epoll set only before
 * the loop sleeps, and by then the number may be another thread's. */
static void close_later(struct http_loop *l, int fd)
{
    struct descriptors *d = &l->closing;
    if (d->count == d->size) {
        d->size = d->size * 2 + 16;
        d->at = realloc(d->at, (size_t)d->size * sizeof(*d->at));
        if (!d->at)
            abort();
    }
    d->at[d->count++] = fd;
    event_add(l->close, &(struct timeval){0, 0});
}

static void forget(struct connection *c)
{
    struct http_loop *l = c->loop;
    count_open(l, -1);
    free(c);
    loop_resume_accepting(l);
}

static void connection_closed(struct evhttp_connection *evcon, void *arg)
{
    (void)evcon;
    struct connection *c = arg;
    TAILQ_REMOVE(&c->loop->lists[c->state], c, link);
    if (c->attention)
        TAILQ_REMOVE(&c->loop->attention, c, attention_link);
    LIST_REMOVE(c, evcon_link);
    if (c->request)
        c->request->connection = NULL;
    if (c->stream)
        stream_left(c->stream);
    evbuffer_remove_cb(bufferevent_get_output(c->bev), on_output, c);
    event_free(c->readable);
    event_free(c->writable);
    close_later(c->loop, c->fd);
    forget(c);
}

static struct connection_bucket *bucket_of(struct http_loop *l, const struct evhttp_connection *e)
{
    return &l->by_evcon[((uintptr_t)e >> 4 ^ (uintptr_t)e >> 14) % BUCKETS];
}

/* Takes the socket from evhttp's bufferevent, which is left as a pair of buffers. */
static void take_socket(struct connection *c)
{
    struct event_base *base = c->loop->base;
    bufferevent_setfd(c->bev, -1);
    bufferevent_set_timeouts(c->bev, NULL, NULL);
    c->readable = event_new(base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
    c->writable = event_new(base, c->fd, EV_WRITE, on_writable, c);
    if (!c->readable || !c->writable)
        abort();
    event_add(c->readable, NULL);
    evbuffer_add_cb(bufferevent_get_output(c->bev), on_output, c);
}

static void adopt(struct http_loop *l, struct connection *c)
{
    void *evcon = NULL;
    bufferevent_data_cb read, written;
    bufferevent_event_cb event;
    TAILQ_REMOVE(&l->fresh, c, link);
    bufferevent_getcb(c->bev, &read, &written, &event, &evcon);
    c->fd = bufferevent_getfd(c->bev);
    bool alive = evcon && c->fd >= 0; /* else evhttp could not set it up and has freed it */
    if (alive) {
        c->evcon = evcon;
        c->deadline = deadline_in(c);
        TAILQ_INSERT_TAIL(&l->lists[IDLE], c, link);
        LIST_INSERT_HEAD(bucket_of(l, c->evcon), c, evcon_link);
        evhttp_connection_set_closecb(c->evcon, connection_closed, c);
        take_socket(c);
    } else
        bufferevent_setfd(c->bev, -1); /* evhttp has closed it */
    bufferevent_decref(c->bev);
    if (!alive)
        forget(c);
}

struct connection *connection_of(struct http_loop *l, struct evhttp_request *raw)
{
    struct evhttp_connection *evcon = evhttp_request_get_connection(raw);
    struct connection *c;
    LIST_FOREACH(c, bucket_of(l, evcon), evcon_link)
    if (c->evcon == evcon)
        return c;
    return NULL;
}

/* ---- evhttp's own refusals ----
 *
 * 400 for what it cannot parse, 413, 417: HTML, and the socket closed at once, so that a client
 * that is still sending gets a reset instead of the answer. The connection is taken away from
 * evhttp: our problem goes out, then what comes in is thrown away until the client closes or
 * LINGER_MS pass. */

static void refuse_raw(struct connection *c, const struct problem *p)
{
    char id[UUID_TEXT];
    scoped_text body = {0};
    problem_write(p, NULL, ENGLISH, uuid_new(id), NULL, &body);
    struct evbuffer *output = bufferevent_get_output(c->bev);
    evbuffer_drain(output, evbuffer_get_length(output));
    connection_move(c, CLOSING);
    bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
    evbuffer_add_printf(output,
                        "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\n"
                        "Content-Language: en\r\nContent-Length: %zu\r\nX-Request-Id: "
                        "%s\r\nConnection: close\r\n\r\n%s",
                        problem_status(p), status_phrase(problem_status(p)), body.length, id,
                        text_value(&body));
    refused_unread(c, p);
}

/* No handler has the request: what is to be written is evhttp's own. */
static void read_output(struct connection *c)
{
    char head[13] = ""; /* "HTTP/1.1 413" */
    evbuffer_copyout(bufferevent_get_output(c->bev), head, sizeof(head) - 1);
    if (head[9] == '1')
        return; /* 100 Continue */
    refuse_raw(c, text_equal(head + 9, "413") ? BODY_TOO_LARGE : MALFORMED);
}

static void attend(struct http_loop *l, struct connection *c)
{
    TAILQ_REMOVE(&l->attention, c, attention_link);
    c->attention = false;
    if (c->state == READING)
        read_output(c);
    send_output(c);
}

/* ---- called by the loop ---- */

void loop_adopt(struct http_loop *l)
{
    for (struct connection *c; (c = TAILQ_FIRST(&l->fresh));)
        adopt(l, c);
    loop_turn(l); /* also of answers that nobody is there to get */
    for (struct connection *c; (c = TAILQ_FIRST(&l->attention));)
        attend(l, c);
}

void loop_close(struct http_loop *l)
{
    struct descriptors old = l->closable;
    for (int i = 0; i < old.count; i++)
        close(old.at[i]);
    old.count = 0;
    l->closable = l->closing;
    l->closing = old;
    if (l->closable.count)
        event_add(l->close, &(struct timeval){0, 0});
}

/* Every list is in the order of its deadlines: they are equally long. */
static void cut_off(struct connections *list, int64_t now)
{
    for (struct connection *c; (c = TAILQ_FIRST(list)) && c->deadline <= now;)
        evhttp_connection_free(c->evcon);
}

/* Part of a request has come: its client is told why it gets no answer. */
static void refuse_slow(struct connections *reading, int64_t now)
{
    for (struct connection *c; (c = TAILQ_FIRST(reading)) && c->deadline <= now;)
        refuse_raw(c, TOO_SLOW);
}

void loop_sweep(struct http_loop *l)
{
    int64_t now = time_monotonic();
    cut_off(&l->lists[IDLE], now);
    refuse_slow(&l->lists[READING], now);
    cut_off(&l->lists[WRITING], now);
    cut_off(&l->lists[CLOSING], now);
    if (l->stop_at || atomic_load(&l->server->drained))
        loop_end_idle(l);
    loop_resume_accepting(l);
}
