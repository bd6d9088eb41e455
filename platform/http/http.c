/* http.c -- the server and its loops. All of libevent that this program knows is in platform/http.
 */
#include "platform/http/http_drain.h"
#include "platform/http/http_ended.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/thread.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/http/http_listen.h"
#include "platform/http/http_streamed.h"
#include "platform/process/handover.h"
#include "platform/process/metrics.h"
#include "base/banned.h"

enum {
    DEFAULT_BODY = 65536,
    DEFAULT_HEADERS = 16384,
    DEFAULT_DEADLINE_MS = 10000,
    DEFAULT_IDLE_MS = 50000
};

struct http_timer {
    TAILQ_ENTRY(http_timer) link;
    struct http_loop *loop;
    struct event *event;
    void (*call)(void *arg);
    void *arg;
};

const char *http_library(void)
{
    return event_get_version();
}

static struct timeval interval(int ms)
{
    return (struct timeval){ms / 1000, ms % 1000 * 1000};
}

static void *present(void *made)
{
    if (!made)
        abort();
    return made;
}

/* ---- posts ---- */

static struct job *take_posted(struct http_loop *l)
{
    pthread_mutex_lock(&l->lock);
    struct job *first = l->posted;
    l->posted = NULL;
    l->posted_end = &l->posted;
    pthread_mutex_unlock(&l->lock);
    return first;
}

/* Many answers go out in one turn, and a line of the log with each. */
static void run_posted(struct http_loop *l)
{
    log_hold(&l->lines);
    for (struct job *j = take_posted(l), *next; j; j = next) {
        next = j->next;
        j->finish(j);
    }
    log_release();
}

/* One wake for each time the list was empty; the loop takes it as a whole. */
void http_post(struct http_loop *l, struct job *j)
{
    pthread_mutex_lock(&l->lock);
    bool first = !l->posted;
    j->next = NULL;
    *l->posted_end = j;
    l->posted_end = &j->next;
    pthread_mutex_unlock(&l->lock);
    if (first)
        event_active(l->wake, 0, 0);
}

/* ---- timers ---- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct http_timer *t = arg;
    t->call(t->arg);
}

struct http_timer *http_every(struct http_loop *l, int ms, void (*call)(void *arg), void *arg)
{
    struct http_timer *t = must_alloc(1, sizeof(*t));
    struct timeval every = interval(ms);
    *t = (struct http_timer){.loop = l, .call = call, .arg = arg};
    t->event = present(event_new(l->base, -1, EV_PERSIST, on_timer, t));
    event_add(t->event, &every);
    TAILQ_INSERT_TAIL(&l->timers, t, link);
    return t;
}

void http_timer_free(struct http_timer *t)
{
    if (!t)
        return;
    TAILQ_REMOVE(&t->loop->timers, t, link);
    event_free(t->event);
    free(t);
}

/* ---- a loop ---- */

/* Stops when everybody has their answer or the grace is over. */
static void check_stop(struct http_loop *l)
{
    if (!l->stop_at) {
        l->stop_at = atomic_load(&l->server->stop_at);
        if (!l->stop_at)
            return;
        evconnlistener_disable(l->listener);
        loop_sweep(l); /* closes the idle ones */
    }
    if (!atomic_load(&l->open) || time_monotonic() >= l->stop_at)
        event_base_loopbreak(l->base);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct http_loop *l = arg;
    loop_sweep(l);
    check_stop(l);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct http_loop *l = arg;
    run_posted(l);
    loop_stop_accepting(l);
    if (atomic_load(&l->server->drained))
        loop_sweep(l);
    loop_resume_accepting(l);
    check_stop(l);
}

static void on_adopt(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    loop_adopt(arg);
}

static void on_close(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    loop_close(arg);
}

static struct event_base *base_new(void)
{
    struct event_config *config = present(event_config_new());
    /* A new connection is put in by evhttp and taken over by us in one turn: with the change list
     * that is one system call. No descriptor here is a dup of another. */
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    struct event_base *base = present(event_base_new_with_config(config));
    event_config_free(config);
    return base;
}

static struct evhttp *evhttp_for(struct http_loop *l)
{
    const struct http_settings *s = &l->server->settings;
    struct evhttp *http = present(evhttp_new(l->base));
    evhttp_set_max_headers_size(http, (ev_ssize_t)s->max_header_bytes);
    evhttp_set_max_body_size(http, (ev_ssize_t)(s->max_body_bytes + BODY_SLACK));
    evhttp_set_default_content_type(http, NULL);
    /* A method no route takes is our 405, not its 501; but after CONNECT it would never close. */
    evhttp_set_allowed_methods(http, 0xffff & ~EVHTTP_REQ_CONNECT);
    evhttp_set_bevcb(http, connection_new, l);
    evhttp_set_gencb(http, request_handle, l);
    return http;
}

static void loop_init(struct http_loop *l, struct http_server *s, int index)
{
    const struct timeval tick = interval(TICK_MS);
    *l = (struct http_loop){.server = s, .index = index};
    TAILQ_INIT(&l->timers);
    TAILQ_INIT(&l->requests);
    TAILQ_INIT(&l->fresh);
    TAILQ_INIT(&l->attention);
    for (int i = 0; i < STATES; i++)
        TAILQ_INIT(&l->lists[i]);
    pthread_mutex_init(&l->lock, NULL);
    l->posted_end = &l->posted;
    l->base = base_new();
    l->tick = present(event_new(l->base, -1, EV_PERSIST, on_tick, l));
    l->wake = present(event_new(l->base, -1, EV_PERSIST, on_wake, l));
    l->adopt = present(event_new(l->base, -1, EV_PERSIST, on_adopt, l));
    l->close = present(evtimer_new(l->base, on_close, l));
    event_add(l->tick, &tick);
    l->http = evhttp_for(l);
    loop_accept(l);
}

/* After the loop has ended: what was posted since is finished, and needs the state; a request that
 * was never answered is given up. */
static void loop_free(struct http_loop *l)
{
    run_posted(l);
    loop_cut_streams(l);
    if (l->server->end && l->begun)
        l->server->end(l->state);
    for (struct http_request *r; (r = TAILQ_FIRST(&l->requests));) {
        request_given_up(r);
        if (!evhttp_request_get_connection(r->raw))
            evhttp_request_free(r->raw);
        request_free(r);
    }
    for (struct http_timer *t; (t = TAILQ_FIRST(&l->timers));)
        http_timer_free(t);
    loop_adopt(l);
    evhttp_free(l->http); /* and its listener and connections */
    event_free(l->tick);
    event_free(l->wake);
    event_free(l->adopt);
    loop_close(l);
    loop_close(l);
    event_free(l->close);
    event_base_free(l->base);
    pthread_mutex_destroy(&l->lock);
    text_release(&l->head);
    text_release(&l->lines);
    while (l->spare_count)
        arena_release(&l->spares[--l->spare_count]);
    free(l->closing.at);
    free(l->closable.at);
}

static void *loop_main(void *arg)
{
    struct http_loop *l = arg;
    char name[16];
    snprintf(name, sizeof(name), "http %d", l->index);
    pthread_setname_np(pthread_self(), name);
    loop_enter(l);
    l->begun = true;
    if (l->server->begin)
        l->state = l->server->begin(l, l->server->settings.context);
    event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
    return NULL;
}

void http_on_loop(struct http_server *s, void *(*begin)(struct http_loop *loop, void *context),
                  void (*end)(void *state))
{
    s->begin = begin;
    s->end = end;
}

void *http_loop_state(const struct http_loop *l)
{
    return l->state;
}

int http_loop_index(const struct http_loop *l)
{
    return l->index;
}

/* ---- the server ---- */

static void log_libevent(int severity, const char *message)
{
    if (severity >= EVENT_LOG_WARN)
        log_warning("libevent", KV("text", message));
}

static void prepare_libevent(void)
{
    if (evthread_use_pthreads())
        abort();
    event_set_log_callback(log_libevent);
    signal(SIGPIPE, SIG_IGN);
}

static void set_defaults(struct http_settings *s)
{
    if (!s->loops)
        s->loops = 1;
    if (!s->max_body_bytes)
        s->max_body_bytes = DEFAULT_BODY;
    if (!s->max_header_bytes)
        s->max_header_bytes = DEFAULT_HEADERS;
    if (!s->request_deadline_ms)
        s->request_deadline_ms = DEFAULT_DEADLINE_MS;
    if (!s->idle_ms)
        s->idle_ms = DEFAULT_IDLE_MS;
}

static fallible prepare(struct http_server *s)
{
    set_defaults(&s->settings);
    if (!address_list_read(s->settings.trusted_proxies, &s->trusted)) {
        log_error("a trusted proxy has no numeric address",
                  KV("trusted_proxies", s->settings.trusted_proxies));
        return NOT_STARTED;
    }
    return http_listen(s);
}

fallible http_server_new(const struct http_settings *settings, const struct http_route *routes,
                         int count, struct http_server **out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_libevent);
    struct http_server *s = must_alloc(1, sizeof(*s));
    s->settings = *settings;
    const struct problem *p = prepare(s);
    if (p) {
        if (s->fd > 0)
            close(s->fd);
        free(s);
        return p;
    }
    s->routes = routes_new(routes, count);
    s->loops = must_alloc((size_t)s->settings.loops, sizeof(*s->loops));
    atomic_store(&s->accepting, s->settings.loops);
    for (int i = 0; i < s->settings.loops; i++)
        loop_init(&s->loops[i], s, i);
    *out = s;
    return NULL;
}

int http_port(const struct http_server *s)
{
    return s->port;
}

void http_server_start(struct http_server *s)
{
    metric_add(METRIC_http_open_connections, NULL, 0); /* shown from the start */
    for (int i = 0; i < s->settings.loops; i++)
        if (pthread_create(&s->loops[i].thread, NULL, loop_main, &s->loops[i]))
            abort();
    s->started = true;
}

void http_server_stop(struct http_server *s, int grace_ms)
{
    if (!s->started)
        return;
    s->started = false;
    atomic_store(&s->stop_at, time_monotonic() + (int64_t)grace_ms * 1000);
    http_stop_listening(s);
    for (int i = 0; i < s->settings.loops; i++)
        pthread_join(s->loops[i].thread, NULL);
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    http_server_stop(s, 0);
    for (int i = 0; i < s->settings.loops; i++)
        loop_free(&s->loops[i]);
    close(s->fd);
    routes_free(s->routes);
    free(s->loops);
    free(s);
}
