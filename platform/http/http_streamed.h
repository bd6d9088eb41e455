/* http_streamed.h -- what answers, connections and streams know of each other; for
 * platform/http/http*.c alone. */
#pragma once

#include "platform/http/http_stream.h"

struct connection;
struct http_loop;

/* ---- http_answer.c ---- */

/* Into the connection's buffer, if there is a connection. `streamed`: of unknown length. */
void answer_add_head(struct http_request *r, const struct http_answer *a, bool streamed);
/* What is in the buffer begins to go out; `r` is freed. evhttp hears that this is all: of what
 * follows it knows nothing, and goes on when it is told that all was sent. */
void answer_leaves(struct http_request *r);

/* ---- http_connection.c ---- */

/* From here on it is noticed when the client closes its side. */
void connection_watch(struct connection *c);

/* ---- http_stream.c ---- */

/* All of its piece was sent. */
void stream_sent(struct http_stream *s);
/* Its connection ends. */
void stream_left(struct http_stream *s);
/* After the loop has ended. */
void loop_cut_streams(struct http_loop *l);
