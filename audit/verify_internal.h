/* verify_internal.h -- what verify.c (records) and verify_seals.c (seals, anchors, the end) share.
 */
#pragma once

#include "audit/verify.h"

enum { BROKEN_MAX = 64, RECENT = 64, WAITING = 8 };

/* A record that does not follow from the one before it, until it is known why. */
struct broken_place {
    int64_t n;
    unsigned char before[CHAIN_HASH]; /* what it should follow from */
    unsigned char hash[CHAIN_HASH];   /* its own, as it is stored */
    unsigned char computed[CHAIN_HASH];
    char *text; /* canonical, of record n */
    size_t length;
    bool explained;
};

struct anchor {
    int64_t n;
    unsigned char hash[CHAIN_HASH];
    bool seen;
};

struct verifier {
    char writer[WRITER_TEXT];
    const unsigned char *public_key;
    int64_t kept_from;
    void (*found)(void *arg, const struct finding *f);
    void *arg;
    struct verified figures;

    /* the chain: hashes as they are stored */
    bool known;                       /* `hash` is that of record `last` */
    unsigned char hash[CHAIN_HASH];   /* of record `last` */
    unsigned char before[CHAIN_HASH]; /* of the one before it */
    bool has_other;                   /* record `last` is there twice; the other one's hash: */
    unsigned char other[CHAIN_HASH];
    bool last_explained;           /* record `last` is in a finding already */
    struct broken_place *doubtful; /* record `last` belongs there, or that one is inserted */
    struct broken_place broken[BROKEN_MAX];
    int broken_count;

    /* seals */
    int64_t shift;              /* inserted minus lost records that left no hole */
    int64_t must_from;          /* records from here on must be there; 0: none must */
    int64_t half_to;            /* the last one that is missing of the first range; 0: none is */
    int64_t lead_n, sealed_max; /* the last seal before the first record; the last of all */
    unsigned char lead_hash[CHAIN_HASH];
    struct seal waiting[WAITING]; /* their records have not come yet */
    int waiting_count;
    struct {
        int64_t n;
        unsigned char hash[CHAIN_HASH];
    } recent[RECENT]; /* by n % RECENT */
    struct anchor *anchors;
    int anchor_count, anchor_size;
};

void verifier_tell(struct verifier *v, enum tampering what, int64_t n, int64_t to,
                   const char *detail);
/* Compares the seals that wait for a record up to the last one. */
void verifier_match_seals(struct verifier *v);
/* For the first record, n: what it follows from, by a seal if retention took those before. */
void verifier_begin_behind(struct verifier *v, int64_t n);
/* A seal of record n that waits, or NULL. */
const struct seal *verifier_seal_of(const struct verifier *v, int64_t n);
