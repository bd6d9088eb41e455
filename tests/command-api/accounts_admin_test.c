/* accounts_admin_test.c -- what administrators see and change of accounts, over HTTP, with a real
 * database. */
#include "tests/command-api/accounts_fixture.h"

static struct arena kept;

/* A new citizen; *token, if not NULL, is theirs. Both are kept until exit. */
static const char *citizen(const char **token)
{
    struct reply r = log_in(new_citizen(), PASSWORD);
    if (token)
        *token = member(&r, "token");
    return member(&r, "id");
}

/* As a first start leaves it; there is no other way to the first administrator but the operator's.
 */
static void make_admin(const char *id)
{
    sql("UPDATE account SET role = 'ADMIN' WHERE user_id = '%s'", id);
}

/* The only administrators there are: a new one, and their token. */
static const char *admin(const char **id)
{
    accounts_server(2, 64);
    sql("UPDATE account SET role = 'CITIZEN' WHERE role = 'ADMIN'");
    const char *name = new_citizen();
    struct reply r = log_in(name, PASSWORD);
    make_admin(member(&r, "id"));
    r = log_in(name, PASSWORD);
    if (id)
        *id = member(&r, "id");
    return member(&r, "token");
}

static const char *path_of(const char *id, const char *what)
{
    return arena_printf(&kept, "/admin/users/%s/%s", id, what);
}

static struct reply set_role(const char *token, const char *id, const char *body)
{
    return ask("PATCH", path_of(id, "role"), token, NULL, body);
}

static long events_of(const char *id)
{
    return strtol(sql("SELECT version FROM es_stream WHERE stream = 'user-%s'", id), NULL, 10);
}

static bool is_problem(const struct reply *r, int status, const char *type)
{
    return r->status == status && strstr(r->body, type);
}

TEST(a_new_role_ends_the_tokens_of_the_old_one_and_says_who_gave_it)
{
    const char *me, *old, *boss = admin(&me), *id = citizen(&old);
    struct reply r = set_role(boss, id, "{\"role\":\"DISPATCHER\"}");
    CHECK_INT(r.status, 200);
    CHECK_TEXT(member(&r, "id"), id);
    CHECK_TEXT(member(&r, "role"), "DISPATCHER");
    CHECK(strstr(r.body, "\"disabled\":false") && strstr(r.head, "X-Event-Position: "));
    CHECK(strstr(r.head, "Cache-Control: no-store"));
    CHECK_INT(ask("GET", "/auth/me", old, NULL, NULL).status, 401);
    CHECK_TEXT(sql("SELECT type || ' ' || (data->>'role') || ' ' || (data->>'role_version') || ' ' "
                   "|| (meta->>'actor' = '%s') FROM es_event WHERE stream = 'user-%s' AND version "
                   "= 2",
                   me, id),
               "user.role.changed DISPATCHER 2 true");
    CHECK_TEXT(sql("SELECT position FROM es_stream WHERE stream = 'user-%s'", id),
               arena_bytes(&kept, strstr(r.body, "\"position\":") + 11,
                           strspn(strstr(r.body, "\"position\":") + 11, "0123456789")));
}

TEST(the_same_role_again_is_no_event_and_ends_nothing)
{
    const char *boss = admin(NULL), *token, *id = citizen(&token);
    struct reply r = set_role(boss, id, "{\"role\":\"CITIZEN\"}");
    CHECK_INT(r.status, 200);
    CHECK_INT(events_of(id), 1);
    CHECK(strstr(r.body, "\"position\":") && !strstr(r.body, "\"position\":0"));
    CHECK_INT(ask("GET", "/auth/me", token, NULL, NULL).status, 200);
}

TEST(what_a_role_may_not_be)
{
    static const struct {
        const char *body, *type, *field;
    } bad[] = {
        {"{\"role\":\"KING\"}", "not-a-choice", "\"role\""},
        {"{\"role\":\"SYSTEM\"}", "not-a-choice", "\"role\""},
        {"{}", "missing-field", "\"role\""},
        {"{\"role\":\"OFFICER\"}", "missing-field", "\"agency\""},
        {"{\"role\":\"CITIZEN\",\"agency\":\"AGENCY_INFRA\"}", "out-of-range", "\"agency\""},
        {"{\"role\":\"OFFICER\",\"agency\":\"infra\"}", "bad-text", "\"agency\""},
        {"{\"role\":\"OFFICER\",\"agency\":\"AGENCY_NOWHERE\"}", "no-such-agency", "\"agency\""},
        {"{\"role\":\"PATROL\",\"rank\":1}", "unknown-field", "\"rank\""},
        {"", "malformed", ""},
    };
    const char *boss = admin(NULL), *id = citizen(NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct reply r = set_role(boss, id, bad[i].body);
        if (!is_problem(&r, 400, bad[i].type) || !strstr(r.body, bad[i].field))
            test_fail(__FILE__, __LINE__, bad[i].body, r.body, bad[i].type);
    }
    CHECK_INT(events_of(id), 1);
}

TEST(only_administrators_see_and_change_accounts)
{
    const char *token, *id;
    admin(NULL);
    id = citizen(&token);
    CHECK_INT(ask("GET", "/admin/users", NULL, NULL, NULL).status, 401);
    CHECK_INT(ask("GET", "/admin/users", token, NULL, NULL).status, 403);
    CHECK_INT(set_role(NULL, id, "{\"role\":\"ADMIN\"}").status, 401);
    CHECK_INT(set_role(token, id, "{\"role\":\"ADMIN\"}").status, 403);
    CHECK_INT(ask("POST", path_of(id, "disable"), token, NULL, NULL).status, 403);
    CHECK_INT(ask("POST", path_of(id, "enable"), token, NULL, NULL).status, 403);
    CHECK_INT(events_of(id), 1);
}

TEST(an_account_that_is_not_there_and_a_header_that_means_nothing)
{
    const char *boss = admin(NULL), *id = citizen(NULL);
    static const char *const none[] = {"019b7f00-0000-7000-8000-000000000001", "citizen-1", "x"};
    for (int i = 0; i < 3; i++) {
        struct reply r = set_role(boss, none[i], "{\"role\":\"PATROL\"}");
        CHECK(is_problem(&r, 404, "no-such-account"));
        r = ask("POST", path_of(none[i], "disable"), boss, NULL, NULL);
        CHECK(is_problem(&r, 404, "no-such-account"));
    }
    struct reply r =
        ask("PATCH", path_of(id, "role"), boss, "If-Match: \"1\"\r\n", "{\"role\":\"PATROL\"}");
    CHECK(is_problem(&r, 400, "bad-header"));
    r = ask("POST", path_of(id, "disable"), boss, "Idempotency-Key: 0123456789abcdef\r\n", NULL);
    CHECK(is_problem(&r, 400, "bad-header"));
    r = ask("POST", path_of(id, "disable"), boss, NULL, "{\"why\":\"\"}");
    CHECK(is_problem(&r, 400, "unknown-field"));
    CHECK_INT(events_of(id), 1);
}

TEST(the_last_administrator_stays_until_there_is_another)
{
    const char *me, *boss = admin(&me), *other = citizen(NULL);
    struct reply r = set_role(boss, me, "{\"role\":\"CITIZEN\"}");
    CHECK(is_problem(&r, 409, "last-admin"));
    r = ask("POST", path_of(me, "disable"), boss, NULL, NULL);
    CHECK(is_problem(&r, 409, "last-admin"));
    CHECK_INT(events_of(me), 1);
    CHECK_INT(set_role(boss, other, "{\"role\":\"ADMIN\"}").status, 200);
    CHECK_INT(set_role(boss, me, "{\"role\":\"CITIZEN\"}").status, 200);
}

TEST(an_administrator_who_cannot_log_in_is_none)
{
    const char *me, *boss = admin(&me), *other = citizen(NULL);
    CHECK_INT(set_role(boss, other, "{\"role\":\"ADMIN\"}").status, 200);
    CHECK_INT(ask("POST", path_of(other, "disable"), boss, NULL, "{}").status, 200);
    struct reply r = set_role(boss, me, "{\"role\":\"CITIZEN\"}");
    CHECK(is_problem(&r, 409, "last-admin"));
}

/* Two of them take away each other at once, in transactions that both are open for a while. */
TEST(of_two_administrators_one_stays)
{
    const char *me, *boss = admin(&me), *other = citizen(NULL);
    CHECK_INT(set_role(boss, other, "{\"role\":\"ADMIN\"}").status, 200);
    test_shell("for u in %s %s; do psql -qXAt '%s' -c \"BEGIN; SELECT CASE WHEN "
               "is_last_admin('$u') THEN -1 ELSE disable_account('$u', gen_random_uuid(), 1, "
               "json_build_object('user_id', '$u', 'disabled_at', '2026-01-02T03:04:05.000000Z')"
               "::jsonb, '{}') END; SELECT pg_sleep(0.3); COMMIT\" >/dev/null & done; wait",
               me, other, accounts_server_api()->settings->database_url);
    CHECK_TEXT(sql("SELECT count(*) FROM account WHERE role = 'ADMIN' AND NOT disabled"), "1");
}

TEST(a_disabled_account_is_out_until_it_is_enabled)
{
    const char *boss = admin(NULL), *name = new_citizen();
    struct reply old = log_in(name, PASSWORD);
    const char *id = member(&old, "id"), *token = member(&old, "token");
    struct reply r = ask("POST", path_of(id, "disable"), boss, NULL, NULL);
    CHECK(r.status == 200 && strstr(r.body, "\"disabled\":true"));
    CHECK_INT(ask("GET", "/auth/me", token, NULL, NULL).status, 401);
    CHECK_INT(log_in(name, PASSWORD).status, 401);
    CHECK_INT(ask("POST", path_of(id, "disable"), boss, NULL, NULL).status, 200);
    CHECK_INT(events_of(id), 2);
    r = ask("POST", path_of(id, "enable"), boss, NULL, NULL);
    CHECK(r.status == 200 && strstr(r.body, "\"disabled\":false"));
    CHECK_INT(ask("GET", "/auth/me", token, NULL, NULL).status, 401);
    CHECK_INT(log_in(name, PASSWORD).status, 200);
    CHECK_INT(ask("POST", path_of(id, "enable"), boss, NULL, NULL).status, 200);
    CHECK_INT(events_of(id), 3);
}

/* ---- the list ---- */

static struct reply list(const char *token, const char *query)
{
    return ask("GET", arena_join(&kept, "/admin/users", *query ? "?" : "", query), token, NULL,
               NULL);
}

static int items(const struct reply *r)
{
    int count = 0;
    for (const char *at = r->body; (at = strstr(at, "\"username\":")); at++)
        count++;
    return count;
}

TEST(the_list_is_filtered_and_shows_no_hash)
{
    const char *me, *boss = admin(&me);
    struct reply r = post("/users", "{\"username\":\"Zoe.List\",\"password\":\"" PASSWORD "\"}");
    const char *zoe = member(&r, "user_id");
    CHECK_INT(set_role(boss, zoe, "{\"role\":\"PATROL\"}").status, 200);
    r = list(boss, "name=zoe.l");
    CHECK_INT(r.status, 200);
    CHECK_INT(items(&r), 1);
    CHECK_TEXT(member(&r, "id"), zoe);
    CHECK_TEXT(member(&r, "username"), "Zoe.List");
    CHECK_TEXT(member(&r, "role"), "PATROL");
    CHECK(strstr(r.body, "\"disabled\":false,\"created_at\":\"20") &&
          strstr(r.body, "\"next\":null"));
    CHECK(!strstr(r.body, "argon2") && !strstr(r.body, "hash"));
    CHECK(strstr(r.head, "Cache-Control: private, no-cache"));
    r = list(boss, "role=PATROL&name=zoe&disabled=false");
    CHECK_INT(items(&r), 1);
    r = list(boss, "name=zoe&disabled=true");
    CHECK_INT(items(&r), 0);
    r = list(boss, "name=zoe&role=ADMIN");
    CHECK_INT(items(&r), 0);
    r = list(boss, "name=zoe&agency=AGENCY_INFRA");
    CHECK_INT(items(&r), 0);
    r = list(boss, "role=ADMIN");
    CHECK_INT(items(&r), 1);
    CHECK_TEXT(member(&r, "id"), me);
}

TEST(pages_hold_every_account_once_in_the_order_of_names)
{
    const char *boss = admin(NULL), *next = "", *last = "";
    int seen = 0;
    for (int i = 0; i < 7; i++)
        CHECK_INT(
            post("/users", "{\"username\":\"paged-%d\",\"password\":\"" PASSWORD "\"}", i * 5 % 7)
                .status,
            201);
    do {
        struct reply r =
            list(boss, arena_join(&kept, "name=PAGED&limit=3", *next ? "&cursor=" : "", next));
        CHECK_INT(r.status, 200);
        CHECK(strcmp(member(&r, "username"), last) > 0);
        last = member(&r, "username");
        next = member(&r, "next");
        seen += items(&r);
    } while (*next && seen < 50);
    CHECK_INT(seen, 7);
    struct reply r = list(boss, "name=paged&limit=3");
    next = member(&r, "next");
    CHECK(!strstr(next, "paged"));
    r = list(boss, arena_join(&kept, "name=page&cursor=", next, ""));
    CHECK(is_problem(&r, 400, "bad-cursor"));
    bool zero = next[strlen(next) - 1] == '0'; /* then of an account that is not there */
    const char *other =
        arena_join(&kept, arena_bytes(&kept, next, strlen(next) - 1), "", zero ? "1" : "0");
    r = list(boss, arena_join(&kept, "name=paged&cursor=", other, ""));
    CHECK(is_problem(&r, 400, "bad-cursor"));
}

TEST(what_a_list_is_not_asked_for)
{
    static const struct {
        const char *query, *type, *field;
    } bad[] = {
        {"colour=red", "unknown-parameter", "\"colour\""},
        {"role=KING", "bad-parameter", "\"role\""},
        {"agency=infra", "bad-parameter", "\"agency\""},
        {"name=a%20b", "bad-parameter", "\"name\""},
        {"disabled=yes", "bad-parameter", "\"disabled\""},
        {"limit=0", "bad-parameter", "\"limit\""},
        {"limit=201", "bad-parameter", "\"limit\""},
        {"limit=x", "bad-parameter", "\"limit\""},
        {"cursor=nonsense", "bad-cursor", "\"cursor\""},
    };
    const char *boss = admin(NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct reply r = list(boss, bad[i].query);
        if (!is_problem(&r, 400, bad[i].type) || !strstr(r.body, bad[i].field))
            test_fail(__FILE__, __LINE__, bad[i].query, r.body, bad[i].type);
    }
}
