/* token_forge.c -- see token_forge.h. */
#include "tests/platform/token_forge.h"

#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <sodium.h>

struct arena kept;
const unsigned char PSEUDONYM_SECRET[32] = {3};
struct token_key *signer, *verifier;
EVP_PKEY *private_key, *public_key;
char kid[17];
char public_pem[1024], private_pem[1024];

__attribute__((destructor)) static void release(void)
{
    token_key_free(signer);
    token_key_free(verifier);
    EVP_PKEY_free(private_key);
    EVP_PKEY_free(public_key);
    arena_release(&kept);
}

const char *file(const char *name)
{
    return arena_printf(&kept, "%s/%s", test_folder(), name);
}

static EVP_PKEY *read_pem(const char *path, bool private)
{
    FILE *f = fopen(path, "r");
    EVP_PKEY *k =
        private ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : PEM_read_PUBKEY(f, NULL, NULL, NULL);
    fclose(f);
    return k;
}

static void read_text(const char *path, char out[1024])
{
    FILE *f = fopen(path, "r");
    out[fread(out, 1, 1023, f)] = '\0';
    fclose(f);
}

static void read_kid(void)
{
    scoped_text jwks = {0};
    token_jwks(signer, &jwks);
    const char *at = strstr(text_value(&jwks), "\"kid\":\"");
    memcpy(kid, at + 7, 16);
}

void keys(void)
{
    if (signer)
        return;
    if (sodium_init() < 0)
        exit(2);
    const char *private = file("private.pem"), *public = file("public.pem");
    CHECK_OK(token_key_generate(private, public));
    CHECK_OK(token_key_read(private, true, &signer));
    CHECK_OK(token_key_read(public, false, &verifier));
    private_key = read_pem(private, true);
    public_key = read_pem(public, false);
    read_text(private, private_pem);
    read_text(public, public_pem);
    read_kid();
}

/* ---- tokens made by hand ---- */

static const char *base64(const void *bytes, size_t length)
{
    size_t size = sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *out = arena_alloc(&kept, size);
    return sodium_bin2base64(out, size, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static const char *base64_text(const char *s)
{
    return base64(s, strlen(s));
}

/* r and s as JOSE wants them, of `size` bytes each, from OpenSSL's DER. */
static void raw_signature(const unsigned char *der, size_t length, int size, unsigned char *out)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)length);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, size);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + size, size);
    ECDSA_SIG_free(sig);
}

const char *es_signature(EVP_PKEY *key, const EVP_MD *hash, int size, const char *text)
{
    unsigned char der[256], raw[132];
    size_t length = sizeof(der);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    CHECK(EVP_DigestSignInit(c, NULL, hash, NULL, key) == 1);
    CHECK(EVP_DigestSign(c, der, &length, (const unsigned char *)text, strlen(text)) == 1);
    EVP_MD_CTX_free(c);
    raw_signature(der, length, size, raw);
    return base64(raw, 2 * (size_t)size);
}

const char *hmac_signature(const EVP_MD *hash, const char *text)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    HMAC(hash, public_pem, (int)strlen(public_pem), (const unsigned char *)text, strlen(text), mac,
         &length);
    return base64(mac, length);
}

const char *two_segments(const char *header, const char *claims)
{
    return arena_printf(&kept, "%s.%s", base64_text(header), base64_text(claims));
}

const char *header_of(const char *alg)
{
    return arena_printf(&kept, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}", alg, kid);
}

const char *claims_with(const char *exp_and_more)
{
    return arena_printf(
        &kept,
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\","
        "\"sid\":\"%s\",\"rv\":1,\"iat\":1789999000,%s}",
        USER, SESSION, exp_and_more);
}

const char *good_claims(void)
{
    return claims_with("\"exp\":1790000900");
}

const char *bearer(const char *two, const char *signature)
{
    return arena_printf(&kept, "Bearer %s.%s", two, signature);
}

const char *signed_token(const char *header, const char *claims)
{
    const char *two = two_segments(header, claims);
    return bearer(two, es_signature(private_key, EVP_sha256(), 32, two));
}

const struct problem *verify(const char *authorization)
{
    struct claims c = {.role = ADMIN};
    const struct problem *p = token_verify(verifier, authorization, NOW, &c);
    CHECK(p ? c.role == ADMIN : c.role != ADMIN); /* untouched on failure */
    return p;
}

struct claims some_claims(void)
{
    struct claims c = {.role = OFFICER, .role_version = 7, .expires = NOW + 900 * SECOND};
    memcpy(c.user_id, USER, sizeof(USER));
    memcpy(c.session, SESSION, sizeof(SESSION));
    snprintf(c.agency, sizeof(c.agency), "AGENCY_INFRA");
    return c;
}

const char *our_token(const struct claims *c)
{
    scoped_text t = {0};
    CHECK_OK(token_sign(signer, c, NOW, &t));
    return arena_printf(&kept, "Bearer %s", text_value(&t));
}
