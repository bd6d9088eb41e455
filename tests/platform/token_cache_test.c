/* token_cache_test.c -- keys, remembered tokens, revoked ones, pseudonyms. */
#include "tests/platform/token_forge.h"

#include <sys/stat.h>

#include "platform/postgres/postgres.h"

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

/* The start of BLAKE2b-128 of the point, as Python's hashlib has it: tokens name their key by it.
 */
TEST(the_name_of_a_key_stays_the_same)
{
    keys();
    struct token_key *k = NULL;
    scoped_text jwks = {0};
    test_shell("printf '%%s\\n' '-----BEGIN PUBLIC KEY-----' "
               "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXpOjBHTj4gsFoHIegE5cJ/hfjidT "
               "gwS0x30YVmGcSNLGbjmnhgn8+RNcVv1PlcHoEh1jbXr+7/UGuHuRC25FCw== "
               "'-----END PUBLIC KEY-----' > %s",
               file("known.pub"));
    CHECK_OK(token_key_read(file("known.pub"), false, &k));
    token_jwks(k, &jwks);
    CHECK(strstr(text_value(&jwks), "\"kid\":\"440b19a9e302dbc5\"") != NULL);
    token_key_free(k);
}

/* ---- the cache ---- */

TEST(a_cached_token_costs_no_signature)
{
    keys();
    struct claims in = some_claims(), out;
    const char *token = our_token(&in);
    struct token_cache *cache = token_cache_new(verifier, PSEUDONYM_SECRET, 64);
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
    char pseudonym[PSEUDONYM_TEXT];
    pseudonym_of(PSEUDONYM_SECRET, USER, pseudonym);
    CHECK_TEXT(out.pseudonym, "");
    CHECK_OK(token_check(cache, token, NOW, &out));
    CHECK_TEXT(out.pseudonym, pseudonym);
    token_cache_free(cache);
}

TEST(a_cached_token_ends_with_its_exp)
{
    keys();
    struct claims in = some_claims(), out;
    const char *token = our_token(&in);
    struct token_cache *cache = token_cache_new(verifier, PSEUDONYM_SECRET, 64);
    CHECK_OK(token_check(cache, token, NOW, &out));
    CHECK_OK(token_check(cache, token, in.expires - 1, &out));
    CHECK_PROBLEM(token_check(cache, token, in.expires, &out), TOKEN_EXPIRED);
    CHECK_PROBLEM(token_check(cache, NULL, NOW, &out), NO_TOKEN);
    token_cache_free(cache);
}

TEST(a_full_cache_still_tells_users_apart)
{
    keys();
    struct token_cache *cache = token_cache_new(verifier, PSEUDONYM_SECRET, 8);
    for (int i = 0; i < 200; i++) {
        struct claims in = some_claims(), out;
        char pseudonym[PSEUDONYM_TEXT];
        uuid_new(in.user_id);
        const char *token = our_token(&in);
        for (int k = 0; k < 2; k++) {
            CHECK_OK(token_check(cache, token, NOW, &out));
            pseudonym_of(PSEUDONYM_SECRET, in.user_id, pseudonym);
            CHECK_TEXT(out.user_id, in.user_id);
            CHECK_TEXT(out.pseudonym, pseudonym);
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

/* ---- admission ---- */

TEST(a_bad_token_is_refused_before_what_is_not_known_and_an_ended_session_before_its_role)
{
    keys();
    struct claims in = some_claims(), out;
    const char *token = our_token(&in), *broken = arena_bytes(&kept, token, strlen(token) - 1);
    struct token_cache *cache = token_cache_new(verifier, PSEUDONYM_SECRET, 64);
    struct revoked *r = revoked_new();
    struct pg *c = pg_new(test_store_database(), "test", NULL, 20000);
    int64_t position = -1;
    CHECK_PROBLEM(token_admit(cache, r, NULL, OFFICER, NOW, &out), NO_TOKEN);
    CHECK_PROBLEM(token_admit(cache, r, broken, OFFICER, NOW, &out), BAD_TOKEN);
    CHECK_PROBLEM(token_admit(cache, r, token, OFFICER, in.expires, &out), TOKEN_EXPIRED);
    CHECK_PROBLEM(token_admit(cache, r, token, CITIZEN, NOW, &out), STORE_UNAVAILABLE);
    CHECK_OK(revoked_follow(r, c, &position));
    revoked_before(r, 0); /* tokens of the sentences are older than the store */
    CHECK_PROBLEM(token_admit(cache, r, token, CITIZEN, NOW, &out), WRONG_ROLE);
    CHECK_OK(token_admit(cache, r, token, ANYONE, NOW, &out));
    CHECK_OK(token_admit(cache, r, token, CITIZEN | OFFICER, NOW, &out));
    CHECK_TEXT(out.user_id, USER);
    revoked_session(r, SESSION, NOW);
    CHECK_PROBLEM(token_admit(cache, r, token, CITIZEN, NOW, &out), BAD_TOKEN);
    pg_free(c);
    revoked_free(r);
    token_cache_free(cache);
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
