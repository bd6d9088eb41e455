/* token_key.c -- the key pair of the tokens: read, checked, made, shown. */
#include "platform/identity/token_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <jwt.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/identity/digest.h"
#include "base/banned.h"

enum { COORDINATE = 32, PEM_MAX = 8192 };

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

/* ---- reading ---- */

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
    unsigned char hash[16]; /* BLAKE2b-128: its length is a part of the value */
    k->point[0] = 4;
    if (!read_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, k->point + 1) ||
        !read_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, k->point + 1 + COORDINATE))
        return false;
    digest_whole(NULL, k->point, sizeof(k->point), hash, sizeof(hash));
    sodium_bin2hex(k->kid, sizeof(k->kid), hash, (KID_TEXT - 1) / 2);
    return true;
}

/* One implementation may be wrong alone, and the tokens are read by others, too: before the first
 * one is given out another library has taken one of that key, as what it was meant to be. */
static bool is_taken_by_libjwt(const struct token_key *k)
{
    char *pem = NULL, id[UUID_TEXT];
    struct claims claims = {.role = CITIZEN, .expires = time_now()};
    scoped_text token = {0};
    scoped_jwt *jwt = NULL;
    scoped_bio *public_pem = BIO_new(BIO_s_mem());
    memcpy(claims.user_id, uuid_new(id), sizeof(id));
    memcpy(claims.session, uuid_new(id), sizeof(id));
    if (!PEM_write_bio_PUBKEY(public_pem, k->pair) ||
        token_sign(k, &claims, claims.expires, &token))
        return false;
    long length = BIO_get_mem_data(public_pem, &pem);
    return jwt_decode(&jwt, token.at, (const unsigned char *)pem, (int)length) == 0 &&
           jwt_get_alg(jwt) == JWT_ALG_ES256 &&
           text_equal(jwt_get_grant(jwt, "sub"), claims.user_id) &&
           text_equal(jwt_get_header(jwt, "kid"), k->kid);
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
    EVP_PKEY_up_ref(k->pair = key);
    k->signs = private_key;
    if (private_key && !is_taken_by_libjwt(k)) {
        token_key_free(k);
        return refuse_key(path, "libjwt does not take a token that was signed with it.");
    }
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
    EVP_PKEY_free(k->pair);
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
