/* http_drain.c -- the end of connections, before that of the server. */
#include "platform/http/http_drain.h"

#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/http.h>

#include "base/time.h"
#include "platform/http/http_listen.h"
#include "platform/process/handover.h"
#include "base/banned.h"

enum { DRAIN_STEP_US = 5000 };

static void wake_loops(struct http_server *s)
{
    for (int i = 0; i < s->settings.loops; i++)
        event_active(s->loops[i].wake, 0, 0);
}

/* Shut down it refuses at once; it is closed when no loop uses it any more. What waits in one that
 * outlives this process is the next one's. */
void http_stop_listening(struct http_server *s)
{
    atomic_store(&s->draining, true);
    if (!handover_outlives())
        shutdown(s->fd, SHUT_RDWR);
    wake_loops(s);
}

static bool has_sent_more(const struct connection *c)
{
    char byte;
    return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* A request that is there already is answered, and its connection ends with that. */
void loop_end_idle(struct http_loop *l)
{
    for (struct connection *c = TAILQ_FIRST(&l->lists[IDLE]), *next; c; c = next) {
        next = TAILQ_NEXT(c, link);
        if (!has_sent_more(c))
            evhttp_connection_free(c->evcon);
    }
}

static void wait_for_connections(struct http_server *s, int ms)
{
    int64_t until = time_monotonic() + (int64_t)ms * 1000;
    while ((atomic_load(&s->accepting) || atomic_load(&s->open)) && time_monotonic() < until)
        usleep(DRAIN_STEP_US);
}

void http_server_drain(struct http_server *s, int ms)
{
    if (!s->started)
        return;
    http_stop_listening(s);
    wait_for_connections(s, ms);
    atomic_store(&s->drained, true);
    wake_loops(s);
    wait_for_connections(s, ms);
}
