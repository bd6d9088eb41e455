/* sessions_test.c -- families of refresh tokens, log-out, and who hears of it. */
#include "tests/command-api/accounts_fixture.h"

#include <unistd.h>

#include "base/time.h"
#include "tests/support/event_sample.h"

static struct reply logged_in(void)
{
    accounts_server(2, 64);
    struct reply r = log_in(new_citizen(), PASSWORD);
    CHECK_INT(r.status, 200);
    return r;
}

static struct reply refresh(const char *token)
{
    return post("/auth/refresh", "{\"refresh_token\":\"%s\"}", token);
}

static int me(const struct reply *tokens)
{
    return ask("GET", "/auth/me", member(tokens, "token"), NULL, NULL).status;
}

static const char *session_of(const struct reply *tokens)
{
    static char id[37];
    snprintf(id, sizeof(id), "%.36s", member(tokens, "refresh_token"));
    return id;
}

static const char *rows_of(const struct reply *tokens)
{
    return sql("SELECT count(*) || ' ' || (SELECT sessions FROM account WHERE user_id = '%s') FROM "
               "account_session WHERE user_id = '%s'",
               member(tokens, "id"), member(tokens, "id"));
}

static const char *ended_events(const struct reply *tokens)
{
    return sql(
        "SELECT count(*) FROM es_event WHERE type = 'user.session.ended' AND category = 'user' "
        "AND stream = 'user-%s' AND data->>'session_id' = '%s' AND data->>'user_id' = '%s' "
        "AND data->>'ended_at' IS NOT NULL",
        member(tokens, "id"), session_of(tokens), member(tokens, "id"));
}

TEST(a_refresh_gives_new_tokens_of_the_same_session)
{
    struct reply first = logged_in();
    struct reply second = refresh(member(&first, "refresh_token"));
    CHECK_INT(second.status, 200);
    CHECK(strcmp(member(&first, "refresh_token"), member(&second, "refresh_token")) != 0);
    CHECK_TEXT(member(&second, "id"), member(&first, "id"));
    CHECK_TEXT(member(&second, "username"), member(&first, "username"));
    CHECK(strncmp(member(&first, "refresh_token"), member(&second, "refresh_token"), 36) == 0);
    CHECK_INT(me(&second), 200);
    CHECK_INT(refresh(member(&second, "refresh_token")).status, 200);
}

TEST(a_repeated_refresh_gives_the_same_successor)
{
    struct reply first = logged_in();
    struct reply second = refresh(member(&first, "refresh_token"));
    struct reply again = refresh(member(&first, "refresh_token"));
    CHECK_INT(again.status, 200);
    CHECK_TEXT(member(&again, "refresh_token"), member(&second, "refresh_token"));
    CHECK_INT(me(&again), 200);
    CHECK_TEXT(ended_events(&first), "0");
}

static void pass_by(const struct reply *tokens, const char *interval)
{
    sql("UPDATE account_session SET rotated = rotated - interval '%s' WHERE session_id = '%s'",
        interval, session_of(tokens));
}

TEST(a_refresh_may_be_repeated_for_five_minutes_while_its_successor_is_unused)
{
    struct reply first = logged_in();
    struct reply second = refresh(member(&first, "refresh_token"));
    pass_by(&first, "4 min 50 s");
    struct reply again = refresh(member(&first, "refresh_token"));
    CHECK_INT(again.status, 200);
    CHECK_TEXT(member(&again, "refresh_token"), member(&second, "refresh_token"));
    struct reply third = refresh(member(&again, "refresh_token")); /* now it is used */
    CHECK_INT(third.status, 200);
    CHECK_INT(refresh(member(&first, "refresh_token")).status, 401);
    CHECK_INT(refresh(member(&third, "refresh_token")).status, 401);
}

TEST(a_repeated_refresh_after_five_minutes_ends_the_family)
{
    struct reply first = logged_in();
    struct reply second = refresh(member(&first, "refresh_token"));
    pass_by(&first, "5 min 1 s");
    struct reply again = refresh(member(&first, "refresh_token"));
    CHECK_INT(again.status, 401);
    CHECK(strstr(again.body, "/problems/bad-refresh-token"));
    CHECK_INT(me(&second), 401);
}

TEST(a_reused_token_ends_its_whole_family_and_its_access_tokens)
{
    struct reply first = logged_in();
    struct reply other = log_in(member(&first, "username"), PASSWORD);
    struct reply second = refresh(member(&first, "refresh_token"));
    struct reply third = refresh(member(&second, "refresh_token"));
    CHECK_INT(me(&third), 200);
    struct reply stolen = refresh(member(&first, "refresh_token"));
    CHECK_INT(stolen.status, 401);
    CHECK_INT(me(&first), 401);
    CHECK_INT(me(&third), 401);
    CHECK_INT(refresh(member(&third, "refresh_token")).status, 401);
    CHECK_TEXT(ended_events(&first), "1");
    CHECK_INT(me(&other), 200); /* another log-in of the same user goes on */
    CHECK_INT(refresh(member(&first, "refresh_token")).status, 401);
    CHECK_TEXT(ended_events(&first), "1");
    CHECK_TEXT(rows_of(&other), "1 1");
}

TEST(parallel_refreshes_of_one_token_get_the_same_successor)
{
    struct reply first = logged_in();
    static struct call calls[12];
    for (int i = 0; i < 12; i++) {
        calls[i] = (struct call){.method = "POST", .path = "/auth/refresh"};
        snprintf(calls[i].body, sizeof(calls[i].body), "{\"refresh_token\":\"%s\"}",
                 member(&first, "refresh_token"));
    }
    ask_all(calls, 12);
    for (int i = 0; i < 12; i++) {
        CHECK_INT(calls[i].reply.status, 200);
        CHECK_TEXT(member(&calls[i].reply, "refresh_token"),
                   member(&calls[0].reply, "refresh_token"));
    }
}

TEST(nobody_ends_a_session_by_guessing)
{
    struct reply first = logged_in();
    char forged[256];
    const char *token = member(&first, "refresh_token");
    for (size_t at = 36; at < strlen(token); at += 7) {
        snprintf(forged, sizeof(forged), "%s", token);
        forged[at] = forged[at] == '0' ? '1' : '0';
        CHECK_INT(refresh(forged).status, 401);
    }
    snprintf(forged, sizeof(forged), "%.*s", (int)strlen(token) - 1, token);
    CHECK_INT(refresh(forged).status, 401);
    CHECK_INT(refresh("x").status, 401);
    CHECK_INT(post("/auth/refresh", "{}").status, 400);
    CHECK_TEXT(ended_events(&first), "0");
    CHECK_INT(refresh(token).status, 200);
}

TEST(the_database_holds_nothing_a_token_can_be_made_of)
{
    struct reply first = logged_in();
    char secret[65];
    snprintf(secret, sizeof(secret), "%.64s", member(&first, "refresh_token") + 37);
    CHECK_TEXT(sql("SELECT count(*) FROM account_session WHERE current = '%s' OR previous = '%s'",
                   secret, secret),
               "0");
    CHECK_TEXT(
        sql("SELECT count(*) FROM account_session WHERE session_id = '%s'", session_of(&first)),
        "1");
}

TEST(an_expired_session_and_a_disabled_account_refresh_nothing)
{
    struct reply first = logged_in(), second = logged_in();
    sql("UPDATE account_session SET expires = now() - interval '1 s' WHERE session_id = '%s'",
        session_of(&first));
    CHECK_INT(refresh(member(&first, "refresh_token")).status, 401);
    sql("UPDATE account SET disabled = true WHERE user_id = '%s'", member(&second, "id"));
    CHECK_INT(refresh(member(&second, "refresh_token")).status, 401);
    CHECK_INT(me(&second), 401);
}

TEST(a_refresh_brings_the_role_of_now)
{
    struct reply first = logged_in();
    sql("UPDATE account SET role = 'OFFICER', agency = 'AGENCY_INFRA', role_version = 2 WHERE "
        "user_id = '%s'",
        member(&first, "id"));
    struct reply second = refresh(member(&first, "refresh_token"));
    CHECK_TEXT(member(&second, "role"), "OFFICER");
    CHECK_TEXT(member(&second, "agency"), "AGENCY_INFRA");
    revoked_role(accounts_server_api()->revoked, member(&first, "id"), 2, time_now());
    CHECK_INT(me(&first), 401);
    CHECK_INT(me(&second), 200);
}

/* ---- log-out ---- */

static struct reply log_out(const struct reply *tokens, const char *body)
{
    return ask("POST", "/auth/logout", member(tokens, "token"), NULL, body);
}

TEST(a_log_out_ends_the_session_for_good)
{
    struct reply in = logged_in();
    CHECK_INT(me(&in), 200); /* the token is cached as good */
    struct reply out = log_out(&in, NULL);
    CHECK_INT(out.status, 204);
    CHECK_TEXT(out.body, "");
    CHECK_INT(me(&in), 401);
    CHECK_INT(log_out(&in, NULL).status, 401);
    CHECK_INT(refresh(member(&in, "refresh_token")).status, 401);
    CHECK_TEXT(ended_events(&in), "1");
    CHECK_TEXT(rows_of(&in), "0 0");
}

TEST(a_log_out_may_name_its_own_refresh_token_only)
{
    struct reply in = logged_in(), other = logged_in();
    char body[256];
    snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", member(&other, "refresh_token"));
    CHECK_INT(log_out(&in, body).status, 401);
    CHECK_INT(log_out(&in, "{\"token\":1}").status, 400);
    CHECK_INT(me(&in), 200);
    CHECK_INT(me(&other), 200);
    snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", member(&in, "refresh_token"));
    CHECK_INT(log_out(&in, body).status, 204);
    CHECK_INT(me(&other), 200);
    CHECK_INT(log_out(&other, "{}").status, 204);
}

TEST(without_a_good_token_there_is_nothing_to_do)
{
    accounts_server(2, 64);
    const char *tokens[] = {NULL, "", "x", "a.b.c"};
    for (int i = 0; i < 4; i++) {
        struct reply r = ask("GET", "/auth/me", tokens[i], NULL, NULL);
        CHECK_INT(r.status, 401);
        CHECK(strstr(r.head, "WWW-Authenticate"));
        CHECK_INT(ask("POST", "/auth/logout", tokens[i], NULL, NULL).status, 401);
    }
}

/* ---- other processes ---- */

TEST(a_session_ended_elsewhere_is_refused_here_soon)
{
    struct reply in = logged_in();
    scoped_arena a = {0};
    const char *changes = arena_printf(&a, "{\"user_id\":\"%s\",\"session_id\":\"%s\"}",
                                       member(&in, "id"), session_of(&in));
    CHECK_INT(me(&in), 200);
    sql("SELECT end_session('%s', '%s', gen_random_uuid(), %d, '%s', '{}')", session_of(&in),
        member(&in, "id"), event_version(UserSessionEnded),
        event_sample(&a, UserSessionEnded, changes));
    int status = 200;
    for (int64_t end = time_monotonic() + 20000000; time_monotonic() < end && status == 200;
         usleep(100000))
        status = me(&in);
    CHECK_INT(status, 401);
}

TEST(a_follower_begins_with_the_last_hour_and_passes_unknown_events_by)
{
    struct reply in = logged_in();
    struct revoked *r = revoked_new();
    struct pg *c = pg_new(accounts_server_api()->settings->database_url, "test", NULL, 5000);
    struct claims claims = {.role_version = 1};
    int64_t position = -1;
    CHECK_INT(log_out(&in, NULL).status, 204);
    sql("SELECT append_user_event('%s', gen_random_uuid(), 'user.renamed', 9, '{\"x\":1}', '{}')",
        member(&in, "id"));
    memcpy(claims.session, session_of(&in), sizeof(claims.session));
    CHECK_OK(revoked_follow(r, c, &position));
    CHECK(is_revoked(r, &claims));
    CHECK_INT(position,
              strtoll(sql("SELECT max(position) FROM es_event WHERE category = 'user'"), NULL, 10));
    CHECK_OK(revoked_follow(r, c, &position));
    sql("UPDATE es_event SET recorded = recorded - interval '2 hours'");
    struct revoked *later = revoked_new();
    position = -1;
    CHECK_OK(revoked_follow(later, c, &position));
    CHECK(!is_revoked(later, &claims));
    CHECK_INT(position,
              strtoll(sql("SELECT max(position) FROM es_event WHERE category = 'user'"), NULL, 10));
    pg_free(c);
    revoked_free(r);
    revoked_free(later);
}
