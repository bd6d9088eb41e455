/* bulk.h -- one request that is one command each for up to 100 items: the BULK rows of
 * features/<name>/routes.def. A row: method, path, who may, what a malformed id means, then
 * CHOICE(given, command, member): the body has `ids` and one of the members `given`, which says
 * what is done and is the command's `member`; what else the body has is the command's own.
 *
 * The answer is 200 with a result an item, in the order of `ids`: `status` and what the command
 * alone would answer. The items are decided one by one, so what is refused keeps nothing else from
 * being done; what could not be begun in time is a 503 there, and repeating the request under the
 * same key does only that: an item's key is of the request's key and its id, its digest of the
 * whole body. An item of which the actor is the anonymous author is NOT_TOGETHER, unless it is the
 * only one. */
#pragma once

#include "base/problem.h"
#include "platform/http/http.h"

enum { BULK_MAX = 100, BULK_CHOICES_MAX = 8 };

struct bulk_row {
    int roles;
    const struct problem *malformed;
    struct bulk_choice {
        const char *given, *member;
        int type;                /* the command */
    } choices[BULK_CHOICES_MAX]; /* ended by a NULL name */
};

/* Whether one of its commands may be (command_may_be_anonymous). */
bool bulk_may_be_anonymous(const struct bulk_row *row);

/* `row` is a struct bulk_row. */
void handle_bulk(struct http_request *r, const void *row);
