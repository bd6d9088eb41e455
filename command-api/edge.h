/* edge.h -- what the handlers of commands take from a request alike: who acts, the client's key,
 * preconditions. */
#pragma once

#include "events/command.h"
#include "platform/http/http.h"
#include "platform/identity/token.h"

/* What an answer tells of the version of the stream it is about, and what a request may ask of it.
 */
enum versioning {
    NO_VERSION,     /* another stream is written than the one that is shown: neither */
    SHOWS_VERSION,  /* a create: its version and ETag, and every If-None-Match holds */
    TAKES_IF_MATCH, /* both, and If-Match and If-None-Match are compared with it */
};

/* In the request's arena. */
void edge_actor(struct http_request *r, const struct claims *claims, struct actor *out);
/* Idempotency-Key, or a new one of our own. BAD_HEADER unless it is 16 to 128 visible characters.
 */
fallible edge_key(struct http_request *r, const char **out, struct fault *f);
/* If-Match and If-None-Match into the command. BAD_HEADER for one that the route does not take or
 * that has no such form. */
fallible edge_preconditions(struct http_request *r, enum versioning v, struct command *c,
                            struct fault *f);
/* UNKNOWN_PARAMETER if the path has a query string. */
fallible edge_no_parameters(struct http_request *r, struct fault *f);
