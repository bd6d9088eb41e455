/* sealed_test.c -- seals in the log. */
#include "tests/support/sentences.h"

#define CHAIN  "command-api.requests-0123456789ab"
#define STREAM "audit-" CHAIN
#define KEY    "aa"

static struct event sealed(int64_t number, const char *record_hash)
{
    return EVENT(AuditSealed, .chain = CHAIN, .number = number, .record_hash = record_hash,
                 .public_key = KEY, .sealed_at = NOON - DAY, .entered_at = NOON);
}

static struct command enter(int64_t number, const char *record_hash)
{
    struct command c = COMMAND(EnterSeal, .number = number, .record_hash = record_hash,
                               .public_key = KEY, .sealed_at = NOON - DAY);
    c.target = CHAIN;
    return c;
}

TEST(a_seal_is_entered)
{
    given_nothing();
    when(&system_actor, enter(1000, "01"));
    then(STREAM, "audit", sealed(1000, "01"));
}

TEST(a_later_seal_is_entered_and_an_older_one_is_not)
{
    given_nothing();
    given(sealed(1000, "01"));
    when(&system_actor, enter(1001, "02"));
    then(STREAM, "audit", sealed(1001, "02"));

    given_nothing();
    given(sealed(1000, "01"));
    when(&system_actor, enter(999, "02"));
    then_nothing();
    CHECK_OK(decided_outcome());
}

TEST(the_same_seal_again_changes_nothing_and_another_hash_is_refused)
{
    given_nothing();
    given(sealed(1000, "01"));
    when(&system_actor, enter(1000, "01"));
    then_nothing();
    CHECK_OK(decided_outcome());

    given_nothing();
    given(sealed(1000, "01"));
    when(&system_actor, enter(1000, "02"));
    then_refused(SEAL_CONTRADICTS);
}

TEST(nobody_but_the_system_enters_a_seal)
{
    given_nothing();
    when(&admin, enter(1000, "01"));
    then_refused(WRONG_ROLE);
}
