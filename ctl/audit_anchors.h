/* audit_anchors.h -- what the log knows of the audit's chains: the hashes that audit.sealed events
 * hold. Who can write to MongoDB alone cannot change them. */
#pragma once

#include "audit/verify.h"
#include "ctl/city.h"

struct audit_anchors {
    struct city city;
    struct rows
        *rows; /* chain, number, hash, in the order of chains; NULL: the log was not asked */
};

/* Reads them all, from the store that DATABASE_URL names; without one it says that the log is not
 * compared. DONE or the exit code, after a sentence. To be closed in both cases. */
int audit_anchors_read(struct audit_anchors *a);
void audit_anchors_close(struct audit_anchors *a);

/* The chain of that book that follows `after` ("": the first one); NULL: none. Borrowed. */
const char *audit_anchors_next(const struct audit_anchors *a, enum audit_book b, const char *after);
/* Gives a verifier what the log knows of its chain. */
void audit_anchors_give(const struct audit_anchors *a, const char *chain, struct verifier *to);
