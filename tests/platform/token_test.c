/* token_test.c -- every row of the libjwt traps, and a second opinion by OpenSSL's EVP. */
#include "platform/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <sys/stat.h>

#include "base/time.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"

static const int64_t NOW = INT64_C(1790000000) * 1000000, SECOND = 1000000;
static const char USER[] = "0192f0c1-7e1a-7000-8000-000000000001";
static const char SESSION[] = "0192f0c1-7e1a-7000-8000-0000000000aa";

static struct arena kept;
static struct token_key *signer, *verifier;
static EVP_PKEY *private_key, *public_key;
static char kid[17], public_pem[1024];

__attribute__((destructor)) static void release(void)
{
    token_key_free(signer);
    token_key_free(verifier);
    EVP_PKEY_free(private_key);
    EVP_PKEY_free(public_key);
    arena_release(&kept);
}

static const char *file(const char *name)
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

static void read_kid(void)
{
    scoped_text jwks = {0};
    token_jwks(signer, &jwks);
    const char *at = strstr(text_value(&jwks), "\"kid\":\"");
    memcpy(kid, at + 7, 16);
}

static void keys(void)
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
    FILE *f = fopen(public, "r");
    public_pem[fread(public_pem, 1, sizeof(public_pem) - 1, f)] = '\0';
    fclose(f);
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

static const char *es_signature(EVP_PKEY *key, const EVP_MD *hash, int size, const char *text)
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

static const char *hmac_signature(const EVP_MD *hash, const char *text)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    HMAC(hash, public_pem, (int)strlen(public_pem), (const unsigned char *)text, strlen(text), mac,
         &length);
    return base64(mac, length);
}

static const char *two_segments(const char *header, const char *claims)
{
    return arena_printf(&kept, "%s.%s", base64_text(header), base64_text(claims));
}

static const char *header_of(const char *alg)
{
    return arena_printf(&kept, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}", alg, kid);
}

static const char *claims_with(const char *exp_and_more)
{
    return arena_printf(
        &kept,
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\","
        "\"sid\":\"%s\",\"rv\":1,\"iat\":1789999000,%s}",
        USER, SESSION, exp_and_more);
}

static const char *good_claims(void)
{
    return claims_with("\"exp\":1790000900");
}

static const char *bearer(const char *two, const char *signature)
{
    return arena_printf(&kept, "Bearer %s.%s", two, signature);
}

/* Signed rightly with our own key, whatever it says. */
static const char *signed_token(const char *header, const char *claims)
{
    const char *two = two_segments(header, claims);
    return bearer(two, es_signature(private_key, EVP_sha256(), 32, two));
}

static const struct problem *verify(const char *authorization)
{
    struct claims c = {.role = ADMIN};
    const struct problem *p = token_verify(verifier, authorization, NOW, &c);
    CHECK(p ? c.role == ADMIN : c.role != ADMIN); /* untouched on failure */
    return p;
}

static struct claims some_claims(void)
{
    struct claims c = {.role = OFFICER, .role_version = 7, .expires = NOW + 900 * SECOND};
    memcpy(c.user_id, USER, sizeof(USER));
    memcpy(c.session, SESSION, sizeof(SESSION));
    snprintf(c.agency, sizeof(c.agency), "AGENCY_INFRA");
    return c;
}

static const char *our_token(const struct claims *c)
{
    scoped_text t = {0};
    CHECK_OK(token_sign(signer, c, NOW, &t));
    return arena_printf(&kept, "Bearer %s", text_value(&t));
}

/* ---- what is right ---- */

TEST(a_token_says_what_was_signed)
{
    keys();
    struct claims in = some_claims(), out;
    CHECK_OK(token_verify(verifier, our_token(&in), NOW, &out));
    CHECK_TEXT(out.user_id, USER);
    CHECK_TEXT(out.session, SESSION);
    CHECK_TEXT(out.agency, "AGENCY_INFRA");
    CHECK_INT(out.role, OFFICER);
    CHECK_INT(out.role_version, 7);
    CHECK_INT(out.expires, in.expires);
}

TEST(a_user_without_agency_has_an_empty_one)
{
    keys();
    struct claims in = some_claims(), out;
    in.agency[0] = '\0';
    in.role = CITIZEN;
    CHECK_OK(token_verify(verifier, our_token(&in), NOW, &out));
    CHECK_TEXT(out.agency, "");
}

TEST(a_token_made_by_hand_and_signed_by_openssl_passes)
{
    keys();
    CHECK_OK(verify(signed_token(header_of("ES256"), good_claims())));
}

TEST(the_scheme_is_bearer_in_any_case)
{
    keys();
    struct claims c = some_claims();
    const char *token = our_token(&c) + strlen("Bearer ");
    CHECK_OK(verify(arena_printf(&kept, "bEARER %s", token)));
    CHECK_PROBLEM(verify(arena_printf(&kept, "Basic %s", token)), BAD_TOKEN);
    CHECK_PROBLEM(verify(token), BAD_TOKEN);
    CHECK_PROBLEM(verify(NULL), NO_TOKEN);
}

TEST(a_verifier_cannot_sign)
{
    keys();
    struct claims c = some_claims();
    scoped_text t = {0};
    CHECK_PROBLEM(token_sign(verifier, &c, NOW, &t), INTERNAL);
}

/* ---- the header ---- */

TEST(alg_none_is_refused)
{
    keys();
    const char *two = two_segments(header_of("none"), good_claims());
    CHECK_PROBLEM(verify(bearer(two, "")), BAD_TOKEN);
    CHECK_PROBLEM(verify(bearer(two, "AA")), BAD_TOKEN);
    CHECK_PROBLEM(verify(bearer(two, es_signature(private_key, EVP_sha256(), 32, two))), BAD_TOKEN);
}

TEST(the_public_key_is_no_hmac_secret)
{
    keys();
    const char *algs[] = {"HS256", "HS384", "HS512"};
    for (int i = 0; i < 3; i++) {
        const char *two = two_segments(header_of(algs[i]), good_claims());
        const EVP_MD *hash = i == 0 ? EVP_sha256() : i == 1 ? EVP_sha384() : EVP_sha512();
        CHECK_PROBLEM(verify(bearer(two, hmac_signature(hash, two))), BAD_TOKEN);
    }
}

TEST(an_hmac_under_an_es256_header_is_refused)
{
    keys();
    const char *two = two_segments(header_of("ES256"), good_claims());
    CHECK_PROBLEM(verify(bearer(two, hmac_signature(EVP_sha512(), two))),
                  BAD_TOKEN); /* 64 bytes too */
}

TEST(another_algorithm_with_a_right_signature_is_refused)
{
    keys();
    CHECK_PROBLEM(verify(signed_token(header_of("ES384"), good_claims())), BAD_TOKEN);
    CHECK_PROBLEM(verify(signed_token(header_of("RS256"), good_claims())), BAD_TOKEN);
    CHECK_PROBLEM(verify(signed_token(header_of("es256"), good_claims())), BAD_TOKEN);
}

TEST(an_unknown_kid_is_refused)
{
    keys();
    CHECK_PROBLEM(
        verify(signed_token("{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"0011223344556677\"}",
                            good_claims())),
        BAD_TOKEN);
    CHECK_PROBLEM(verify(signed_token("{\"alg\":\"ES256\",\"typ\":\"JWT\"}", good_claims())),
                  BAD_TOKEN);
}

TEST(a_header_with_more_in_it_is_refused)
{
    keys();
    const char *more[] = {",\"crit\":[\"exp\"]", ",\"jwk\":{}", ",\"alg\":\"none\""};
    for (int i = 0; i < 3; i++) {
        const char *header = arena_printf(
            &kept, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"%s}", kid, more[i]);
        CHECK_PROBLEM(verify(signed_token(header, good_claims())), BAD_TOKEN);
    }
    CHECK_PROBLEM(
        verify(signed_token(
            arena_printf(&kept, "{\"alg\":\"ES256\",\"typ\":\"JWS\",\"kid\":\"%s\"}", kid),
            good_claims())),
        BAD_TOKEN);
}

TEST(a_key_on_another_curve_signs_nothing_here)
{
    keys();
    EVP_PKEY *p384 = EVP_EC_gen("P-384"), *other = EVP_EC_gen("P-256"),
             *k1 = EVP_EC_gen("secp256k1");
    const char *two = two_segments(header_of("ES256"), good_claims());
    CHECK_PROBLEM(verify(bearer(two, es_signature(p384, EVP_sha384(), 48, two))), BAD_TOKEN);
    CHECK_PROBLEM(verify(bearer(two, es_signature(other, EVP_sha256(), 32, two))), BAD_TOKEN);
    CHECK_PROBLEM(verify(bearer(two, es_signature(k1, EVP_sha256(), 32, two))), BAD_TOKEN);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(other);
    EVP_PKEY_free(k1);
}

/* ---- the form ---- */

TEST(empty_missing_and_surplus_segments_are_refused)
{
    keys();
    struct claims c = some_claims();
    const char *good = our_token(&c) + strlen("Bearer ");
    const char *first = arena_bytes(&kept, good, (size_t)(strchr(good, '.') - good));
    const char *rest = strchr(good, '.') + 1;
    const char *tokens[] = {
        "",
        ".",
        "..",
        "...",
        "a..b",
        ".a.b",
        "a.b.",
        "a.b",
        first,
        arena_printf(&kept, "%s..%s", first, strchr(rest, '.') + 1),
        arena_printf(&kept, ".%s", rest),
        arena_printf(&kept, "%s.%s.", first, rest),
        arena_printf(&kept, "%s.%s.x", first, rest),
        arena_printf(&kept, " %s", good),
        arena_printf(&kept, "%s ", good),
    };
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
        CHECK_PROBLEM(verify(arena_printf(&kept, "Bearer %s", tokens[i])), BAD_TOKEN);
}

TEST(a_megabyte_is_refused)
{
    keys();
    size_t size = 1 << 20;
    char *huge = malloc(size + 8);
    memset(huge, 'a', size + 7);
    memcpy(huge, "Bearer ", 7);
    huge[size + 7] = '\0';
    CHECK_PROBLEM(verify(huge), BAD_TOKEN);
    huge[100] = huge[200] = '.';
    CHECK_PROBLEM(verify(huge), BAD_TOKEN);
    struct token_cache *cache = token_cache_new(verifier, 16);
    struct claims c;
    CHECK_PROBLEM(token_check(cache, huge, NOW, &c), BAD_TOKEN);
    token_cache_free(cache);
    free(huge);
}

TEST(base64_cut_anywhere_is_refused)
{
    keys();
    struct claims c = some_claims();
    const char *good = our_token(&c);
    for (size_t length = strlen(good) - 1; length > 6; length--)
        CHECK_PROBLEM(verify(arena_bytes(&kept, good, length)), BAD_TOKEN);
}

TEST(there_is_one_spelling_of_a_token)
{
    keys();
    struct claims c = some_claims();
    char *token = arena_bytes(&kept, our_token(&c), strlen(our_token(&c)));
    CHECK_PROBLEM(verify(arena_printf(&kept, "%s==", token)), BAD_TOKEN);
    char *last = token + strlen(token) - 1;
    char was = *last;
    int passed = 0;
    for (const char *l = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/="; *l;
         l++) {
        *last = *l;
        passed += verify(token) == NULL;
    }
    *last = was;
    CHECK_INT(passed, 1); /* the last character has two spare bits */
}

TEST(a_changed_byte_anywhere_is_refused)
{
    keys();
    struct claims c = some_claims();
    const char *good = our_token(&c);
    for (size_t i = strlen("Bearer "); good[i]; i++) {
        char *bad = arena_bytes(&kept, good, strlen(good));
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        CHECK_PROBLEM(verify(bad), BAD_TOKEN);
    }
}

/* ---- what it says ---- */

TEST(an_expired_token_is_refused_as_such)
{
    keys();
    CHECK_PROBLEM(verify(signed_token(header_of("ES256"), claims_with("\"exp\":1789999999"))),
                  TOKEN_EXPIRED);
    CHECK_PROBLEM(verify(signed_token(header_of("ES256"), claims_with("\"exp\":1790000000"))),
                  TOKEN_EXPIRED);
    CHECK_PROBLEM(verify(signed_token(header_of("ES256"), claims_with("\"exp\":0"))),
                  TOKEN_EXPIRED);
    CHECK_PROBLEM(verify(signed_token(header_of("ES256"), claims_with("\"exp\":-1"))),
                  TOKEN_EXPIRED);
    CHECK_OK(verify(signed_token(header_of("ES256"), claims_with("\"exp\":1790000001"))));
}

TEST(claims_of_a_wrong_kind_or_missing_are_refused)
{
    keys();
    static const char *claims[] = {
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\",\"sid\":"
        "\"%s\",\"rv\":1,\"iat\":1,\"exp\":\"1790000900\"}",
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\",\"sid\":"
        "\"%s\",\"rv\":1,\"iat\":1}",
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\",\"sid\":"
        "\"%s\",\"rv\":1,\"iat\":1,\"exp\":1790000900.5}",
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\",\"sid\":"
        "\"%s\",\"rv\":1,\"iat\":1,\"exp\":1e300}",
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\",\"sid\":"
        "\"%s\",\"rv\":1,\"exp\":1790000900}",
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\",\"sid\":"
        "\"%s\",\"rv\":1,\"iat\":1,\"exp\":1790000900,\"exp\":1}",
        "{\"iss\":\"other\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\",\"sid\":\"%"
        "s\",\"rv\":1,\"iat\":1,\"exp\":1790000900}",
        "{\"iss\":\"citywatch\",\"aud\":\"other\",\"sub\":\"%s\",\"role\":\"CITIZEN\",\"sid\":\"%"
        "s\",\"rv\":1,\"iat\":1,\"exp\":1790000900}",
        "{\"iss\":\"citywatch\",\"aud\":[\"citywatch\"],\"sub\":\"%s\",\"role\":\"CITIZEN\","
        "\"sid\":\"%s\",\"rv\":1,\"iat\":1,\"exp\":1790000900}",
        "{\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\",\"sid\":\"%s\",\"rv\":1,"
        "\"iat\":1,\"exp\":1790000900}",
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"x%s\",\"role\":\"CITIZEN\",\"sid\":"
        "\"%s\",\"rv\":1,\"iat\":1,\"exp\":1790000900}",
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"ROOT\",\"sid\":\"%"
        "s\",\"rv\":1,\"iat\":1,\"exp\":1790000900}",
        "{\"iss\":\"citywatch\",\"aud\":\"citywatch\",\"sub\":\"%s\",\"role\":\"CITIZEN\",\"sid\":"
        "\"%s\",\"rv\":\"1\",\"iat\":1,\"exp\":1790000900}",
        "[\"%s\",\"%s\"]",
        "%s%s",
        "null%.0s%.0s",
    };
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
        char text[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), claims[i], USER, SESSION);
#pragma GCC diagnostic pop
        CHECK_PROBLEM(verify(signed_token(header_of("ES256"), text)), BAD_TOKEN);
    }
}

TEST(nbf_is_never_ours)
{
    keys();
    CHECK_PROBLEM(verify(signed_token(header_of("ES256"),
                                      claims_with("\"exp\":1790000900,\"nbf\":1790000800"))),
                  BAD_TOKEN);
    CHECK_PROBLEM(
        verify(signed_token(header_of("ES256"), claims_with("\"exp\":1790000900,\"nbf\":\"1\""))),
        BAD_TOKEN);
}

/* ---- a second opinion ---- */

static bool openssl_verifies(const char *token)
{
    unsigned char raw[64], der[80], *at = der;
    size_t length = 0;
    const char *dot = strrchr(token, '.');
    if (!dot ||
        sodium_base642bin(raw, sizeof(raw), dot + 1, strlen(dot + 1), NULL, &length, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
        length != 64)
        return false;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL));
    int size = i2d_ECDSA_SIG(sig, &at);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, public_key) == 1 &&
              EVP_DigestVerify(c, der, (size_t)size, (const unsigned char *)token,
                               (size_t)(dot - token)) == 1;
    EVP_MD_CTX_free(c);
    return ok;
}

/* A signature of small numbers now and then: their leading zeros are where encoders fail. */
TEST(two_thousand_random_tokens_are_judged_alike_by_openssl)
{
    keys();
    static const enum role roles[] = {CITIZEN, OFFICER, PATROL, DISPATCHER, SUPERVISOR};
    int good = 0, bad = 0;
    for (int i = 0; i < 2000; i++) {
        struct claims c = some_claims(), out;
        scoped_text t = {0};
        uuid_new(c.user_id);
        uuid_new(c.session);
        c.role = roles[randombytes_uniform(5)];
        c.role_version = randombytes_uniform(1000000);
        c.agency[randombytes_uniform(12)] = '\0';
        CHECK_OK(token_sign(signer, &c, NOW, &t));
        if (i % 2) { /* a byte of the signature or of the claims becomes another */
            size_t at = (size_t)randombytes_uniform((uint32_t)t.length);
            char other = "ABCDwxyz0189-_"[randombytes_uniform(14)];
            if (t.at[at] != '.')
                t.at[at] = other;
        }
        scoped_text header = {0};
        text_printf(&header, "Bearer %s", t.at);
        bool passed = token_verify(verifier, text_value(&header), NOW, &out) == NULL;
        CHECK(passed == openssl_verifies(t.at));
        if (passed)
            CHECK_TEXT(out.user_id, c.user_id);
        good += passed;
        bad += !passed;
    }
    CHECK(good >= 1000 && bad > 800);
}

TEST(random_bytes_never_pass_nor_crash)
{
    keys();
    static const char letters[] = "abcABC019-_.....=+/ {}\"";
    for (int i = 0; i < 20000; i++) {
        char token[128] = "Bearer ";
        size_t length = 7 + randombytes_uniform(100);
        for (size_t k = 7; k < length; k++)
            token[k] = letters[randombytes_uniform(sizeof(letters) - 1)];
        token[length] = '\0';
        CHECK_PROBLEM(verify(token), BAD_TOKEN);
    }
}

/* ---- keys ---- */

TEST(a_key_that_others_may_read_is_refused)
{
    keys();
    struct token_key *k = NULL;
    const char *path = file("open.pem");
    CHECK_OK(token_key_generate(path, file("open.pub")));
    chmod(path, 0640);
    CHECK_PROBLEM(token_key_read(path, true, &k), NOT_STARTED);
    CHECK(!k);
}

TEST(generating_never_overwrites)
{
    keys();
    CHECK_PROBLEM(token_key_generate(file("private.pem"), file("new.pub")), NOT_STARTED);
    CHECK_PROBLEM(token_key_generate(file("new.pem"), file("public.pem")), NOT_STARTED);
}

TEST(a_key_of_another_kind_is_refused)
{
    keys();
    struct token_key *k = NULL;
    static const char *kinds[] = {
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", "genpkey -algorithm ED25519",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes128 -pass pass:secret"};
    for (int i = 0; i < 5; i++) {
        test_shell("umask 077; openssl %s -out %s 2>/dev/null", kinds[i], file("kind.pem"));
        CHECK_PROBLEM(token_key_read(file("kind.pem"), true, &k), NOT_STARTED);
    }
    test_shell("echo nothing > %s; chmod 600 %s", file("kind.pem"), file("kind.pem"));
    CHECK_PROBLEM(token_key_read(file("kind.pem"), true, &k), NOT_STARTED);
    CHECK_PROBLEM(token_key_read(file("kind.pem"), false, &k), NOT_STARTED);
    CHECK_PROBLEM(token_key_read(file("absent.pem"), true, &k), NOT_STARTED);
    CHECK_PROBLEM(token_key_read(file("public.pem"), true, &k), NOT_STARTED);
}

/* ---- the cache ---- */

TEST(a_cached_token_costs_no_signature)
{
    keys();
    struct claims in = some_claims(), out;
    const char *token = our_token(&in);
    struct token_cache *cache = token_cache_new(verifier, 64);
    CHECK_OK(token_check(cache, token, NOW, &out));
    int64_t start = time_monotonic();
    for (int i = 0; i < 1000; i++)
        CHECK_OK(token_check(cache, token, NOW, &out));
    int64_t cached = time_monotonic() - start;
    start = time_monotonic();
    for (int i = 0; i < 1000; i++)
        CHECK_OK(token_verify(verifier, token, NOW, &out));
    CHECK(cached * 3 < time_monotonic() - start); /* compared with itself only */
    CHECK_TEXT(out.user_id, USER);
    token_cache_free(cache);
}

TEST(a_cached_token_ends_with_its_exp)
{
    keys();
    struct claims in = some_claims(), out;
    const char *token = our_token(&in);
    struct token_cache *cache = token_cache_new(verifier, 64);
    CHECK_OK(token_check(cache, token, NOW, &out));
    CHECK_OK(token_check(cache, token, in.expires - 1, &out));
    CHECK_PROBLEM(token_check(cache, token, in.expires, &out), TOKEN_EXPIRED);
    CHECK_PROBLEM(token_check(cache, NULL, NOW, &out), NO_TOKEN);
    token_cache_free(cache);
}

TEST(a_full_cache_still_tells_users_apart)
{
    keys();
    struct token_cache *cache = token_cache_new(verifier, 8);
    for (int i = 0; i < 200; i++) {
        struct claims in = some_claims(), out;
        uuid_new(in.user_id);
        const char *token = our_token(&in);
        for (int k = 0; k < 2; k++) {
            CHECK_OK(token_check(cache, token, NOW, &out));
            CHECK_TEXT(out.user_id, in.user_id);
        }
        CHECK_PROBLEM(token_check(cache, arena_bytes(&kept, token, strlen(token) - 1), NOW, &out),
                      BAD_TOKEN);
    }
    token_cache_free(cache);
}

/* ---- what is revoked ---- */

TEST(tokens_of_an_ended_session_are_revoked)
{
    struct revoked *r = revoked_new();
    struct claims c = some_claims(), other = some_claims();
    memcpy(other.session, "0192f0c1-7e1a-7000-8000-0000000000bb", 36);
    CHECK(!is_revoked(r, &c));
    revoked_session(r, SESSION, NOW);
    CHECK(is_revoked(r, &c));
    CHECK(!is_revoked(r, &other));
    revoked_free(r);
}

TEST(tokens_of_an_older_role_are_revoked)
{
    struct revoked *r = revoked_new();
    struct claims c = some_claims();
    revoked_role(r, USER, 7, NOW);
    CHECK(!is_revoked(r, &c));
    revoked_role(r, USER, 8, NOW);
    CHECK(is_revoked(r, &c));
    revoked_role(r, USER, 7, NOW); /* told late: the newer one still counts */
    CHECK(is_revoked(r, &c));
    c.role_version = 8;
    CHECK(!is_revoked(r, &c));
    revoked_free(r);
}

TEST(revocations_are_kept_for_a_tokens_life_and_then_forgotten)
{
    struct revoked *r = revoked_new();
    struct claims c = some_claims();
    char ids[3000][UUID_TEXT];
    int64_t at = NOW;
    for (int i = 0; i < 3000; i++, at += SECOND)
        revoked_session(r, uuid_new(ids[i]), at);
    for (int i = 0; i < 3000; i++) { /* 50 minutes: all of them matter */
        memcpy(c.session, ids[i], sizeof(c.session));
        CHECK(is_revoked(r, &c));
    }
    char id[UUID_TEXT];
    for (int i = 0; i < 3000; i++)
        revoked_session(r, uuid_new(id), at + 7200 * SECOND);
    memcpy(c.session, ids[0], sizeof(c.session));
    CHECK(!is_revoked(r, &c));
    revoked_free(r);
}

TEST(pseudonyms_depend_on_user_and_secret)
{
    unsigned char secret[32] = {1}, other[32] = {2};
    char a[PSEUDONYM_TEXT], b[PSEUDONYM_TEXT];
    pseudonym_of(secret, USER, a);
    pseudonym_of(secret, USER, b);
    CHECK_TEXT(a, b);
    CHECK_INT((int)strlen(a), 64);
    pseudonym_of(other, USER, b);
    CHECK(strcmp(a, b) != 0);
    pseudonym_of(secret, SESSION, b);
    CHECK(strcmp(a, b) != 0);
}
