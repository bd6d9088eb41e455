/* http_ended.h -- the end of a request; for platform/http/http*.c alone. */
#pragma once

#include "platform/http/http_internal.h"

/* When it is answered, before the answer is put into a connection's buffer. */
void request_ended(const struct http_request *r, int status, size_t bytes);
/* The server stops and nobody has answered it. */
void request_given_up(struct http_request *r);
/* Refused by evhttp before there was a request. */
void refused_unread(struct connection *c, const struct problem *p);

/* Before anything is sent: the recorder's turn, if outcomes were told since the last one. */
void loop_turn(struct http_loop *l);
