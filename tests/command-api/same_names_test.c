/* same_names_test.c -- names and passwords that were typed or composed otherwise, over HTTP; and
 * accounts that were there before they were prepared (RFC 8265). */
#include "tests/command-api/accounts_fixture.h"

static void server(void)
{
    accounts_server(2, 64);
}

TEST(names_that_are_written_otherwise_are_the_same_name)
{
    server();
    struct reply r =
        post("/users", "{\"username\":\"Jose\u0301.\uff2c\",\"password\":\"" PASSWORD "\"}");
    CHECK_INT(r.status, 201);
    CHECK_TEXT(member(&r, "username"), "Jos\u00e9.L"); /* composed, of ordinary width */
    static const char *const same[] = {"jos\u00e9.l", "JOS\u00c9.L", "jose\u0301.\uff4c"};
    for (int i = 0; i < 3; i++) {
        CHECK_INT(log_in(same[i], PASSWORD).status, 200);
        CHECK_INT(
            post("/users", "{\"username\":\"%s\",\"password\":\"" PASSWORD "\"}", same[i]).status,
            409);
    }
    CHECK_INT(log_in("jose.l", PASSWORD).status, 401);
    CHECK_INT(log_in("jose\u200b.l", PASSWORD).status, 401); /* no name at all */
    CHECK_INT(log_in("a b", PASSWORD).status, 401);
}

TEST(a_name_of_quotes_and_backslashes_is_text_in_every_answer)
{
    server();
    static const char name[] = "a\\\"b\\\\c"; /* as JSON writes a"b\c */
    struct reply r = post("/users", "{\"username\":\"%s\",\"password\":\"" PASSWORD "\"}", name);
    CHECK_INT(r.status, 201);
    CHECK(strstr(r.body, "\"username\":\"a\\\"b\\\\c\""));
    r = log_in(name, PASSWORD);
    CHECK_INT(r.status, 200);
    CHECK(strstr(r.body, "\"username\":\"a\\\"b\\\\c\""));
}

TEST(a_password_that_holds_what_shows_nothing_is_refused_by_name)
{
    server();
    struct reply r = post("/users", "{\"username\":\"abc\",\"password\":\"a password\u200b\"}");
    CHECK_INT(r.status, 400);
    CHECK(strstr(r.body, "/problems/bad-text") && strstr(r.body, "\"field\":\"password\""));
}

TEST(a_password_may_be_composed_otherwise)
{
    server();
    post("/users", "{\"username\":\"composer\",\"password\":\"p\u00e1ssw\u00f6rd 1\"}");
    CHECK_INT(log_in("composer", "p\u00e1ssw\u00f6rd 1").status, 200);
    CHECK_INT(log_in("composer", "pa\u0301sswo\u0308rd\u00a01").status, 200);
    CHECK_INT(log_in("composer", "password 1").status, 401);
    CHECK_INT(log_in("composer", "P\u00e1ssw\u00f6rd 1").status, 401);
}

static const char *hash_of(const char *name)
{
    return sql("SELECT password_hash FROM account WHERE user_name = '%s'", name);
}

/* As accounts were before: hashed as it was typed. */
static const char *with_password_as_typed(const char *typed)
{
    const char *name = new_citizen();
    char hash[PASSWORD_HASH_TEXT];
    CHECK_OK(password_hash(typed, hash));
    sql("UPDATE account SET password_hash = '%s' WHERE user_name = '%s'", hash, name);
    return name;
}

TEST(a_password_hashed_as_it_was_typed_goes_on_working_and_is_hashed_anew)
{
    server();
    const char *name = with_password_as_typed("cafe\u0301 au lait");
    const char *before = hash_of(name);
    CHECK_INT(log_in(name, "caf\u00e9 au lait").status, 401); /* not yet */
    CHECK_TEXT(hash_of(name), before);
    CHECK_INT(log_in(name, "cafe\u0301 au lait").status, 200);
    CHECK(strcmp(hash_of(name), before) != 0);
    before = hash_of(name);
    CHECK_INT(log_in(name, "caf\u00e9 au lait").status, 200);
    CHECK_INT(log_in(name, "cafe\u0301 au lait").status, 200);
    CHECK_TEXT(hash_of(name), before);
}

TEST(a_password_that_could_not_be_chosen_today_still_logs_in)
{
    server();
    const char *name = with_password_as_typed("my cat is a \tby");
    const char *before = hash_of(name);
    CHECK_INT(log_in(name, "my cat is a \\tby").status, 200);
    CHECK_INT(log_in(name, "my cat is a  by").status, 401);
    CHECK_TEXT(hash_of(name), before);
}
