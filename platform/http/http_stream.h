/* http_stream.h -- an answer that is made while it is sent: in chunks, or to a client of HTTP/1.0
 * up to the close. Of each stream one piece is in memory: the next one is asked for when the socket
 * has taken all of the one before. All calls on the request's loop.
 *
 * What goes wrong on the way the client learns by a connection that is reset before the last chunk.
 * It must take each piece within idle_ms, as a whole; if it does not, or closes, its side alone
 * too, it has left. A server that stops asks on within its grace, then cuts. */
#pragma once

#include "platform/http/http.h"

struct http_stream;

/* `maker` makes the pieces. */
struct http_stream_calls {
    void (*next)(void *maker); /* a send, an end or an abort is due again, now or later */
    void (*gone)(void *maker); /* before an end or an abort: the client has left, or the server
                                  stops; the stream is no more. Also while one of them is due */
};

/* Streams of a server at a time. */
enum { HTTP_STREAMS_MAX = 8 };

/* Answers the request, as http_reply does: its recorder hears status and time now, and no bytes.
 * `head` has no body. Afterwards a send, an end or an abort is due. *out is NULL if nobody is there
 * who wants a body, after HEAD too. QUEUE_FULL: too many streams, the request is still to be
 * answered. */
fallible http_stream_begin(struct http_request *r, const struct http_answer *head,
                           const struct http_stream_calls *calls, void *maker,
                           struct http_stream **out);

/* Each when it is due, of at least one byte, which is copied. */
void http_stream_send(struct http_stream *s, const void *piece, size_t length);
/* The last piece: what was sent is whole. Nothing of the stream is called any more. */
void http_stream_end(struct http_stream *s, const void *piece, size_t length);
/* Cuts the connection: what was sent is not whole. Nothing is called any more. */
void http_stream_abort(struct http_stream *s);
