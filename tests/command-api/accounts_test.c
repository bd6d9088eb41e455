/* accounts_test.c -- registration, log-in, refresh and log-out over HTTP, with a real database. */
#include "tests/command-api/accounts_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <unistd.h>

#include "base/time.h"

static void server(void)
{
    accounts_server(2, 64);
}

/* ---- registration ---- */

TEST(a_registered_citizen_can_log_in)
{
    server();
    struct reply r =
        post("/auth/register", "{\"username\":\"Ann.Lee_1\",\"password\":\"" PASSWORD "\"}");
    CHECK_INT(r.status, 201);
    const char *id = member(&r, "user_id");
    CHECK(uuid_is_valid(id));
    CHECK(strstr(r.head, "Location: /users/") && strstr(r.head, id));
    CHECK(strstr(r.head, "X-Event-Position: ") && strstr(r.body, "\"position\":"));
    r = log_in("ann.lee_1", PASSWORD); /* names are found in any case */
    CHECK_INT(r.status, 200);
    CHECK_TEXT(member(&r, "id"), id);
    CHECK_TEXT(member(&r, "username"), "Ann.Lee_1");
    CHECK_TEXT(member(&r, "role"), "CITIZEN");
    CHECK_TEXT(member(&r, "agency"), "");
    CHECK_TEXT(member(&r, "token_type"), "Bearer");
    CHECK(strstr(r.body, "\"expires_in\":900"));
    CHECK(strstr(r.head, "Cache-Control: no-store"));
    struct reply me = ask("GET", "/auth/me", member(&r, "token"), NULL, NULL);
    CHECK_INT(me.status, 200);
    CHECK_TEXT(member(&me, "id"), id);
    CHECK_TEXT(member(&me, "username"), "Ann.Lee_1");
}

TEST(users_is_another_name_of_register)
{
    server();
    struct reply r =
        post("/users", "{\"username\":\"user-by-users\",\"password\":\"" PASSWORD "\"}");
    CHECK_INT(r.status, 201);
    CHECK_TEXT(member(&r, "role"), "CITIZEN");
}

TEST(a_registration_is_an_event_without_the_name)
{
    server();
    struct reply r = post("/users", "{\"username\":\"secret-name\",\"password\":\"" PASSWORD "\"}");
    const char *id = member(&r, "user_id");
    CHECK_TEXT(sql("SELECT category || ' ' || type || ' ' || version || ' ' || (data->>'role') "
                   "FROM es_event "
                   "WHERE stream = 'user-%s'",
                   id),
               "user user.registered 1 CITIZEN");
    CHECK_TEXT(
        sql("SELECT count(*) FROM es_event WHERE data::text || meta::text LIKE '%%secret-name%%'"),
        "0");
    CHECK_TEXT(sql("SELECT count(*) FROM es_result WHERE body LIKE '%%secret-name%%'"), "0");
    CHECK_TEXT(sql("SELECT version FROM es_stream WHERE stream = 'user-%s'", id), "1");
    CHECK_TEXT(sql("SELECT count(*) FROM es_event WHERE meta->>'actor' = '%s' AND "
                   "meta->>'correlation_id' IS NOT NULL",
                   id),
               "1");
    CHECK_TEXT(
        sql("SELECT password_hash LIKE '$argon2id$%%' FROM account WHERE user_id = '%s'", id), "t");
}

TEST(what_a_registration_may_not_be)
{
    server();
    static const struct {
        const char *body, *type;
    } bad[] = {
        {"{\"username\":\"ab\",\"password\":\"" PASSWORD "\"}", "/problems/out-of-range"},
        {"{\"username\":\"a b c\",\"password\":\"" PASSWORD "\"}", "/problems/bad-text"},
        {"{\"username\":\"jos\xe2\x85\xa3\",\"password\":\"" PASSWORD "\"}", "/problems/bad-text"},
        {"{\"username\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
         "\"password\":\"" PASSWORD "\"}",
         "/problems/too-long"},
        {"{\"username\":\"abc\",\"password\":\"1234567\"}", "/problems/out-of-range"},
        {"{\"username\":\"abc\",\"password\":\"        \"}", "/problems/blank"},
        {"{\"username\":\"abc\",\"password\":\"12\\u0000345678\"}", "/problems/bad-text"},
        {"{\"username\":\"abc\"}", "/problems/missing-field"},
        {"{\"username\":\"abc\",\"password\":\"" PASSWORD "\",\"role\":\"ADMIN\"}",
         "/problems/unknown-field"},
        {"{\"username\":\"abc\",\"password\":\"" PASSWORD "\",\"password\":\"" PASSWORD "\"}",
         "/problems/duplicate-field"},
        {"{\"username\":1,\"password\":\"" PASSWORD "\"}", "/problems/wrong-type"},
        {"username=abc", "/problems/malformed"},
        {"", "/problems/malformed"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct reply r = post("/auth/register", "%s", bad[i].body);
        CHECK_INT(r.status, 400);
        CHECK(strstr(r.body, bad[i].type));
        CHECK(!strstr(r.body, PASSWORD));
    }
    CHECK_TEXT(sql("SELECT count(*) FROM account WHERE user_name = 'abc'"), "0");
}

TEST(an_idempotency_key_or_a_parameter_is_refused_by_name)
{
    server();
    static const char body[] = "{\"username\":\"keyed\",\"password\":\"" PASSWORD "\"}";
    struct reply r = ask("POST", "/users", NULL, "Idempotency-Key: 0123456789abcdef\r\n", body);
    CHECK_INT(r.status, 400);
    CHECK(strstr(r.body, "/problems/bad-header") && strstr(r.body, "Idempotency-Key"));
    r = ask("POST", "/users?role=ADMIN", NULL, NULL, body);
    CHECK_INT(r.status, 400);
    CHECK(strstr(r.body, "/problems/unknown-parameter") && strstr(r.body, "role"));
}

TEST(a_name_is_taken_in_any_case)
{
    server();
    new_citizen();
    struct reply r = post("/users", "{\"username\":\"CITIZEN-1\",\"password\":\"" PASSWORD "\"}");
    CHECK_INT(r.status, 409);
    CHECK(strstr(r.body, "/problems/name-taken"));
}

TEST(of_twenty_registrations_of_one_name_one_wins)
{
    server();
    static struct call calls[20];
    int created = 0, taken = 0;
    for (int i = 0; i < 20; i++) {
        calls[i] = (struct call){.method = "POST", .path = "/auth/register"};
        snprintf(calls[i].body, sizeof(calls[i].body),
                 "{\"username\":\"%s\",\"password\":\"password %d\"}", i % 2 ? "racer" : "RACER",
                 i);
    }
    ask_all(calls, 20);
    for (int i = 0; i < 20; i++) {
        created += calls[i].reply.status == 201;
        taken += calls[i].reply.status == 409;
    }
    CHECK_INT(created, 1);
    CHECK_INT(taken, 19);
    CHECK_TEXT(
        sql("SELECT count(*) FROM account a JOIN es_event e ON e.stream = 'user-' || a.user_id "
            "WHERE lower(user_name) = 'racer'"),
        "1");
}

/* The answer of the first call was lost; the thread asks again. */
TEST(registering_twice_under_one_id_is_once)
{
    server();
    static const char call[] =
        "SELECT register_account('0192f0c1-7e1a-7000-8000-0000000000f1', 'twice', 'twice', 'h', "
        "'CITIZEN', NULL, '0192f0c1-7e1a-7000-8000-0000000000f2', 1, '{}', '{}')";
    const char *first = sql(call);
    CHECK(first[0]);
    CHECK_TEXT(sql(call), first);
    CHECK_TEXT(
        sql("SELECT register_account(gen_random_uuid(), 'Twice', 'twice', 'h', 'CITIZEN', NULL, "
            "gen_random_uuid(), 1, '{}', '{}') IS NULL"),
        "t");
    CHECK_TEXT(sql("SELECT count(*) FROM es_event WHERE stream = "
                   "'user-0192f0c1-7e1a-7000-8000-0000000000f1'"),
               "1");
}

/* ---- log-in ---- */

/* The quickest of three, so that a busy machine decides nothing. */
static struct reply try_to_log_in(const char *name, const char *password, int64_t *took)
{
    char body[256];
    struct reply r = {0};
    snprintf(body, sizeof(body), "{\"username\":\"%s\",\"password\":\"%s\"}", name, password);
    *took = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        int64_t start = time_monotonic();
        r = ask("POST", "/auth/login", NULL, "X-Request-Id: same\r\n", body);
        int64_t now = time_monotonic();
        *took = now - start < *took ? now - start : *took;
    }
    return r;
}

TEST(an_unknown_name_looks_and_costs_like_a_wrong_password)
{
    server();
    const char *name = new_citizen();
    int64_t wrong_took, unknown_took, disabled_took;
    struct reply wrong = try_to_log_in(name, "not the password", &wrong_took);
    struct reply unknown = try_to_log_in("nobody-at-all", "not the password", &unknown_took);
    sql("UPDATE account SET disabled = true WHERE user_name = '%s'", name);
    struct reply disabled = try_to_log_in(name, PASSWORD, &disabled_took);
    CHECK_INT(wrong.status, 401);
    CHECK(strstr(wrong.body, "/problems/bad-credentials"));
    CHECK_TEXT(unknown.body, wrong.body);
    CHECK_TEXT(disabled.body, wrong.body);
    CHECK(unknown_took * 3 > wrong_took && wrong_took * 3 > unknown_took);
    CHECK(disabled_took * 3 > wrong_took);
}

TEST(a_right_password_is_remembered_a_wrong_one_never)
{
    server();
    post("/users", "{\"username\":\"other-password\",\"password\":\"another password\"}");
    const char *name = new_citizen();
    long remembered = counter("login_total{result=\"remembered\"} ");
    for (int i = 0; i < 2; i++) {
        CHECK_INT(log_in(name, "not the password").status, 401);
        CHECK_INT(log_in(name, PASSWORD).status, 200);
    }
    CHECK_INT(counter("login_total{result=\"remembered\"} ") - remembered, 1);
    sql("UPDATE account SET disabled = true WHERE user_name = '%s'", name);
    CHECK_INT(log_in(name, PASSWORD).status, 401); /* the row is read every time */
    sql("UPDATE account SET disabled = false, password_hash = (SELECT password_hash FROM account "
        "WHERE user_name = 'other-password') WHERE user_name = '%s'",
        name);
    CHECK_INT(log_in(name, PASSWORD).status, 401);
}

/* With one place on the pool, ten hashes would not fit. */
TEST(equal_log_ins_in_flight_are_one)
{
    accounts_server(1, 1);
    static struct call calls[10];
    const char *name = new_citizen();
    long remembered = counter("login_total{result=\"remembered\"} "),
         ok = counter("login_total{result=\"ok\"} ");
    for (int i = 0; i < 10; i++) {
        calls[i] = (struct call){.method = "POST", .path = "/auth/login"};
        snprintf(calls[i].body, sizeof(calls[i].body),
                 "{\"username\":\"%s\",\"password\":\"" PASSWORD "\"}", name);
    }
    ask_all(calls, 10);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(calls[i].reply.status, 200);
        for (int k = 0; k < i; k++) /* but each gets a session of its own */
            CHECK(strcmp(member(&calls[i].reply, "refresh_token"),
                         member(&calls[k].reply, "refresh_token")) != 0);
    }
    CHECK_INT(counter("login_total{result=\"remembered\"} ") - remembered +
                  counter("login_total{result=\"ok\"} ") - ok,
              10);
}

TEST(past_the_hash_queue_the_answer_is_503_and_others_are_served)
{
    accounts_server(1, 1);
    static struct call calls[17];
    const char *name = new_citizen();
    struct reply in = log_in(name, PASSWORD);
    int refused = 0, busy = 0;
    for (int i = 0; i < 16; i++) {
        calls[i] = (struct call){.method = "POST", .path = "/auth/login"};
        snprintf(calls[i].body, sizeof(calls[i].body),
                 "{\"username\":\"%s\",\"password\":\"wrong %d\"}", name, i);
    }
    calls[16] =
        (struct call){.method = "POST", .path = "/auth/login"}; /* remembered: needs no hash */
    snprintf(calls[16].body, sizeof(calls[16].body),
             "{\"username\":\"%s\",\"password\":\"" PASSWORD "\"}", name);
    ask_all(calls, 17);
    for (int i = 0; i < 16; i++) {
        refused += calls[i].reply.status == 401;
        busy += calls[i].reply.status == 503 && strstr(calls[i].reply.head, "Retry-After: ") &&
                strstr(calls[i].reply.body, "/problems/queue-full");
    }
    CHECK(busy > 0 && refused > 0);
    CHECK_INT(busy + refused, 16);
    CHECK_INT(calls[16].reply.status, 200);
    CHECK_INT(ask("GET", "/auth/me", member(&in, "token"), NULL, NULL).status, 200);
}

TEST(a_hash_of_old_costs_is_replaced_at_the_next_log_in)
{
    server();
    char old[crypto_pwhash_STRBYTES];
    const char *name = new_citizen();
    CHECK_INT(crypto_pwhash_str(old, PASSWORD, strlen(PASSWORD), 1, 8192 * 1024), 0);
    sql("UPDATE account SET password_hash = '%s' WHERE user_name = '%s'", old, name);
    static struct call calls[4]; /* at once: the others must not stumble over the new one */
    for (int i = 0; i < 4; i++) {
        calls[i] = (struct call){.method = "POST", .path = "/auth/login"};
        snprintf(calls[i].body, sizeof(calls[i].body),
                 "{\"username\":\"%s\",\"password\":\"" PASSWORD "\"}", name);
    }
    ask_all(calls, 4);
    for (int i = 0; i < 4; i++)
        CHECK_INT(calls[i].reply.status, 200);
    CHECK_TEXT(
        sql("SELECT password_hash LIKE '%%m=65536,t=2,%%' FROM account WHERE user_name = '%s'",
            name),
        "t");
    CHECK_INT(log_in(name, PASSWORD).status, 200);
}

/* ---- the rest ---- */

TEST(the_public_key_is_published)
{
    server();
    struct reply r = ask("GET", "/.well-known/jwks.json", NULL, NULL, NULL);
    CHECK_INT(r.status, 200);
    CHECK(strstr(r.head, "max-age="));
    CHECK_TEXT(member(&r, "kty"), "EC");
    CHECK_INT((int)strlen(member(&r, "kid")), 16);
    CHECK_INT((int)strlen(member(&r, "x")), 43);
}

TEST(names_and_passwords_never_reach_the_log)
{
    server();
    const char *path = "log-of-names";
    int saved = dup(STDERR_FILENO), file = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
    dup2(file, STDERR_FILENO);
    const char *name = new_citizen();
    log_in(name, "a wrong password");
    struct reply r = log_in(name, PASSWORD);
    post("/users", "{\"username\":\"%s\",\"password\":\"" PASSWORD "\",\"x\":1}", name);
    post("/auth/refresh", "{\"refresh_token\":\"%s\"}", member(&r, "refresh_token"));
    dup2(saved, STDERR_FILENO);
    close(saved);
    static char log[65536];
    ssize_t n = pread(file, log, sizeof(log) - 1, 0);
    close(file);
    unlink(path);
    CHECK(n > 0);
    const char *secrets[] = {name, PASSWORD, "a wrong password", member(&r, "refresh_token"),
                             member(&r, "token")};
    for (int i = 0; i < 5; i++)
        CHECK(!strstr(log, secrets[i]));
}

static int log_in_until(const char *name, int status)
{
    int last = 0;
    for (int64_t end = time_monotonic() + 20000000; time_monotonic() < end && last != status;
         usleep(50000))
        last = log_in(name, PASSWORD).status;
    return last;
}

TEST(without_the_database_it_is_503_and_it_comes_back_alone)
{
    server();
    const char *name = new_citizen();
    struct reply in = log_in(name, PASSWORD);
    test_postgres_stop();
    struct reply r = log_in(name, PASSWORD);
    CHECK_INT(r.status, 503);
    CHECK(strstr(r.head, "Retry-After: ") && strstr(r.body, "/problems/database-unavailable"));
    CHECK_INT(post("/users", "{\"username\":\"later\",\"password\":\"" PASSWORD "\"}").status, 503);
    CHECK_INT(ask("GET", "/.well-known/jwks.json", NULL, NULL, NULL).status, 200);
    test_postgres_start();
    CHECK_INT(log_in_until(name, 200), 200);
    CHECK_INT(ask("GET", "/auth/me", member(&in, "token"), NULL, NULL).status, 200);
}

TEST(a_restarted_database_costs_nobody_an_error)
{
    server();
    const char *name = new_citizen();
    test_postgres_stop();
    test_postgres_start();
    CHECK_INT(log_in_until(name, 200), 200);
}

static void *stop_server(void *arg)
{
    (void)arg;
    usleep(30000);
    accounts_stop(accounts_server_api()->accounts);
    return NULL;
}

TEST(a_stop_answers_what_is_under_way)
{
    accounts_server_stop();
    accounts_server(1, 16);
    static struct call calls[12];
    pthread_t stopper;
    const char *name = new_citizen();
    for (int i = 0; i < 12; i++) {
        calls[i] = (struct call){.method = "POST", .path = "/auth/login"};
        snprintf(calls[i].body, sizeof(calls[i].body),
                 "{\"username\":\"%s\",\"password\":\"wrong %d\"}", name, i);
    }
    pthread_create(&stopper, NULL, stop_server, NULL);
    ask_all(calls, 12);
    pthread_join(stopper, NULL);
    CHECK_INT(log_in(name, PASSWORD).status, 503); /* refused, not lost, from now on */
    for (int i = 0; i < 12; i++)
        CHECK(calls[i].reply.status == 401 || calls[i].reply.status == 503);
    accounts_server_stop();
}
