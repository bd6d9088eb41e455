/* mongo.h -- documents in a MongoDB database, for one thread. Every call blocks. A server that is
 * away costs at most 2 s, one that says nothing 10 s an answer it owes (a call has one, mongo_find
 * one a page, mongo_delete two). mongo-c-driver 1.23 tries a server that it could not reach again
 * after 5 s at the earliest; until then calls fail at once.
 *
 * Problems of every call:
 *   MONGO_UNAVAILABLE  no connection, lost, late, no primary: the outcome is unknown, may be
 *                      repeated. Logged once an outage.
 *   MONGO_REFUSED      the server, or the driver before it, said no; a repetition as it is will be
 *                      refused, too. Logged with its words. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"

struct mongo;

/* In main: before the first thread, and after the last. service_start() does the first; twice is
 * once. */
void mongo_library_start(void);
void mongo_library_stop(void);
const char *mongo_library(void); /* version of the driver */

/* NULL, or why this is no URI of MongoDB, in `a`. Names no password. A line of the
 * driver's log may get lost meanwhile. */
const char *mongo_uri_fault(const char *uri, struct arena *a);

/* `password` belongs to the user whom the URI names; NULL or "": what the URI says. The times above
 * are the longest: an option of the URI (serverSelectionTimeoutMS, connectTimeoutMS,
 * socketTimeoutMS) may only shorten them. Does not connect. `database` is borrowed. NOT_STARTED:
 * logged, the URI is none. */
fallible mongo_new(const char *uri, const char *password, const char *database, struct mongo **out);
void mongo_free(struct mongo *m); /* NULL is allowed */
static inline void mongo_cleanup(struct mongo **m)
{
    mongo_free(*m);
}
#define scoped_mongo __attribute__((cleanup(mongo_cleanup))) struct mongo

fallible mongo_ping(struct mongo *m);

/* Stores `count` documents, JSON objects with an `_id` each; integers are kept as 64 bits. Success
 * means: each is on the disks of a majority, under its `_id`, now or since before: an `_id` that is
 * there already is left as it is. After a problem any of them may be stored or not. Numbers beyond
 * 64 bits and documents without `_id` are MONGO_REFUSED, and then none is stored. */
fallible mongo_insert(struct mongo *m, const char *collection, const char *const *documents,
                      int count);

/* Hands every document that fits `filter`, in the order of `sort` (NULL: any), `limit` at most, to
 * `each` as a JSON text with integers exact and members in their stored order; the text lives as
 * long as the call of `each`. "{}": it holds a string that is no UTF-8. `each` returning false ends
 * it, which is success. After a problem some may have been handed over. filter {"n":{"$gt":3}},
 * sort {"n":1}. */
fallible mongo_find(struct mongo *m, const char *collection, const char *filter, const char *sort,
                    int limit, bool (*each)(const char *document, void *arg), void *arg);

/* Deletes of those that fit `filter` the `limit` (1 to MONGO_DELETE_MAX) with the lowest `_id`.
 * *deleted < limit: none that fits is left, or another deletes too. May be repeated. */
enum { MONGO_DELETE_MAX = 10000 };
fallible mongo_delete(struct mongo *m, const char *collection, const char *filter, int limit,
                      int64_t *deleted);
