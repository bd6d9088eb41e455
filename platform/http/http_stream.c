/* http_stream.c -- see http_stream.h. evhttp is told at the beginning that the answer is complete,
 * so that it frees its request whatever becomes of the connection; it hears that all was sent only
 * after the last piece (http_connection.c). */
#include "platform/http/http_streamed.h"

#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>

#include "platform/http/http_ended.h"
#include "base/banned.h"

struct http_stream {
    struct connection *connection;
    const struct http_stream_calls *calls;
    void *maker;
    bool chunked;
    bool due; /* the maker's turn */
};

static bool take_place(struct http_server *s)
{
    if (atomic_fetch_add(&s->streams, 1) < HTTP_STREAMS_MAX)
        return true;
    atomic_fetch_sub(&s->streams, 1);
    return false;
}

static struct http_stream *stream_new(const struct http_request *r,
                                      const struct http_stream_calls *calls, void *maker)
{
    struct http_stream *s = must_alloc(1, sizeof(*s));
    *s = (struct http_stream){.connection = r->connection,
                              .calls = calls,
                              .maker = maker,
                              .chunked = r->raw->minor > 0,
                              .due = true};
    r->connection->stream = s;
    connection_watch(r->connection);
    return s;
}

static void stream_free(struct http_stream *s)
{
    atomic_fetch_sub(&s->connection->loop->server->streams, 1);
    s->connection->stream = NULL;
    free(s);
}

fallible http_stream_begin(struct http_request *r, const struct http_answer *head,
                           const struct http_stream_calls *calls, void *maker,
                           struct http_stream **out)
{
    bool wanted = r->connection && r->raw->type != EVHTTP_REQ_HEAD;
    *out = NULL;
    if (wanted && !take_place(r->loop->server))
        return QUEUE_FULL;
    r->close = r->close || !r->raw->minor; /* only the close ends it */
    request_ended(r, head->status, 0);
    answer_add_head(r, head, true);
    if (wanted)
        *out = stream_new(r, calls, maker);
    answer_leaves(r);
    return NULL;
}

static void add_piece(const struct http_stream *s, const void *piece, size_t length)
{
    struct evbuffer *output = bufferevent_get_output(s->connection->bev);
    if (!s->due || !length)
        abort(); /* it would end the answer, or hold a second piece */
    connection_move(s->connection, WRITING);
    if (s->chunked)
        evbuffer_add_printf(output, "%zx\r\n", length);
    evbuffer_add(output, piece, length);
    if (s->chunked)
        evbuffer_add(output, "\r\n", 2);
}

void http_stream_send(struct http_stream *s, const void *piece, size_t length)
{
    add_piece(s, piece, length);
    s->due = false;
}

void http_stream_end(struct http_stream *s, const void *piece, size_t length)
{
    add_piece(s, piece, length);
    if (s->chunked)
        evbuffer_add(bufferevent_get_output(s->connection->bev), "0\r\n\r\n", 5);
    stream_free(s);
}

/* ---- the cut ---- */

/* The client gets a reset at once. Closed as others are it would hear of an end first: evhttp shuts
 * the socket down, and to HTTP/1.0 that is how a whole answer ends. */
static void cut(struct connection *c)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    connect(c->fd, &nobody, sizeof(nobody));
    evhttp_connection_free(c->evcon);
}

void http_stream_abort(struct http_stream *s)
{
    struct connection *c = s->connection;
    stream_free(s);
    cut(c);
}

void stream_sent(struct http_stream *s)
{
    connection_move(s->connection, HANDLING);
    if (s->due)
        return; /* that was the head */
    s->due = true;
    s->calls->next(s->maker);
}

void stream_left(struct http_stream *s)
{
    const struct http_stream_calls *calls = s->calls;
    void *maker = s->maker;
    stream_free(s);
    calls->gone(maker);
}

static void cut_all(struct connections *list)
{
    for (struct connection *c = TAILQ_FIRST(list), *next; c; c = next) {
        next = TAILQ_NEXT(c, link);
        if (c->stream)
            cut(c);
    }
}

void loop_cut_streams(struct http_loop *l)
{
    cut_all(&l->lists[HANDLING]);
    cut_all(&l->lists[WRITING]);
}
