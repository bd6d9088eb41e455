/* many_sessions_test.c -- an account with many sessions: they are ended by one row and one event,
 * the oldest goes when there are too many, what is over goes as fast as it comes. And a new life of
 * the log, which ends all of everybody. */
#include "tests/command-api/accounts_fixture.h"

#include <pthread.h>
#include <unistd.h>

#include "base/time.h"
#include "command-api/expiry.h"
#include "platform/identity/account.h"

static struct pg *store(void)
{
    return pg_new(accounts_server_api()->settings->database_url, "test", NULL, 60000);
}

static struct account account_of(struct pg *c, const char *name)
{
    struct account a = {0};
    bool found = false;
    CHECK_OK(account_by_name(c, name, &a, &found));
    CHECK(found);
    return a;
}

static long count(const char *query)
{
    return strtol(sql("%s", query), NULL, 10);
}

static struct reply refresh(const struct reply *tokens)
{
    return post("/auth/refresh", "{\"refresh_token\":\"%s\"}", member(tokens, "refresh_token"));
}

static int me(const struct reply *tokens)
{
    return ask("GET", "/auth/me", member(tokens, "token"), NULL, NULL).status;
}

/* Whether the token itself is taken, which does not ask the accounts: a wrong body is seen next. */
static bool is_taken(const struct reply *tokens)
{
    return ask("POST", "/auth/logout", member(tokens, "token"), NULL, "{\"x\":1}").status == 400;
}

static bool refused_soon(const struct reply *tokens)
{
    int64_t end = time_monotonic() + 20000000;
    while (is_taken(tokens) && time_monotonic() < end)
        usleep(20000);
    return !is_taken(tokens);
}

/* Rows of sessions that began long ago and can be refreshed for another day. */
static void add_sessions(const char *name, int more)
{
    scoped_text rows = {0}, number = {0};
    struct pg *c = store(); /* patient: a loaded machine takes its time */
    text_printf(&rows,
                "INSERT INTO account_session (session_id, user_id, current, expires, generation, "
                "opened) SELECT overlay(gen_random_uuid()::text PLACING '01900000' FROM 1 FOR "
                "8)::uuid, user_id, user_name, now() + interval '1 day', session_generation, now() "
                "FROM account, generate_series(1, %d) WHERE user_name = '%s'",
                more, name);
    text_printf(&number,
                "UPDATE account SET sessions = (SELECT count(*) FROM account_session s WHERE "
                "s.user_id = account.user_id) WHERE user_name = '%s'",
                name);
    CHECK_OK(pg_run(c, text_value(&rows)));
    CHECK_OK(pg_run(c, text_value(&number)));
    pg_free(c);
}

/* ---- the end of all of them ---- */

static const struct origin OPERATOR = {.correlation_id = "c-1"};

static fallible disable(struct pg *c, struct account *a)
{
    int64_t version;
    return account_disable(c, a->user_id, &OPERATOR, &version);
}

static fallible set_password(struct pg *c, struct account *a)
{
    int64_t version;
    char hash[PASSWORD_HASH_TEXT];
    snprintf(hash, sizeof(hash), "another hash %d", rand());
    return account_set_password(c, a->user_id, hash, &OPERATOR, &version);
}

static fallible set_role(struct pg *c, struct account *a)
{
    int64_t version;
    return account_set_role(c, a->user_id, DISPATCHER, "", &OPERATOR, &version);
}

/* The quickest of three accounts with so many sessions each, us; each time one event and no row of
 * a session that was written. */
static int64_t quickest(const struct problem *(*change)(struct pg *c, struct account *a),
                        int sessions)
{
    struct pg *c = store();
    int64_t best = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        const char *name = new_citizen();
        add_sessions(name, sessions);
        struct account a = account_of(c, name);
        const char *rows = sql("SELECT sum(hashtext(xmin::text || ctid::text)) || ' ' || count(*) "
                               "FROM account_session WHERE user_id = '%s'",
                               a.user_id);
        int64_t start = time_monotonic();
        CHECK_OK(change(c, &a));
        int64_t took = time_monotonic() - start;
        best = took < best ? took : best;
        CHECK_TEXT(sql("SELECT count(*) || ' ' || max(data->>'role_version') FROM es_event WHERE "
                       "stream = 'user-%s' AND version > 1",
                       a.user_id),
                   "1 2");
        CHECK_TEXT(sql("SELECT sum(hashtext(xmin::text || ctid::text)) || ' ' || count(*) FROM "
                       "account_session WHERE user_id = '%s'",
                       a.user_id),
                   rows);
    }
    CHECK_OK(pg_run(c, "TRUNCATE account_session"));
    pg_free(c);
    return best;
}

TEST(a_change_takes_the_same_time_for_one_and_for_100000_sessions)
{
    accounts_server(2, 64);
    const struct problem *(*const changes[])(struct pg * c, struct account * a) = {
        disable, set_password, set_role};
    for (int i = 0; i < 3; i++) {
        int64_t one = quickest(changes[i], 1), many = quickest(changes[i], 100000);
        printf("one session %lld us, 100000 sessions %lld us\n", (long long)one, (long long)many);
        CHECK(many < 3 * one + 10000);
    }
}

TEST(a_disabled_account_is_out_at_once_and_for_good)
{
    accounts_server(2, 64);
    struct pg *c = store();
    const char *name = new_citizen();
    struct reply first = log_in(name, PASSWORD), second = log_in(name, PASSWORD);
    struct account a = account_of(c, name);
    CHECK_INT(me(&first), 200);
    CHECK_OK(disable(c, &a));
    CHECK_INT(refresh(&first).status, 401);
    CHECK(refused_soon(&first));
    CHECK_INT(me(&second), 401);
    CHECK_INT(log_in(name, PASSWORD).status, 401);
    CHECK_OK(account_enable(c, a.user_id, &OPERATOR));
    CHECK_INT(refresh(&first).status, 401);
    CHECK_INT(refresh(&second).status, 401);
    CHECK_INT(me(&first), 401);
    struct reply again = log_in(name, PASSWORD);
    CHECK_INT(me(&again), 200);
    CHECK_INT(refresh(&again).status, 200);
    CHECK_OK(account_enable(c, a.user_id, &OPERATOR)); /* it is: no event */
    CHECK_TEXT(sql("SELECT string_agg(type, ' ' ORDER BY version) FROM es_event WHERE stream = "
                   "'user-%s'",
                   a.user_id),
               "user.registered user.disabled user.enabled");
    pg_free(c);
}

TEST(another_role_makes_tokens_old_and_ends_no_refreshing)
{
    accounts_server(2, 64);
    struct pg *c = store();
    const char *name = new_citizen();
    struct reply first = log_in(name, PASSWORD);
    struct account a = account_of(c, name);
    CHECK_OK(set_role(c, &a));
    CHECK(refused_soon(&first));
    struct reply second = refresh(&first);
    CHECK_INT(second.status, 200);
    CHECK_TEXT(member(&second, "role"), "DISPATCHER");
    CHECK_INT(me(&second), 200);
    pg_free(c);
}

/* A log-in that has read the row before the change gets what is so after it. */
TEST(a_session_opened_beside_a_change_of_role_has_the_new_one)
{
    accounts_server(2, 64);
    char session[UUID_TEXT];
    struct pg *c = store();
    struct account a = account_of(c, new_citizen());
    CHECK_OK(set_role(c, &a));
    CHECK_INT(a.role, CITIZEN);
    CHECK_OK(session_open(c, &a, uuid_new(session), "tag", 30));
    CHECK_INT(a.role, DISPATCHER);
    CHECK_INT(a.role_version, 2);
    pg_free(c);
}

/* ---- at most 1,000 ---- */

enum { USERS = 150, ROUNDS = 12 };

struct user {
    const char *name;
    int64_t took_us; /* the slowest of the last round's */
    int good;
};

static void *user_main(void *arg)
{
    struct user *u = arg;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start = time_monotonic();
        u->good += log_in(u->name, PASSWORD).status == 200;
        u->took_us = time_monotonic() - start;
    }
    return NULL;
}

/* The seed's load: 150 users, all of them one citizen, who log in at every iteration. */
TEST(of_one_citizens_log_ins_at_the_seeds_rate_the_newest_thousand_stay)
{
    accounts_server(2, 64);
    static struct user users[USERS];
    pthread_t threads[USERS];
    int good = 0;
    const char *name = new_citizen();
    struct reply oldest = log_in(name, PASSWORD);
    const char *id = member(&oldest, "id");
    long events = count("SELECT count(*) FROM es_event");
    int64_t start = time_monotonic();
    for (int i = 0; i < USERS; i++) {
        users[i] = (struct user){.name = name};
        CHECK_INT(pthread_create(&threads[i], NULL, user_main, &users[i]), 0);
    }
    for (int i = 0; i < USERS; i++) {
        pthread_join(threads[i], NULL);
        good += users[i].good;
    }
    int64_t took = time_monotonic() - start;
    printf("%d log-ins, %lld a second\n", good, good * 1000000LL / took);
    CHECK_INT(good, USERS * ROUNDS);
    CHECK_TEXT(sql("SELECT count(*) || ' ' || (SELECT sessions FROM account WHERE user_id = '%s') "
                   "FROM account_session WHERE user_id = '%s'",
                   id, id),
               "1000 1000");
    CHECK_INT(count("SELECT count(*) FROM es_event"), events);
    struct reply newest = log_in(name, PASSWORD);
    CHECK_INT(refresh(&oldest).status, 401);
    CHECK_INT(me(&oldest), 200); /* it runs out by itself */
    CHECK_INT(refresh(&newest).status, 200);
    CHECK_TEXT(sql("SELECT count(*) FROM account_session WHERE user_id = '%s' AND opened > "
                   "(SELECT min(opened) FROM account_session WHERE user_id = '%s')",
                   id, id),
               "999");
    /* A log-out with an access token whose row went still ends it everywhere. */
    CHECK_INT(ask("POST", "/auth/logout", member(&oldest, "token"), NULL, NULL).status, 204);
    CHECK_INT(count("SELECT count(*) FROM es_event"), events + 1);
}

static const char *blocks_of_a_log_in(const char *id)
{
    char session[UUID_TEXT];
    return sql(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM open_session('%s', '%s', (SELECT "
        "password_hash FROM account WHERE user_id = '%s'), 't', 30, 1000)",
        uuid_new(session), id, id);
}

static long hits(const char *plan)
{
    const char *at = strstr(plan, "\"Shared Hit Blocks\": ");
    return at ? strtol(at + strlen("\"Shared Hit Blocks\": "), NULL, 10) : -1;
}

/* Past the limit a log-in costs no more blocks, however many rows went before it. */
TEST(the_oldest_is_found_without_counting_all)
{
    accounts_server(2, 64);
    const char *name = new_citizen();
    add_sessions(name, 900);
    const char *id = sql("SELECT user_id FROM account WHERE user_name = '%s'", name);
    for (int i = 0; i < 5; i++)
        hits(blocks_of_a_log_in(id));
    long before = hits(blocks_of_a_log_in(id));
    sql("DO $$ DECLARE a account; BEGIN SELECT * INTO a FROM account WHERE user_id = '%s'; "
        "FOR i IN 1..3000 LOOP COMMIT; PERFORM open_session(overlay(gen_random_uuid()::text "
        "PLACING "
        "'01910000' FROM 1 FOR 8)::uuid, a.user_id, a.password_hash, 't', 30, 1000); END LOOP; END "
        "$$",
        id);
    long after = hits(blocks_of_a_log_in(id));
    printf("blocks of a log-in: %ld below the limit, %ld past it\n", before, after);
    CHECK(before > 0 && after < 2 * before + 40);
    CHECK_TEXT(sql("SELECT count(*) FROM account_session WHERE user_id = '%s'", id), "1000");
}

TEST(sessions_that_ended_by_themselves_push_no_living_one_out)
{
    accounts_server(2, 64);
    const char *name = new_citizen();
    struct reply living = log_in(name, PASSWORD);
    for (int i = 0; i < 3; i++) {
        add_sessions(name, 998);
        sql("UPDATE account_session SET expires = now() WHERE current = '%s'", name);
        while (count("SELECT expire_sessions(1000)") > 0)
            continue;
        CHECK_INT(log_in(name, PASSWORD).status, 200);
    }
    CHECK_INT(refresh(&living).status, 200);
    CHECK_TEXT(sql("SELECT sessions FROM account WHERE user_name = '%s'", name), "4");
}

/* ---- what is over ---- */

TEST(rows_go_faster_than_log_ins_can_add_them)
{
    accounts_server(2, 64);
    const char *name = new_citizen();
    add_sessions(name, 6000);
    sql("UPDATE account_session SET expires = now() WHERE current = '%s'", name);
    int64_t start = time_monotonic(), end = start + 30000000;
    long left = 1;
    struct expiry *e = expiry_new(accounts_server_api()->settings);
    while (left && time_monotonic() < end) {
        usleep(100000);
        left = strtol(sql("SELECT sessions FROM account WHERE user_name = '%s'", name), NULL, 10);
    }
    int64_t took = time_monotonic() - start;
    expiry_free(e);
    printf("%lld rows a second\n", 6000 * 1000000LL / took);
    CHECK_INT(left, 0);
    CHECK(took < 10000000); /* 1,000 a minute would be six minutes */
    CHECK_TEXT(sql("SELECT count(*) FROM account_session WHERE current = '%s'", name), "0");
}

/* ---- another life of the log ---- */

TEST(a_raised_epoch_ends_every_session_and_token_issued_before)
{
    accounts_server(2, 64);
    const char *name = new_citizen();
    struct reply before = log_in(name, PASSWORD);
    struct reply rotated = refresh(&before);
    CHECK_INT(me(&rotated), 200);
    /* What the new life does not know: a role version it will give out again. */
    revoked_role(accounts_server_api()->revoked, member(&before, "id"), 9, time_now());
    sql("UPDATE es_store SET epoch = epoch + 1");
    struct reply after = log_in(name, PASSWORD); /* within the same second */
    CHECK_INT(after.status, 200);
    for (int i = 0; i < 500 && !is_taken(&after); i++) /* the role version is forgotten, too */
        usleep(20000);
    CHECK_INT(me(&after), 200);
    CHECK_INT(me(&rotated), 401);
    CHECK_INT(me(&before), 401);
    CHECK_INT(refresh(&rotated).status, 401);
    struct reply next = refresh(&after);
    CHECK_INT(next.status, 200);
    CHECK_INT(me(&next), 200);
    sql("UPDATE es_store SET store_id = store_id"); /* no other life: nothing ends */
    CHECK_INT(refresh(&next).status, 200);
}

/* The log was set back: what comes again below the old position is not missed. */
TEST(a_follower_reads_a_new_life_from_its_beginning)
{
    accounts_server(2, 64);
    struct revoked *r = revoked_new();
    struct pg *c = store();
    int64_t position = -1, ahead;
    struct reply in = log_in(new_citizen(), PASSWORD);
    struct claims claims = {.role_version = 1, .issued = time_now() + 3600000000};
    snprintf(claims.user_id, sizeof(claims.user_id), "%s", member(&in, "id"));
    snprintf(claims.session, sizeof(claims.session), "%.36s", member(&in, "refresh_token"));
    CHECK_OK(revoked_follow(r, c, &position));
    ahead = position += 1000000; /* as it stood in the life that was lost */
    CHECK_INT(ask("POST", "/auth/logout", member(&in, "token"), NULL, NULL).status, 204);
    CHECK_OK(revoked_follow(r, c, &position));
    CHECK(!is_revoked(r, &claims) && position == ahead);
    sql("UPDATE es_store SET epoch = epoch + 1");
    CHECK_OK(revoked_follow(r, c, &position));
    CHECK(is_revoked(r, &claims) && position < ahead);
    pg_free(c);
    revoked_free(r);
}
