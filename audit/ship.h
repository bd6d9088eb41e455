/* ship.h -- the audit thread: each second it brings the books to disk, seals them, and ships what
 * is synced. MongoDB is two functions, so that tests need none. */
#pragma once

#include "audit/book.h"

struct audit_target {
    void *to;
    /* As mongo_insert. NULL: there is no MongoDB, records stay in the spool. */
    fallible (*insert)(void *to, const char *collection, const char *const *documents, int count);
};

/* Ships a page of a book, and the book forgets it. Problems of `insert`. */
fallible ship_page(const struct audit_target *t, enum audit_book i, struct book *b,
                   const struct book_page *page);

struct shipper;

/* All is borrowed. `tick` is called at the begin of each turn, to write what only time brings. */
struct shipper *shipper_new(struct book *const books[AUDIT_BOOKS], const struct seal_key *key,
                            const struct audit_target *target, void (*tick)(void *arg), void *arg);
bool shipper_start(struct shipper *s); /* false: the thread could not be made */
/* Joins the thread after a last turn that seals all there is. */
void shipper_stop(struct shipper *s);
void shipper_free(struct shipper *s); /* stops it; NULL is allowed */

/* One turn, for the thread and for tests without it: ships for about a second at most. *more: there
 * is more to ship. Problems of `insert`: the rest will be shipped by another turn. */
fallible shipper_turn(struct shipper *s, bool last, bool *more);
