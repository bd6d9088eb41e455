/* seal.h -- a seal says by a signature (Ed25519) what the hash of a chain's record is. Any thread.
 */
#pragma once

#include "audit/record.h"
#include "base/problem.h"

enum { SEAL_PUBLIC = 32, SEAL_SIGNATURE = 64 }; /* bytes */

struct seal_key {
    unsigned char public_key[SEAL_PUBLIC];
    unsigned char secret[64];
};

struct seal {
    struct chain_end end;
    int64_t at; /* us since 1970 UTC */
    unsigned char public_key[SEAL_PUBLIC];
    unsigned char signature[SEAL_SIGNATURE];
};

/* The key of a file of 32 bytes, its seed. Logs why not, then NOT_STARTED. */
fallible seal_key_read(const char *path, struct seal_key *out);
void seal_key_wipe(struct seal_key *k);

/* Signs "citywatch audit seal 1\n<writer>\n<n>\n<hash>\n<at>\n" of `end` and `at`. */
void seal_sign(const struct seal_key *k, const struct chain_end *end, int64_t at, struct seal *out);
/* Whether it was signed by the key of `public_key`, whatever the seal says of its own. */
bool seal_is_signed_by(const struct seal *s, const unsigned char public_key[SEAL_PUBLIC]);

/* Its document: _id as a record's, writer, n, hash, at, public_key, signature, in hexadecimal. */
void seal_write(const struct seal *s, struct text *out);
/* False: not the document of a seal. The signature is not looked at. */
bool seal_read(const char *document, struct seal *out);
