/* response.h -- one response as it is kept and sent: the body by reference, gzip beside it,
 * validators. Constant once made, counted, freed with the last reference; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct response;
struct http_request;

struct response_facts {
    int64_t position;         /* lowest position of the views it was read from; -1 for a document */
    int64_t total;            /* sum of the marks of all it was read from: rises when any changes */
    int64_t epoch;            /* life of the log; an item's ETag says it from the second on */
    const char *version;      /* of an item, NULL for lists: they have a weak ETag */
    const char *content_type; /* constant; NULL: application/json */
    bool by_accept;           /* the path has other forms, chosen by Accept */
    const char *language;     /* tag, chosen by Accept-Language; NULL: it is the same in all */
    const char *read_kind; /* what kind of read it is to be shown it, for the record; NULL: any */
};

/* Takes `body` (malloc'd). `gzip`: with its gzip form too, if it is longer than 1 KiB. One
 * reference. */
struct response *response_new(char *body, size_t length, const struct response_facts *facts,
                              bool gzip);
struct response *response_hold(struct response *response); /* one more reference; returns it */
void response_drop(struct response *response);             /* one less; NULL is allowed */

int64_t response_position(const struct response *response);
int64_t response_total(const struct response *response);
const char *response_read_kind(const struct response *response);
size_t response_bytes(const struct response *response); /* memory it takes */
/* It has no gzip form though it would be worth it. */
bool response_lacks_gzip(const struct response *response);

/* Replies to the request with it, on its loop: 304 if the client has it. `position`: what is told
 * that it reflects, -1: nothing. */
void response_send(struct response *response, struct http_request *r, const char *cache_control,
                   bool personal, int64_t position);

/* Whether the client takes gzip, by its Accept-Encoding (NULL: no). */
bool accepts_gzip(const char *accept_encoding);
/* Whether an If-None-Match (NULL: no) names the tag, with or without W/. */
bool names_tag(const char *if_none_match, const char *tag);
