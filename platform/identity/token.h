/* token.h -- access tokens: JWT, ES256. Every check that libjwt 1.10.2 leaves out is made here:
 * three non-empty base64url segments of at most 4 KiB together, `alg` ES256 in the header before
 * decoding and after it, a known `kid`, integer `exp` in the future and `iat`, iss, aud, role. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"
#include "base/text.h"
#include "events/words.h"

enum { TOKEN_MAX = 4096, TOKEN_HEADER_MAX = TOKEN_MAX + 16 }; /* bytes; of the header's value */

struct claims {
    char user_id[37], session[37];
    char agency[65];    /* "" if none */
    char pseudonym[65]; /* set by token_check only */
    enum role role;
    int64_t role_version;
    int64_t issued, expires; /* us, of whole seconds */
};

/* One key pair, or the public half of it; immutable after start, so any thread may use it. */
struct token_key;
/* PEM file of a P-256 key; refuses another curve, and a private one that others may read.
 * NOT_STARTED, logged. */
fallible token_key_read(const char *path, bool private_key, struct token_key **out);
/* Makes both files, 0600 and 0644; one that exists is not overwritten. NOT_STARTED, logged. */
fallible token_key_generate(const char *private_path, const char *public_path);
void token_key_free(struct token_key *k); /* NULL is allowed */
/* Appends {"keys":[{kty,crv,alg,use,kid,x,y}]}. */
void token_jwks(const struct token_key *k, struct text *out);

/* `now` is the wall clock, us. */
fallible token_sign(const struct token_key *k, const struct claims *c, int64_t now,
                    struct text *out);
/* NO_TOKEN (header NULL), BAD_TOKEN, TOKEN_EXPIRED. `authorization` is the header's value: "Bearer
 * …", in any case. */
fallible token_verify(const struct token_key *k, const char *authorization, int64_t now,
                      struct claims *out);

/* Verified tokens by their hash, bounded, for one thread: the hot path repeats no signature. An
 * entry ends with the token's exp; whether the session was ended is_revoked tells, each time. */
struct token_cache;
/* Both are borrowed; the secret is that of pseudonym_of. */
struct token_cache *token_cache_new(const struct token_key *k,
                                    const unsigned char pseudonym_secret[32], int max);
void token_cache_free(struct token_cache *c);
fallible token_check(struct token_cache *c, const char *authorization, int64_t now,
                     struct claims *out);

/* What makes a good token invalid, shared by all threads of a process (inside: a lock): ended
 * sessions, raised role versions, and a new life of the log. Bounded: what is older than a token's
 * life is forgotten. */
struct revoked;
struct revoked *revoked_new(void);
void revoked_free(struct revoked *r);
void revoked_session(struct revoked *r, const char *session, int64_t now);
void revoked_role(struct revoked *r, const char *user_id, int64_t role_version, int64_t now);
bool is_revoked(struct revoked *r, const struct claims *c);

/* All tokens issued before `raised` (us) are refused, whatever they say; what was known of an older
 * life of the log is forgotten. */
void revoked_before(struct revoked *r, int64_t raised);

/* Applies what the store's `user` events after *position say, moves *position; -1: begins with the
 * last hour, which covers every token alive. Begins anew when the epoch was raised. To be called
 * several times a second by one thread of each process that checks tokens. Needs to read es_event
 * and es_store only. Problems of pg_call and event_read. */
struct pg;
fallible revoked_follow(struct revoked *r, struct pg *store, int64_t *position);
/* False until revoked_follow has read to the end once: till then nobody knows whose session ended.
 */
bool revoked_is_known(const struct revoked *r);

/* Whether a request with this header may do what `roles`, a mask, are let do; ANYONE: every role.
 * In this order: NO_TOKEN, BAD_TOKEN, TOKEN_EXPIRED of token_check, for a bad token is bad whatever
 * else is known; STORE_UNAVAILABLE until revoked_is_known; BAD_TOKEN if is_revoked; WRONG_ROLE.
 * *out is untouched then, but for WRONG_ROLE: it says who it is. */
fallible token_admit(struct token_cache *c, struct revoked *r, const char *authorization, int roles,
                     int64_t now, struct claims *out);

/* Pseudonym of a user: BLAKE2b-256 of the id under the pseudonym secret, 64 hexadecimal characters.
 */
enum { PSEUDONYM_TEXT = 65 };
void pseudonym_of(const unsigned char secret[32], const char *user_id, char out[PSEUDONYM_TEXT]);
