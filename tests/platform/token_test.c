/* token_test.c -- header and form of a token: every row of the libjwt traps that is about them. */
#include "tests/platform/token_forge.h"

#include <openssl/ec.h>

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
    struct token_cache *cache = token_cache_new(verifier, PSEUDONYM_SECRET, 16);
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
