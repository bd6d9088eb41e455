/* token.c -- the only file that knows libjwt and OpenSSL. libjwt makes tokens, OpenSSL verifies
 * their signatures: libjwt 1.10.2 parses the key anew for every token, half a millisecond each.
 * What a token says is read by our own shapes from the very bytes that were signed. */
#include "platform/token.h"

#include <errno.h>
#include <fcntl.h>
#include <jwt.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/shape.h"
#include "base/time.h"
#include "base/banned.h"

enum {
    POINT_BYTES = 65,
    COORDINATE = 32,
    KID_TEXT = 17,
    PEM_MAX = 8192,
    SIGNATURE_BYTES = 64,
    SIGNATURE_DER = 72
};
static const char ISSUER[] = "citywatch", AUDIENCE[] = "citywatch";
static const int64_t SECOND = 1000000;

struct token_key {
    char *private_pem;                /* NULL: verifies only */
    EVP_PKEY *verifying;              /* shared by threads: only read once it is made */
    unsigned char point[POINT_BYTES]; /* 4, x, y */
    char kid[KID_TEXT];
};

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

static void jwt_cleanup(jwt_t **j)
{
    jwt_free(*j);
}
static void pkey_cleanup(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}
static void bio_cleanup(BIO **b)
{
    BIO_free(*b);
}
#define scoped_jwt  __attribute__((cleanup(jwt_cleanup))) jwt_t
#define scoped_pkey __attribute__((cleanup(pkey_cleanup))) EVP_PKEY
#define scoped_bio  __attribute__((cleanup(bio_cleanup))) BIO

/* ---- the key ---- */

static fallible refuse_key(const char *path, const char *why)
{
    ERR_clear_error();
    log_error("the token key cannot be used", KV("path", path), KV("why", why));
    return NOT_STARTED;
}

static fallible read_pem(const char *path, bool private_key, char out[PEM_MAX])
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return refuse_key(path, strerror(errno));
    bool plain = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    ssize_t n = plain ? read(fd, out, PEM_MAX - 1) : -1;
    close(fd);
    if (n < 0)
        return refuse_key(path, "It is not a readable file.");
    out[n] = '\0';
    if (private_key && (st.st_mode & 077))
        return refuse_key(path, "Group or others may read it; make it 0600.");
    return NULL;
}

/* Prime256v1, a valid point, and a private half that belongs to it. */
static bool is_good_key(EVP_PKEY *key, bool private_key)
{
    char group[32] = "";
    if (!EVP_PKEY_is_a(key, "EC") || !EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) ||
        !text_equal(group, SN_X9_62_prime256v1))
        return false;
    EVP_PKEY_CTX *check = EVP_PKEY_CTX_new(key, NULL);
    bool good = check && (private_key ? EVP_PKEY_check(check) : EVP_PKEY_public_check(check)) == 1;
    EVP_PKEY_CTX_free(check);
    return good;
}

static bool read_coordinate(EVP_PKEY *key, const char *name, unsigned char out[COORDINATE])
{
    BIGNUM *n = NULL;
    bool ok =
        EVP_PKEY_get_bn_param(key, name, &n) && BN_bn2binpad(n, out, COORDINATE) == COORDINATE;
    BN_free(n);
    return ok;
}

static bool describe_key(EVP_PKEY *key, struct token_key *k)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    k->point[0] = 4;
    if (!read_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, k->point + 1) ||
        !read_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, k->point + 1 + COORDINATE))
        return false;
    crypto_generichash(hash, sizeof(hash), k->point, sizeof(k->point), NULL, 0);
    sodium_bin2hex(k->kid, sizeof(k->kid), hash, (KID_TEXT - 1) / 2);
    return true;
}

static fallible make_key(const char *path, bool private_key, const char *pem,
                         struct token_key **out)
{
    scoped_bio *bio = BIO_new_mem_buf(pem, -1);
    char no_passphrase[] = ""; /* else OpenSSL would ask on the terminal */
    scoped_pkey *key = private_key ? PEM_read_bio_PrivateKey(bio, NULL, NULL, no_passphrase)
                                   : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    if (!key)
        return refuse_key(path, private_key ? "It is not an unencrypted private key in PEM form."
                                            : "It is not a public key in PEM form.");
    if (!is_good_key(key, private_key))
        return refuse_key(path, "It is not a valid key on the curve P-256.");
    struct token_key *k = must_alloc(1, sizeof(*k));
    if (!describe_key(key, k)) {
        token_key_free(k);
        return refuse_key(path, "Its public half cannot be read.");
    }
    EVP_PKEY_up_ref(k->verifying = key);
    if (private_key)
        memcpy(k->private_pem = must_alloc(PEM_MAX, 1), pem, PEM_MAX);
    *out = k;
    return NULL;
}

fallible token_key_read(const char *path, bool private_key, struct token_key **out)
{
    char pem[PEM_MAX] = "";
    const struct problem *p = read_pem(path, private_key, pem);
    if (!p)
        p = make_key(path, private_key, pem, out);
    sodium_memzero(pem, sizeof(pem));
    return p;
}

void token_key_free(struct token_key *k)
{
    if (!k)
        return;
    if (k->private_pem)
        sodium_memzero(k->private_pem, PEM_MAX);
    free(k->private_pem);
    EVP_PKEY_free(k->verifying);
    free(k);
}

static fallible write_pem(const char *path, mode_t mode, BIO *pem)
{
    char *text = NULL;
    long length = BIO_get_mem_data(pem, &text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return refuse_key(path, strerror(errno));
    bool ok = fchmod(fd, mode) == 0 && write(fd, text, (size_t)length) == length && fsync(fd) == 0;
    close(fd);
    return ok ? NULL : refuse_key(path, "It cannot be written.");
}

fallible token_key_generate(const char *private_path, const char *public_path)
{
    scoped_pkey *key = EVP_EC_gen(SN_X9_62_prime256v1);
    scoped_bio *private_pem = BIO_new(BIO_s_secmem());
    scoped_bio *public_pem = BIO_new(BIO_s_mem());
    if (!key || !PEM_write_bio_PrivateKey(private_pem, key, NULL, NULL, 0, NULL, NULL) ||
        !PEM_write_bio_PUBKEY(public_pem, key))
        return refuse_key(private_path, "OpenSSL made no key.");
    TRY(write_pem(private_path, 0600, private_pem));
    return write_pem(public_path, 0644, public_pem);
}

static void append_base64(struct text *out, const unsigned char *bytes, size_t count)
{
    char text[64];
    text_append(out, sodium_bin2base64(text, sizeof(text), bytes, count,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING));
}

void token_jwks(const struct token_key *k, struct text *out)
{
    text_append(out,
                "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"use\":\"sig\",");
    text_printf(out, "\"kid\":\"%s\",\"x\":\"", k->kid);
    append_base64(out, k->point + 1, COORDINATE);
    text_append(out, "\",\"y\":\"");
    append_base64(out, k->point + 1 + COORDINATE, COORDINATE);
    text_append(out, "\"}]}");
}

/* ---- signing ---- */

fallible token_sign(const struct token_key *k, const struct claims *c, int64_t now,
                    struct text *out)
{
    struct TokenClaims claims = {
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
    scoped_jwt *jwt = NULL;
    scoped_text json = {0};
    shape_write(&TokenClaims_shape, &claims, &json);
    if (!k->private_pem || jwt_new(&jwt) || jwt_add_header(jwt, "kid", k->kid) ||
        jwt_add_grants_json(jwt, text_value(&json)) ||
        jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)k->private_pem,
                    (int)strlen(k->private_pem)))
        return INTERNAL;
    char *token = jwt_encode_str(jwt);
    if (!token)
        return INTERNAL;
    text_append(out, token);
    free(token);
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
    bool good = length && c &&
                EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, k->verifying) == 1 &&
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
    *out =
        (struct claims){.role = role_from(c.role), .role_version = c.rv, .expires = c.exp * SECOND};
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
