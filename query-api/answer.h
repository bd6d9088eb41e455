/* answer.h -- one answer as it is kept and sent: the body by reference, gzip beside it, validators.
 * Constant once made, counted, freed with the last reference; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer;
struct http_request;

struct answer_facts {
    int64_t position;         /* least position of the views it was read from; -1 for a document */
    int64_t total;            /* sum of their positions: rises when any of them moves */
    int64_t epoch;            /* life of the log; an item's ETag says it from the second on */
    const char *version;      /* of an item, NULL for lists: they have a weak ETag */
    const char *content_type; /* constant; NULL: application/json */
    bool by_accept;           /* the path has other forms, chosen by Accept */
};

/* Takes `body` (malloc'd). `pack`: with its gzip form too, if it is longer than 1 KiB. One
 * reference. */
struct answer *answer_new(char *body, size_t length, const struct answer_facts *facts, bool pack);
struct answer *answer_hold(struct answer *a); /* one more reference; returns a */
void answer_drop(struct answer *a);           /* one less; NULL is allowed */

int64_t answer_position(const struct answer *a);
int64_t answer_total(const struct answer *a);
size_t answer_bytes(const struct answer *a); /* memory it takes */
/* It has no gzip form though it would be worth it. */
bool answer_lacks_pack(const struct answer *a);

/* Answers the request with it, on its loop: 304 if the client has it. */
void answer_send(struct answer *a, struct http_request *r, const char *cache_control,
                 bool personal);

/* Whether the client takes gzip, by its Accept-Encoding (NULL: no). */
bool takes_gzip(const char *accept_encoding);
/* Whether an If-None-Match (NULL: no) names the tag, with or without W/. */
bool names_tag(const char *if_none_match, const char *tag);
