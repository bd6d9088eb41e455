/* verify.h -- whether the records of one writer are those it wrote. Pure: given the documents and
 * the seals of one writer in the order of their numbers, a seal behind the record that it seals, it
 * names what is not as it was. For one thread.
 *
 * What each finding rests on: the hash of every record follows from the one before; seals are
 * signed; anchors are hashes of seals that are known from elsewhere, such as the event store.
 * Retention may have taken the oldest records, up to a seal, or be broken off before one. Records
 * behind the last seal could be recomputed by whoever writes to the database; they are counted as
 * `unsealed`. */
#pragma once

#include "audit/seal.h"

enum tampering {
    CHANGED,    /* the record does not have the hash that follows from the one before */
    LOST,       /* a record, or a seal that an anchor knows, is not there */
    INSERTED,   /* a record that the chain goes on without */
    REORDERED,  /* the record belongs to another place */
    CUT,        /* the last records: a seal or an anchor knows later ones */
    RECOMPUTED, /* the chain is whole and is not the one that was sealed */
    FORGED,     /* a seal that was not signed by the key, or cannot be read */
};
const char *tampering_word(enum tampering t); /* "changed" */

struct finding {
    enum tampering what;
    const char *writer;
    int64_t n, to;      /* records n to `to` */
    const char *detail; /* a sentence, or NULL; borrowed for the call */
};

struct verified {
    int64_t records, seals, findings; /* looked at; told */
    int64_t first, last, sealed;      /* numbers of records; 0: none */
    int64_t unsealed;                 /* records behind the last good seal */
};

struct verifier;

/* `kept_from`, us since 1970: what was sealed since must be there; INT64_MAX: retention may have
 * taken anything. The key is borrowed. `found` is told each finding. */
struct verifier *verifier_new(const char *writer, const unsigned char public_key[SEAL_PUBLIC],
                              int64_t kept_from, void (*found)(void *arg, const struct finding *f),
                              void *arg);
/* Before the documents, in any order: the seal of record n has this hash. */
void verifier_anchor(struct verifier *v, int64_t n, const unsigned char hash[CHAIN_HASH]);
void verifier_record(struct verifier *v, const char *document);
void verifier_seal(struct verifier *v, const char *document);
/* After the last one. */
void verifier_end(struct verifier *v, struct verified *out);
void verifier_free(struct verifier *v); /* NULL is allowed */
