/* token_claims_test.c -- what a token says, and second opinions by OpenSSL and libjwt. */
#include "tests/platform/token_forge.h"

#include <jwt.h>
#include <openssl/ec.h>
#include <sodium.h>

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

/* ---- libjwt ---- */

static void check_read_by_libjwt(const char *token, const struct claims *c)
{
    jwt_t *jwt = NULL;
    CHECK_INT(jwt_decode(&jwt, token, (const unsigned char *)public_pem, (int)strlen(public_pem)),
              0);
    CHECK_INT(jwt_get_alg(jwt), JWT_ALG_ES256);
    CHECK_TEXT(jwt_get_header(jwt, "kid"), kid);
    CHECK_TEXT(jwt_get_grant(jwt, "iss"), "citywatch");
    CHECK_TEXT(jwt_get_grant(jwt, "sub"), c->user_id);
    CHECK_TEXT(jwt_get_grant(jwt, "agency"), c->agency);
    CHECK_INT(jwt_get_grant_int(jwt, "rv"), c->role_version);
    CHECK_INT(jwt_get_grant_int(jwt, "exp"), c->expires / SECOND);
    jwt_free(jwt);
}

static const char *made_by_libjwt(const char *claims)
{
    jwt_t *jwt = NULL;
    CHECK(!jwt_new(&jwt) && !jwt_add_header(jwt, "kid", kid) && !jwt_add_grants_json(jwt, claims) &&
          !jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)private_pem,
                       (int)strlen(private_pem)));
    char *token = jwt_encode_str(jwt);
    const char *kept_token = arena_printf(&kept, "Bearer %s", token);
    free(token);
    jwt_free(jwt);
    return kept_token;
}

TEST(tokens_pass_from_here_to_libjwt_and_back)
{
    keys();
    for (int i = 0; i < 300; i++) {
        struct claims c = some_claims();
        uuid_new(c.user_id);
        c.role_version = i;
        check_read_by_libjwt(our_token(&c) + strlen("Bearer "), &c);
        CHECK_OK(verify(made_by_libjwt(good_claims())));
    }
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
