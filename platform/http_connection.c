/* http_connection.c -- one struct connection beside each of evhttp's, for what evhttp 2.1.12 does
 * not do: count and limit them, cut a slow request off at an absolute deadline, answer its own
 * refusals as problem+json, and close so that the client can still read why.
 *
 * evhttp tells us of a connection twice: it asks for the bufferevent (fresh), and it calls the
 * close callback just before it frees it. In between, in the same turn of the loop, `adopt` sets
 * that callback: evhttp has made the connection only after it asked. */
#include "platform/http_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/metrics.h"
#include "base/banned.h"

enum { BACKLOG = 1024, IMBALANCE = 8, NO_DESCRIPTORS_MS = 250, SPARE_DESCRIPTORS = 48 };

/* ---- the listening socket ---- */

static fallible could_not_listen(const struct http_server *s, int error, const char *reason)
{
    char why[300];
    snprintf(why, sizeof(why),
             error == EADDRINUSE ? "port %d of %s is taken by another program"
                                 : "port %d of %s cannot be listened on",
             s->settings.port, s->settings.address);
    log_error(why, KV("port", s->settings.port), KV("reason", reason));
    return NOT_STARTED;
}

/* Accepted sockets inherit TCP_NODELAY and the keep-alive from the listening one. */
static bool listen_on(int fd, const struct addrinfo *address)
{
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return !bind(fd, address->ai_addr, address->ai_addrlen) && !listen(fd, BACKLOG);
}

static int port_of(int fd)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    if (getsockname(fd, (struct sockaddr *)&name, &length))
        return 0;
    return ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
                                            : ((struct sockaddr_in *)&name)->sin_port);
}

/* A service that has given its last descriptor to a client cannot reach its database any more. */
static void limit_connections(struct http_server *s)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return;
    int most = limit.rlim_cur > 2 * SPARE_DESCRIPTORS ? (int)limit.rlim_cur - SPARE_DESCRIPTORS
                                                      : (int)limit.rlim_cur / 2;
    if (s->settings.max_connections <= most)
        return;
    log_warning("fewer connections than set: the limit of open files is low",
                KV("max_connections", s->settings.max_connections), KV("allowed", most));
    s->settings.max_connections = most;
}

fallible http_listen(struct http_server *s)
{
    char port[8];
    struct addrinfo *address = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    snprintf(port, sizeof(port), "%d", s->settings.port);
    int error = getaddrinfo(s->settings.address, port, &hints, &address);
    if (error)
        return could_not_listen(s, 0, gai_strerror(error));
    s->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    error = s->fd >= 0 && listen_on(s->fd, address) ? 0 : errno;
    freeaddrinfo(address);
    if (error)
        return could_not_listen(s, error, strerror(error));
    s->port = port_of(s->fd);
    limit_connections(s);
    return NULL;
}

/* ---- who accepts ---- */

static struct http_loop *least_loaded(struct http_server *s)
{
    struct http_loop *least = &s->loops[0];
    for (int i = 1; i < s->settings.loops; i++)
        if (atomic_load(&s->loops[i].open) < atomic_load(&least->open))
            least = &s->loops[i];
    return least;
}

static bool may_accept(struct http_loop *l)
{
    struct http_server *s = l->server;
    return atomic_load(&s->open) < s->settings.max_connections &&
           atomic_load(&l->open) <= atomic_load(&least_loaded(s)->open) + IMBALANCE;
}

static void pause_accepting(struct http_loop *l)
{
    evconnlistener_disable(l->listener);
    l->paused = true;
    struct http_loop *least = least_loaded(l->server);
    if (least != l)
        event_active(least->wake, 0, 0); /* it may have paused when it was the fuller one */
}

void loop_resume_accepting(struct http_loop *l)
{
    if (!l->paused || l->stop_at || time_monotonic() < l->accept_again || !may_accept(l))
        return;
    l->paused = false;
    evconnlistener_enable(l->listener);
}

/* evhttp puts its own pointer in the place of the listener's argument. */
static __thread struct http_loop *loop_of_thread;

void loop_enter(struct http_loop *l)
{
    loop_of_thread = l;
}

/* Without this evhttp would spin: the listener stays readable, the accept goes on failing. */
static void accept_failed(struct evconnlistener *listener, void *evhttp)
{
    (void)listener;
    (void)evhttp;
    struct http_loop *l = loop_of_thread;
    const char *reason = strerror(errno);
    evconnlistener_disable(l->listener);
    l->paused = true;
    l->accept_again = time_monotonic() + NO_DESCRIPTORS_MS * 1000;
    if (atomic_load(&l->server->stop_at))
        return;
    metric_add(METRIC_http_rejected_total, "accept_failed", 1);
    if (!l->complained)
        log_warning("connections cannot be accepted; tried again until it works",
                    KV("reason", reason), KV("open", atomic_load(&l->server->open)));
    l->complained = true;
}

/* ---- the life of a connection ---- */

void connection_move(struct connection *c, enum connection_state state)
{
    struct http_loop *l = c->loop;
    TAILQ_REMOVE(&l->lists[c->state], c, link);
    c->state = state;
    TAILQ_INSERT_TAIL(&l->lists[state], c, link);
    if (state == READING)
        c->deadline = time_monotonic() + (int64_t)l->server->settings.request_deadline_ms * 1000;
    if (state == CLOSING)
        c->deadline = time_monotonic() + LINGER_MS * 1000;
}

static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    (void)input;
    struct connection *c = arg;
    if (info->n_added && c->state == IDLE && c->evcon)
        connection_move(c, READING);
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

/* evhttp asks for a bufferevent. */
static struct bufferevent *connection_new(struct event_base *base, void *arg)
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
    atomic_fetch_add(&l->open, 1);
    atomic_fetch_add(&l->server->open, 1);
    l->complained = false;
    if (!may_accept(l))
        pause_accepting(l);
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
    atomic_fetch_sub(&l->open, 1);
    atomic_fetch_sub(&l->server->open, 1);
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
    c->loop->by_fd[c->fd] = NULL;
    if (c->request)
        c->request->connection = NULL;
    evbuffer_remove_cb(bufferevent_get_input(c->bev), on_input, c);
    evbuffer_remove_cb(bufferevent_get_output(c->bev), on_output, c);
    bufferevent_setfd(c->bev, -1);
    close_later(c->loop, c->fd);
    forget(c);
}

static void index_by_fd(struct http_loop *l, struct connection *c)
{
    if (c->fd >= l->by_fd_size) {
        int size = c->fd * 2 + 64;
        struct connection **grown = must_alloc((size_t)size, sizeof(*grown));
        if (l->by_fd_size)
            memcpy(grown, l->by_fd, (size_t)l->by_fd_size * sizeof(*grown));
        free(l->by_fd);
        l->by_fd = grown;
        l->by_fd_size = size;
    }
    l->by_fd[c->fd] = c;
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
        TAILQ_INSERT_TAIL(&l->lists[IDLE], c, link);
        index_by_fd(l, c);
        evhttp_connection_set_closecb(c->evcon, connection_closed, c);
        evbuffer_add_cb(bufferevent_get_input(c->bev), on_input, c);
        evbuffer_add_cb(bufferevent_get_output(c->bev), on_output, c);
    } else
        bufferevent_setfd(c->bev, -1); /* evhttp has closed it */
    bufferevent_decref(c->bev);
    if (!alive)
        forget(c);
}

struct connection *connection_of(struct http_loop *l, struct evhttp_request *raw)
{
    struct evhttp_connection *evcon = evhttp_request_get_connection(raw);
    int fd = evcon ? bufferevent_getfd(evhttp_connection_get_bufferevent(evcon)) : -1;
    return fd >= 0 && fd < l->by_fd_size ? l->by_fd[fd] : NULL;
}

/* ---- evhttp's own refusals ----
 *
 * 400 for what it cannot parse, 413, 417: HTML, and the socket closed at once, so that a client
 * that is still sending gets a reset instead of the answer. The connection is taken away from
 * evhttp: our problem goes out, then what comes in is thrown away until the client closes or
 * LINGER_MS pass. */

static void gone(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    (void)what;
    struct connection *c = arg;
    evhttp_connection_free(c->evcon);
}

static void throw_away(struct bufferevent *bev, void *arg)
{
    (void)arg;
    struct evbuffer *input = bufferevent_get_input(bev);
    evbuffer_drain(input, evbuffer_get_length(input));
}

static void refusal_sent(struct bufferevent *bev, void *arg)
{
    (void)arg;
    shutdown(bufferevent_getfd(bev), SHUT_WR);
}

static void refuse_raw(struct connection *c, const struct problem *p, const char *phrase)
{
    char id[UUID_TEXT];
    scoped_text body = {0};
    problem_write(p, NULL, uuid_new(id), NULL, &body);
    struct evbuffer *output = bufferevent_get_output(c->bev);
    evbuffer_unfreeze(output, 1);
    evbuffer_drain(output, evbuffer_get_length(output));
    evbuffer_freeze(output, 1);
    connection_move(c, CLOSING);
    bufferevent_setcb(c->bev, throw_away, refusal_sent, gone, c);
    evbuffer_add_printf(output,
                        "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\n"
                        "Content-Length: %zu\r\nX-Request-Id: %s\r\nConnection: close\r\n\r\n%s",
                        problem_status(p), phrase, body.length, id, text_value(&body));
    throw_away(c->bev, c);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    count_rejected(p);
    count_answer(problem_status(p));
}

/* No handler has the request: what is to be written is evhttp's own. */
static void look_at_output(struct connection *c)
{
    char head[13] = ""; /* "HTTP/1.1 413" */
    evbuffer_copyout(bufferevent_get_output(c->bev), head, sizeof(head) - 1);
    if (head[9] == '1')
        return; /* 100 Continue */
    if (text_equal(head + 9, "413"))
        refuse_raw(c, BODY_TOO_LARGE, "Request Entity Too Large");
    else
        refuse_raw(c, MALFORMED, "Bad Request");
}

/* Sends an answer without waiting for the socket to be reported writable, which would cost two
 * system calls more; what does not go out now goes the usual way, and so does an error. */
static void send_now(struct connection *c)
{
    struct evbuffer *output = bufferevent_get_output(c->bev);
    evbuffer_unfreeze(output, 1);
    int sent = evbuffer_write(output, c->fd);
    evbuffer_freeze(output, 1);
    if (sent >= 0 && !evbuffer_get_length(output))
        bufferevent_trigger(c->bev, EV_WRITE, BEV_TRIG_IGNORE_WATERMARKS);
}

static void attend(struct http_loop *l, struct connection *c)
{
    TAILQ_REMOVE(&l->attention, c, attention_link);
    c->attention = false;
    if (c->state == READING)
        look_at_output(c);
    else if (c->state == WRITING)
        send_now(c);
}

/* ---- called by the loop ---- */

void loop_accept(struct http_loop *l)
{
    l->listener = evconnlistener_new(l->base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, l->server->fd);
    if (!l->listener || !evhttp_bind_listener(l->http, l->listener))
        abort();
    evconnlistener_set_error_cb(l->listener, accept_failed);
    evhttp_set_bevcb(l->http, connection_new, l);
}

void loop_adopt(struct http_loop *l)
{
    for (struct connection *c; (c = TAILQ_FIRST(&l->fresh));)
        adopt(l, c);
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
static void cut_off(struct connections *list, int64_t now, const char *reason)
{
    for (struct connection *c; (c = TAILQ_FIRST(list)) && c->deadline <= now;) {
        if (reason)
            metric_add(METRIC_http_rejected_total, reason, 1);
        evhttp_connection_free(c->evcon);
    }
}

void loop_sweep(struct http_loop *l)
{
    int64_t now = time_monotonic();
    cut_off(&l->lists[READING], now, "too_slow");
    cut_off(&l->lists[CLOSING], now, NULL);
    for (struct connection *c; l->stop_at && (c = TAILQ_FIRST(&l->lists[IDLE]));)
        evhttp_connection_free(c->evcon);
    loop_resume_accepting(l);
}
