/* token_forge.h -- tokens made by hand, right ones and wrong ones. All texts are kept until exit.
 */
#pragma once

#include <openssl/evp.h>

#include "base/time.h"
#include "platform/identity/token.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"

/* The moment everything happens, us. */
#define NOW     (INT64_C(1790000000) * SECOND)
#define SECOND  INT64_C(1000000)
#define USER    "0192f0c1-7e1a-7000-8000-000000000001"
#define SESSION "0192f0c1-7e1a-7000-8000-0000000000aa"

extern struct arena kept;
extern const unsigned char PSEUDONYM_SECRET[32];
extern struct token_key *signer, *verifier; /* made by keys() */
extern EVP_PKEY *private_key, *public_key;  /* the same for OpenSSL */
extern char kid[17];
extern char public_pem[1024], private_pem[1024];

/* Makes the keys, private.pem and public.pem of file(), once. */
void keys(void);
const char *file(const char *name);

/* base64url of header and claims, joined by a dot. */
const char *two_segments(const char *header, const char *claims);
const char *header_of(const char *alg);
const char *claims_with(const char *exp_and_more);
const char *good_claims(void);

/* r and s of `size` bytes each; an HMAC with the public key's PEM as its secret. */
const char *es_signature(EVP_PKEY *key, const EVP_MD *hash, int size, const char *text);
const char *hmac_signature(const EVP_MD *hash, const char *text);
const char *bearer(const char *two, const char *signature);
/* Signed rightly with our own key, whatever it says. */
const char *signed_token(const char *header, const char *claims);

/* token_verify at NOW; checks that a failure leaves the claims alone. */
const struct problem *verify(const char *authorization);

struct claims some_claims(void); /* an officer's, good for 15 minutes */
const char *our_token(const struct claims *c);
