/* edge.h -- what the handlers of commands take from a request alike: who acts, and the client's
 * key. */
#pragma once

#include "events/command.h"
#include "platform/http/http.h"
#include "platform/identity/token.h"

/* In the request's arena. */
void edge_actor(struct http_request *r, const struct claims *claims, struct actor *out);
/* Idempotency-Key, or a new one of our own. BAD_HEADER unless it is 16 to 128 visible characters.
 */
fallible edge_key(struct http_request *r, const char **out, struct fault *f);
/* BAD_HEADER if the request has If-Match or If-None-Match: the route takes neither. */
fallible edge_no_preconditions(struct http_request *r, struct fault *f);
/* UNKNOWN_PARAMETER if the path has a query string. */
fallible edge_no_parameters(struct http_request *r, struct fault *f);
