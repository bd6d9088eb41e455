/* http_listen.c -- the listening socket that all loops share, and who accepts from it: nobody above
 * the limit of connections or out of descriptors, and no loop that has clearly more than another.
 */
#include "platform/http/http_listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/process/handover.h"
#include "platform/process/metrics.h"
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

/* 0, or why not. */
static int take_or_make(struct http_server *s, const struct addrinfo *address)
{
    s->fd = handover_take(address->ai_addr, address->ai_addrlen);
    if (s->fd >= 0)
        return 0;
    s->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return s->fd >= 0 && listen_on(s->fd, address) ? 0 : errno;
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
    int max = limit.rlim_cur > 2 * SPARE_DESCRIPTORS ? (int)limit.rlim_cur - SPARE_DESCRIPTORS
                                                     : (int)limit.rlim_cur / 2;
    if (s->settings.max_connections <= max)
        return;
    log_warning("fewer connections than set: the limit of open files is low",
                KV("max_connections", s->settings.max_connections), KV("allowed", max));
    s->settings.max_connections = max;
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
    error = take_or_make(s, address);
    freeaddrinfo(address);
    if (error)
        return could_not_listen(s, error, strerror(error));
    s->port = port_of(s->fd);
    handover_offer(s->fd);
    limit_connections(s);
    return NULL;
}

/* ---- who accepts ---- */

static struct http_loop *emptiest_loop(struct http_server *s)
{
    struct http_loop *emptiest = &s->loops[0];
    for (int i = 1; i < s->settings.loops; i++)
        if (atomic_load(&s->loops[i].open) < atomic_load(&emptiest->open))
            emptiest = &s->loops[i];
    return emptiest;
}

static bool may_accept(struct http_loop *l)
{
    struct http_server *s = l->server;
    return atomic_load(&s->open) < s->settings.max_connections &&
           atomic_load(&l->open) <= atomic_load(&emptiest_loop(s)->open) + IMBALANCE;
}

static void pause_accepting(struct http_loop *l)
{
    evconnlistener_disable(l->listener);
    l->paused = true;
    struct http_loop *emptiest = emptiest_loop(l->server);
    if (emptiest != l)
        event_active(emptiest->wake, 0, 0); /* it may have paused when it was the fuller one */
}

void loop_resume_accepting(struct http_loop *l)
{
    if (!l->paused || atomic_load(&l->server->draining) || time_monotonic() < l->accept_again ||
        !may_accept(l))
        return;
    l->paused = false;
    evconnlistener_enable(l->listener);
}

void loop_stop_accepting(struct http_loop *l)
{
    if (l->stopped_accepting || !atomic_load(&l->server->draining))
        return;
    evconnlistener_disable(l->listener);
    l->paused = true;
    l->stopped_accepting = true;
    atomic_fetch_sub(&l->server->accepting, 1);
}

void loop_accepted(struct http_loop *l)
{
    l->complained = false;
    if (!may_accept(l))
        pause_accepting(l);
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
    if (atomic_load(&l->server->draining))
        return;
    metric_add(METRIC_http_rejected_total, "accept_failed", 1);
    if (!l->complained)
        log_warning("connections cannot be accepted; tried again until it works",
                    KV("reason", reason), KV("open", atomic_load(&l->server->open)));
    l->complained = true;
}

void loop_accept(struct http_loop *l)
{
    l->listener = evconnlistener_new(l->base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, l->server->fd);
    if (!l->listener || !evhttp_bind_listener(l->http, l->listener))
        abort();
    evconnlistener_set_error_cb(l->listener, accept_failed);
}
