/* http_outcome.h -- what became of each request, told to whoever keeps a record of them.
 *
 * A recorder is two functions of http_settings, called on the loop's thread, and must not block:
 * - `outcome` once for each answer, when it is given: also for a path that no route has, for what
 *   could not be read as a request, for a client that has left. A server that stops gives up what
 *   is not answered within its grace: an outcome with status 0. These two are told as forgotten,
 *   for who asked, and for what, was not read or is not known any more.
 * - `turn` after outcomes were told and before a byte of their answers is sent: no client has an
 *   answer whose turn has not returned. One turn covers all outcomes told since the last one.
 * - `may_be_anonymous` says of which routes the client may be an anonymous author: what is refused
 *   before the handler has the request is told as forgotten. So is what goes to another service.
 * The first two may be called until http_server_free returns. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_request;

/* What only a handler knows; NULL or 0: not known. */
struct http_notes {
    const char *kind;    /* what sort of request it was, a word of the recorder's; NULL: any */
    const char *actor;   /* a user id, never a name */
    const char *role;    /* as the token has it */
    const char *agency;  /* the actor's */
    const char *subject; /* id of the thing it was about */
    int64_t position;    /* of the event it wrote */
};

struct http_outcome {
    int64_t began;          /* microseconds since 1970 */
    int64_t duration;       /* microseconds */
    const char *method;     /* "" for one that no route can have, or not read */
    const char *route;      /* the template; NULL: none matched */
    int status;             /* 0: not answered */
    size_t bytes;           /* of the body, as sent */
    const char *request_id; /* http_request_id */
    const char *traceparent;
    const char *address; /* the client's; see trusted_proxies of http_settings */
    const char *problem; /* name of the problem it was refused with; NULL: not refused */
    bool forgotten;      /* then only began, method, route and status are set */
    struct http_notes notes;
};

/* For the handler to fill in. Texts must live until the answer: constants, or http_arena. */
struct http_notes *http_notes(struct http_request *r);

/* For an anonymous author: from here on the request's log line carries a new id instead of the
 * client's and nothing else about the client, and its outcome says so little that nobody can tell
 * who it was. Call before the answer. */
void http_forget_client(struct http_request *r);
