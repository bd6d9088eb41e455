/* audit.h -- what citywatchctl audit does, a word each; DONE or the exit code after a sentence. */
#pragma once

#include "audit/pages.h"

struct audit_given {
    const char *words[1], *book, *last, *since, *public_key; /* NULL: not given */
    bool json, dry_run, yes;
    int first_book, last_book; /* what `book` names */
};

/* The database that MONGODB_URI names. DONE or the exit code, after a sentence. */
int audit_database(struct mongo **out);

/* The public half of the key that seals are to be signed with: --public-key, or AUDIT_KEY_FILE.
 * DONE or the exit code, after a sentence. */
int audit_key(const char *public_key, struct seal_key *out);

int audit_verify(const struct audit_given *g);
int audit_retain(const struct audit_given *g);

/* AUDIT_REQUESTS_DAYS or AUDIT_SECURITY_DAYS ago, us since 1970. False, after a sentence: no
 * number. */
bool audit_kept_from(enum audit_book b, int64_t *out);
