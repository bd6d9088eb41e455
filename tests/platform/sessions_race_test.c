/* sessions_race_test.c -- log-ins, log-outs, refreshes, expiry and an operator at once, on few
 * accounts by many connections: nobody waits in a circle, and each account knows its rows. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <pthread.h>

#include "base/time.h"
#include "platform/identity/account.h"

enum { THREADS = 6, ACCOUNTS = 3, ROUNDS = 250, LIMIT = 4 };

static const struct origin nobody = {.correlation_id = "c-1"};
static const char *url;

struct racer {
    unsigned seed;
    int refused; /* calls that failed otherwise than by what another one did */
};

static unsigned draw(struct racer *r, unsigned most)
{
    r->seed = r->seed * 1664525 + 1013904223;
    return (r->seed >> 8) % most;
}

static const char *user(unsigned n)
{
    static const char *const ids[ACCOUNTS] = {"019b7f00-0000-7000-8000-0000000000a1",
                                              "019b7f00-0000-7000-8000-0000000000a2",
                                              "019b7f00-0000-7000-8000-0000000000a3"};
    return ids[n];
}

static const struct problem *run(struct pg *c, const char *format, ...)
{
    va_list args;
    scoped_text sql = {0};
    char text[512];
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    text_append(&sql, text);
    return pg_call(c, &(struct pg_statement){NULL, text_value(&sql)}, 0, NULL, NULL);
}

/* A session of the account, of any age. */
#define ANY_SESSION                                                                   \
    "(SELECT session_id FROM account_session WHERE user_id = '%s' ORDER BY random() " \
    "LIMIT 1)"

static const struct problem *one_call(struct pg *c, struct racer *r)
{
    char session[UUID_TEXT], event[UUID_TEXT];
    const char *id = user(draw(r, ACCOUNTS));
    int64_t version;
    bool ended;
    struct account a;
    uuid_new(session);
    uuid_new(event);
    switch (draw(r, 12)) {
    case 0: return account_disable(c, id, &nobody, &version);
    case 1: return account_enable(c, id, &nobody);
    case 2: return account_set_password(c, id, draw(r, 2) ? "h" : "i", &nobody, &version);
    case 3: return run(c, "SELECT expire_sessions(100)");
    case 4:
        return run(c, "UPDATE account_session SET expires = now() WHERE session_id = " ANY_SESSION,
                   id);
    case 5:
        return run(c, "SELECT end_session(" ANY_SESSION ", '%s', '%s', 1, '{}', '{}')", id, id,
                   event);
    case 6: {
        const struct problem *p =
            session_refresh(c, session, draw(r, 2) ? "t" : "u", "u", 30, &nobody, &a, &ended);
        return p == BAD_REFRESH_TOKEN ? NULL : p;
    }
    case 7:
        return run(c, "SELECT refresh_session(" ANY_SESSION ", '%s', 'u', 30, '%s', 1, '{}', '{}')",
                   id, draw(r, 2) ? "t" : "x", event);
    default:
        return run(c, "SELECT open_session('%s', '%s', '%s', 't', 30, %d)", session, id,
                   draw(r, 2) ? "h" : "i", LIMIT);
    }
}

static void *race(void *arg)
{
    struct racer *r = arg;
    struct pg *c = pg_new(url, "racer", NULL, 20000);
    for (int i = 0; i < ROUNDS; i++)
        r->refused += one_call(c, r) != NULL;
    pg_free(c);
    return NULL;
}

TEST(calls_at_once_never_wait_in_a_circle_and_count_right)
{
    static struct racer racers[THREADS];
    pthread_t threads[THREADS];
    scoped_rows *rows = NULL;
    url = test_store_database();
    struct pg *c = pg_new(url, "test", NULL, 20000);
    for (unsigned i = 0; i < ACCOUNTS; i++)
        CHECK_OK(run(c,
                     "SELECT register_account('%s', 'racer%u', 'racer%u', 'h', 'CITIZEN', NULL, "
                     "gen_random_uuid(), 1, '{}', '{}')",
                     user(i), i, i));
    for (unsigned i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.seed = i + 1};
        pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(racers[i].refused, 0);
    }
    static const struct pg_statement counts = {
        NULL, "SELECT a.sessions, count(s.session_id) FROM account a LEFT JOIN account_session s "
              "USING (user_id) GROUP BY a.user_id"};
    CHECK_OK(pg_call(c, &counts, 0, NULL, &rows));
    CHECK_INT(rows_count(rows), ACCOUNTS);
    for (int i = 0; i < ACCOUNTS; i++) {
        CHECK_INT(rows_int(rows, i, 0), rows_int(rows, i, 1));
        CHECK(rows_int(rows, i, 1) <= LIMIT);
    }
    pg_free(c);
}
