/* search.h -- records by what they are about, the newest first, whoever wrote them: the chains of
 * all writers, each from its end down, merged by the time a record was written. Inside a chain its
 * order holds: a request that took long stands by its end.
 *
 * What fits is chosen by the server, along the index that it has of ids: a find passes SEARCH_STEP
 * records of one chain at most, and a turn so many and so much time that it may come back with
 * less than was wanted, or nothing: then the next one goes on. For one thread at a time; between
 * turns that may be another one, with another client. */
#pragma once

#include "audit/record.h"
#include "base/arena.h"
#include "platform/mongo/mongo.h"

struct audit_terms { /* NULL, 0: any. Borrowed as long as the search */
    const char *actor, *route, *kind, *service;
    const char *subject;
    int64_t status;
    int64_t from, to; /* of `at`: from on, before */
};

enum {
    SEARCH_CHAINS = 64,       /* one search finds at */
    SEARCH_STEP = 20000,      /* records a find may pass */
    SEARCH_RECORDS = 1000000, /* and a turn */
    SEARCH_MS = 4000,         /* after which a turn begins no find */
};

struct audit_search;

/* `place`: what audit_search_place has said; NULL: from the newest on, asks which chains there are.
 * BAD_CURSOR: no such place. OUT_OF_RANGE: more than SEARCH_CHAINS; a service or a kind has fewer.
 * Problems of mongo_find. */
fallible audit_search_begin(struct mongo *m, const struct audit_terms *terms, const char *place,
                            struct audit_search **out);
void audit_search_free(struct audit_search *s); /* NULL is allowed */

void audit_search_turn(struct audit_search *s);
/* The next record, until the one behind is asked for. *out is NULL at the end of the search, or of
 * the turn. Problems of mongo_find. */
fallible audit_search_next(struct audit_search *s, struct mongo *m,
                           const struct stored_record **out);
bool audit_search_is_over(const struct audit_search *s);
/* Documents passed so far that are none of a record; `citywatchctl audit verify` names them. */
int64_t audit_search_strays(const struct audit_search *s);
/* Appends where it stands, of [a-z0-9.:~-]: of each chain up to 100 bytes. */
void audit_search_place(const struct audit_search *s, struct text *out);
