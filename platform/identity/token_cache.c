/* token_cache.c -- the hot path of every request with a token: one keyed hash instead of a
 * signature. */
#include "platform/identity/token.h"

#include <sodium.h>

#include "platform/identity/digest.h"
#include "platform/process/memo.h"
#include "platform/process/metrics.h"
#include "base/banned.h"

struct token_cache {
    const struct token_key *key;
    const unsigned char *pseudonym_secret;
    struct memo *verified;            /* struct claims by hash of the header's value */
    unsigned char secret[DIGEST_KEY]; /* drawn at start, so that nobody can aim at a place */
};

struct token_cache *token_cache_new(const struct token_key *k,
                                    const unsigned char pseudonym_secret[32], int max)
{
    struct token_cache *c = must_alloc(1, sizeof(*c));
    c->key = k;
    c->pseudonym_secret = pseudonym_secret;
    c->verified = memo_new(max, sizeof(struct claims));
    randombytes_buf(c->secret, sizeof(c->secret));
    return c;
}

void token_cache_free(struct token_cache *c)
{
    if (!c)
        return;
    memo_free(c->verified);
    sodium_memzero(c->secret, sizeof(c->secret));
    free(c);
}

static fallible check(struct token_cache *c, const char *authorization, int64_t now,
                      struct claims *out)
{
    unsigned char hash[MEMO_KEY];
    size_t length = strlen(authorization);
    if (length > TOKEN_HEADER_MAX)
        return BAD_TOKEN;
    digest_whole(c->secret, authorization, length, hash, sizeof(hash));
    const struct claims *known = memo_find(c->verified, hash, now);
    if (known) {
        *out = *known;
        metric_add(METRIC_token_checks_total, "cached", 1);
        return NULL;
    }
    TRY(token_verify(c->key, authorization, now, out));
    pseudonym_of(c->pseudonym_secret, out->user_id, out->pseudonym);
    memo_put(c->verified, hash, now, out->expires, out);
    metric_add(METRIC_token_checks_total, "verified", 1);
    return NULL;
}

fallible token_check(struct token_cache *c, const char *authorization, int64_t now,
                     struct claims *out)
{
    const struct problem *p = authorization ? check(c, authorization, now, out) : NO_TOKEN;
    if (p)
        metric_add(METRIC_token_checks_total, "refused", 1);
    return p;
}

fallible token_admit(struct token_cache *c, struct revoked *r, const char *authorization, int roles,
                     int64_t now, struct claims *out)
{
    struct claims claims;
    TRY(token_check(c, authorization, now, &claims));
    if (!revoked_is_known(r))
        return STORE_UNAVAILABLE; /* this session may have ended */
    if (is_revoked(r, &claims))
        return BAD_TOKEN;
    *out = claims;
    return roles == ANYONE || roles & (int)claims.role ? NULL : WRONG_ROLE;
}
