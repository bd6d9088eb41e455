/* account_migration_test.c -- accounts and sessions of an older store, before names had keys and
 * sessions generations. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "platform/account.h"

#define ANN "019b7f00-0000-7000-8000-0000000000a1"
#define BOB "019b7f00-0000-7000-8000-0000000000b1"

/* Files whose numbers are between the two. */
static void migrate(const char *url, int first, int last)
{
    test_shell(
        "cd %s/migrations/write && for f in *.sql; do n=1${f%%%%_*}; "
        "if [ $n -ge 1%04d ] && [ $n -le 1%04d ]; then psql -qX1 -v ON_ERROR_STOP=1 '%s' -f $f "
        ">/dev/null || exit 1; fi; done",
        SOURCE_DIR, first, last, url);
}

static int64_t number(struct pg *c, const char *sql)
{
    scoped_rows *rows = NULL;
    CHECK_OK(pg_call(c, &(struct pg_statement){NULL, sql}, 0, NULL, &rows));
    return rows ? rows_int(rows, 0, 0) : -1;
}

/* The outcome of the n-th session's refresh token. */
static const struct problem *refresh(struct pg *c, int n, struct account *out)
{
    scoped_arena a = {0};
    bool ended;
    const struct origin o = {.correlation_id = "c-1"};
    return session_refresh(c, arena_printf(&a, "019b7f00-0000-7000-8000-%012x", (unsigned)n),
                           arena_printf(&a, "tag %d", n), "next", 30, &o, out, &ended);
}

TEST(accounts_and_sessions_of_an_older_store_go_on)
{
    const char *url = test_database();
    struct pg *c = pg_new(url, "test", NULL, 30000);
    struct account a = {0};
    bool found = false;
    migrate(url, 1, 18);
    CHECK_OK(pg_run(c, "INSERT INTO account (user_id, user_name, password_hash, role, disabled) "
                       "VALUES ('" ANN "', 'Ann.ILL', 'h', 'CITIZEN', false), "
                       "       ('" BOB "', 'bob', 'h', 'CITIZEN', true)"));
    CHECK_OK(pg_run(c,
                    "INSERT INTO account_session (session_id, user_id, current, expires, ended) "
                    "SELECT ('019b7f00-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '" ANN
                    "', 'tag ' || n, now() + interval '1 day', "
                    "CASE WHEN n % 10 = 0 THEN now() END FROM generate_series(1, 1200) n"));
    migrate(url, 19, 9999);
    CHECK_INT(number(c, "SELECT count(*) FROM account_session"), 1000);
    CHECK_INT(number(c, "SELECT sessions FROM account WHERE user_id = '" ANN "'"), 1000);
    CHECK_INT(number(c, "SELECT sessions FROM account WHERE user_id = '" BOB "'"), 0);
    /* Of 1,080 that had not ended the oldest 80, up to the 88th in all, are gone; the others go on.
     */
    CHECK_PROBLEM(refresh(c, 1, &a), BAD_REFRESH_TOKEN);
    CHECK_PROBLEM(refresh(c, 88, &a), BAD_REFRESH_TOKEN);
    CHECK_PROBLEM(refresh(c, 1190, &a), BAD_REFRESH_TOKEN); /* it had ended */
    CHECK_OK(refresh(c, 89, &a));
    CHECK_OK(refresh(c, 1199, &a));
    CHECK_TEXT(a.user_id, ANN);
    CHECK_OK(account_by_name(c, "aNN.iLL", &a, &found));
    CHECK(found && text_equal(a.user_name, "Ann.ILL"));
    CHECK_OK(session_open(c, &a, "019b7f00-0000-7000-8000-0000000f0001", "tag", 30));
    CHECK_INT(number(c, "SELECT count(*) FROM account_session"), 1000);
    CHECK_OK(account_by_name(c, "BOB", &a, &found));
    CHECK(found && a.disabled);
    pg_free(c);
}
