/* token.c -- signs and verifies by OpenSSL, with the key in memory: libjwt 1.10.2 parses the key
 * anew for every token, half a millisecond each. What a token says is read by our own shapes from
 * the very bytes that were signed. */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <strings.h>

#include "base/shape.h"
#include "platform/identity/token_internal.h"
#include "base/banned.h"

enum { SIGNATURE_BYTES = 64, SIGNATURE_DER = 72 };
static const char ISSUER[] = "citywatch", AUDIENCE[] = "citywatch";
static const int64_t SECOND = 1000000;

/* ---- what a token says; any other member, so also nbf, is refused: we never write one ---- */

#define TokenHeader_FIELDS(F)  \
    F(REQUIRED, TEXT, alg, 16) \
    F(REQUIRED, TEXT, typ, 16) \
    F(REQUIRED, TEXT, kid, 64)

/* iat and exp in seconds, up to the year 9999. */
#define TokenClaims_FIELDS(F)           \
    F(REQUIRED, TEXT, iss, 64)          \
    F(REQUIRED, TEXT, aud, 64)          \
    F(REQUIRED, UUID, sub, 0)           \
    F(REQUIRED, ROLE, role, 0)          \
    F(OPTIONAL, TEXT, agency, 64)       \
    F(REQUIRED, UUID, sid, 0)           \
    F(REQUIRED, INT, rv, 0)             \
    F(REQUIRED, INT, iat, 253402300799) \
    F(REQUIRED, INT, exp, 253402300799)

DEFINE_STRUCT(TokenHeader)
DEFINE_STRUCT(TokenClaims)
DEFINE_SHAPE(TokenHeader)
DEFINE_SHAPE(TokenClaims)

/* ---- signing ---- */

static void append_base64(struct text *out, const void *bytes, size_t count)
{
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    scoped_arena a = {0};
    size_t size = sodium_base64_encoded_len(count, variant);
    text_append(out, sodium_bin2base64(arena_alloc(&a, size), size, bytes, count, variant));
}

static void append_segment(struct text *out, const struct shape *shape, const void *from)
{
    scoped_text json = {0};
    shape_write(shape, from, &json);
    append_base64(out, json.at, json.length);
}

/* OpenSSL gives a signature as DER; a token carries r and s side by side (RFC 7518, 3.4). */
static bool read_der(const unsigned char *der, size_t length, unsigned char out[SIGNATURE_BYTES])
{
    enum { HALF = SIGNATURE_BYTES / 2 };
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);
    bool good = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, HALF) == HALF &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + HALF, HALF) == HALF;
    ECDSA_SIG_free(pair);
    return good;
}

static bool sign(const struct token_key *k, const struct text *covered,
                 unsigned char out[SIGNATURE_BYTES])
{
    unsigned char der[SIGNATURE_DER];
    size_t length = sizeof(der);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good =
        c && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, k->pair) == 1 &&
        EVP_DigestSign(c, der, &length, (const unsigned char *)covered->at, covered->length) == 1 &&
        read_der(der, length, out);
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return good;
}

fallible token_sign(const struct token_key *k, const struct claims *c, int64_t now,
                    struct text *out)
{
    const struct TokenHeader header = {.alg = "ES256", .typ = "JWT", .kid = k->kid};
    const struct TokenClaims claims = {
        .iss = ISSUER,
        .aud = AUDIENCE,
        .sub = c->user_id,
        .role = role_name(c->role),
        .agency = c->agency[0] ? c->agency : NULL,
        .sid = c->session,
        .rv = c->role_version,
        .iat = now / SECOND,
        .exp = c->expires / SECOND,
    };
    unsigned char signature[SIGNATURE_BYTES];
    scoped_text token = {0};
    append_segment(&token, &TokenHeader_shape, &header);
    text_append_char(&token, '.');
    append_segment(&token, &TokenClaims_shape, &claims);
    if (!k->signs || !sign(k, &token, signature))
        return INTERNAL;
    text_append_char(&token, '.');
    append_base64(&token, signature, sizeof(signature));
    text_append(out, text_value(&token));
    return NULL;
}

/* ---- verifying ---- */

struct segments {
    struct segment {
        unsigned char bytes[TOKEN_MAX];
        size_t length;
    } header, claims, signature;
};

/* Canonical base64url without padding, not empty. */
static bool read_segment(const char *from, size_t length, struct segment *out)
{
    return length &&
           sodium_base642bin(out->bytes, sizeof(out->bytes), from, length, NULL, &out->length, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

static bool split(const char *token, struct segments *out)
{
    if (strnlen(token, TOKEN_MAX + 1) > TOKEN_MAX)
        return false;
    const char *first = strchr(token, '.');
    const char *second = first ? strchr(first + 1, '.') : NULL;
    return second && read_segment(token, (size_t)(first - token), &out->header) &&
           read_segment(first + 1, (size_t)(second - first - 1), &out->claims) &&
           read_segment(second + 1, strlen(second + 1), &out->signature) &&
           out->signature.length == SIGNATURE_BYTES;
}

static bool is_our_header(const struct token_key *k, const struct segment *s, struct arena *a)
{
    struct TokenHeader h;
    const char *json = (const char *)s->bytes;
    return !shape_read(&TokenHeader_shape, json, s->length, a, &h, NULL) &&
           text_equal(h.alg, "ES256") && text_equal(h.typ, "JWT") && text_equal(h.kid, k->kid);
}

/* A token carries r and s side by side (RFC 7518, 3.4); OpenSSL wants them as DER. Returns its
 * length, 0 if that cannot be. */
static size_t write_der(const struct segment *s, unsigned char out[SIGNATURE_DER])
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(s->bytes, SIGNATURE_BYTES / 2, NULL);
    BIGNUM *rest = BN_bin2bn(s->bytes + SIGNATURE_BYTES / 2, SIGNATURE_BYTES / 2, NULL);
    int length = -1;
    if (pair && r && rest && ECDSA_SIG_set0(pair, r, rest)) {
        length = i2d_ECDSA_SIG(pair, &out);
    } else {
        BN_free(r);
        BN_free(rest);
    }
    ECDSA_SIG_free(pair);
    return length > 0 ? (size_t)length : 0;
}

/* The signature is over header and claims as they were sent. */
static bool is_signed(const struct token_key *k, const char *token, const struct segment *signature)
{
    unsigned char der[SIGNATURE_DER];
    size_t length = write_der(signature, der), covered = (size_t)(strrchr(token, '.') - token);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = length && c && EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, k->pair) == 1 &&
                EVP_DigestVerify(c, der, length, (const unsigned char *)token, covered) == 1;
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return good;
}

static fallible read_claims(const struct segment *s, int64_t now, struct arena *a,
                            struct claims *out)
{
    struct TokenClaims c;
    if (shape_read(&TokenClaims_shape, (const char *)s->bytes, s->length, a, &c, NULL) ||
        !text_equal(c.iss, ISSUER) || !text_equal(c.aud, AUDIENCE))
        return BAD_TOKEN;
    if (c.exp * SECOND <= now)
        return TOKEN_EXPIRED;
    const char *agency = c.agency ? c.agency : "";
    if (strlen(agency) >= sizeof(out->agency))
        return BAD_TOKEN;
    *out = (struct claims){.role = role_from(c.role),
                           .role_version = c.rv,
                           .issued = c.iat * SECOND,
                           .expires = c.exp * SECOND};
    memcpy(out->user_id, c.sub, sizeof(out->user_id));
    memcpy(out->session, c.sid, sizeof(out->session));
    memcpy(out->agency, agency, strlen(agency));
    return NULL;
}

fallible token_verify(const struct token_key *k, const char *authorization, int64_t now,
                      struct claims *out)
{
    static const char SCHEME[] = "Bearer ";
    scoped_arena a = {0};
    if (!authorization)
        return NO_TOKEN;
    if (strncasecmp(authorization, SCHEME, strlen(SCHEME)) != 0)
        return BAD_TOKEN;
    const char *token = authorization + strlen(SCHEME);
    struct segments *s = arena_alloc(&a, sizeof(*s));
    if (!split(token, s) || !is_our_header(k, &s->header, &a) ||
        !is_signed(k, token, &s->signature))
        return BAD_TOKEN;
    return read_claims(&s->claims, now, &a, out);
}
