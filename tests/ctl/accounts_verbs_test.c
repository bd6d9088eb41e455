/* accounts_verbs_test.c -- what citywatchctl changes in an account ends in the log, and so in every
 * service. */
#include "tests/ctl/small_city.h"

#include "platform/identity/account.h"

static void add_account(struct small_city *c, const char *name, const char *role)
{
    test_shell("printf password | DATABASE_URL='%s' " CITYWATCHCTL
               " account add %s --role %s --password-file -",
               c->log_url, name, role);
}

static void open_session(struct small_city *c, const char *name, const char *session)
{
    struct account a;
    bool found;
    CHECK_OK(account_by_name(c->log, name, &a, &found));
    CHECK_OK(session_open(c->log, &a, session, "tag", 30));
}

static bool refused(struct small_city *c, const char *name, const char *session, int64_t version)
{
    int64_t position = -1;
    struct claims claims = {.role_version = version};
    struct account a;
    bool found;
    CHECK_OK(account_by_name(c->log, name, &a, &found));
    snprintf(claims.user_id, sizeof(claims.user_id), "%s", a.user_id);
    snprintf(claims.session, sizeof(claims.session), "%s", session);
    struct revoked *r = revoked_new();
    CHECK_OK(revoked_follow(r, c->log, &position));
    bool is = is_revoked(r, &claims);
    revoked_free(r);
    return is;
}

#define FIRST_SESSION  "019b7f00-0000-7000-8000-0000000000e1"
#define SECOND_SESSION "019b7f00-0000-7000-8000-0000000000e2"

TEST(a_disabled_account_is_out_of_every_session)
{
    struct small_city c = city_found();
    add_account(&c, "mallory", "CITIZEN");
    open_session(&c, "mallory", FIRST_SESSION);
    open_session(&c, "mallory", SECOND_SESSION);
    CHECK_INT(ctl(&c, "account disable mallory"), 1);
    CHECK(!refused(&c, "mallory", FIRST_SESSION, 1));
    CHECK_INT(ctl(&c, "account disable mallory --yes"), 0);
    CHECK(said("mallory is disabled") && said("role version below 2"));
    CHECK(refused(&c, "mallory", FIRST_SESSION, 1) && refused(&c, "mallory", SECOND_SESSION, 1));
    CHECK_INT(number(c.log,
                     "SELECT count(*) FROM es_event e JOIN account a ON e.stream = 'user-' || "
                     "a.user_id WHERE type = 'user.disabled' AND category = 'user' AND "
                     "data->>'user_id' = a.user_id::text AND data->>'role_version' = '2'"),
              1);
    CHECK_INT(number(c.log, "SELECT count(*) FROM es_event"), 2);
    CHECK_INT(ctl(&c, "account list"), 0);
    CHECK(said("disabled"));
    CHECK_INT(ctl(&c, "account disable mallory --yes"), 0); /* nothing more to end */
    CHECK_INT(number(c.log, "SELECT count(*) FROM es_event"), 2);
    CHECK_INT(ctl(&c, "account disable nobody --yes"), 1);
    CHECK_INT(ctl(&c, "verify store"), 0);
    city_leave(&c);
}

TEST(an_account_that_is_enabled_again_may_log_in_and_its_old_sessions_stay_out)
{
    struct small_city c = city_found();
    struct account a;
    bool found;
    add_account(&c, "alice", "CITIZEN");
    open_session(&c, "alice", FIRST_SESSION);
    CHECK_INT(ctl(&c, "account disable alice --yes"), 0);
    CHECK_OK(account_by_name(c.log, "alice", &a, &found));
    CHECK_PROBLEM(session_open(c.log, &a, SECOND_SESSION, "tag", 30), BAD_CREDENTIALS);
    CHECK_INT(ctl(&c, "account enable ALICE"), 0);
    CHECK(said("alice may log in again"));
    CHECK_OK(session_open(c.log, &a, SECOND_SESSION, "tag", 30));
    CHECK(refused(&c, "alice", FIRST_SESSION, 1));
    CHECK_INT(a.role_version, 2);
    CHECK(!refused(&c, "alice", SECOND_SESSION, a.role_version));
    CHECK_INT(number(c.log, "SELECT count(*) FROM account WHERE disabled"), 0);
    CHECK_INT(ctl(&c, "account enable alice"), 0); /* it is */
    CHECK_INT(number(c.log, "SELECT count(*) FROM es_event WHERE type = 'user.enabled'"), 1);
    CHECK_INT(ctl(&c, "account enable nobody"), 1);
    CHECK_INT(ctl(&c, "account enable alice --yes"), 2);
    CHECK_INT(ctl(&c, "account enable"), 2);
    city_leave(&c);
}

/* Whoever ends an agency waits for the account that was just given to it, or comes first. */
TEST(an_agency_does_not_end_while_an_account_is_given_to_it)
{
    struct small_city c = city_found();
    append(&c, "agency-AGENCY_INFRA", 0, "catalog", AgencyDefined, "{\"active\":true}");
    change(c.log, "BEGIN; SELECT is_active_agency('AGENCY_INFRA')");
    test_shell(
        "psql -qX '%s' -c \"SET lock_timeout = '200ms'\" -c \"UPDATE es_stream SET version = "
        "2\" 2>&1 | grep -q 'lock timeout'",
        c.log_url);
    change(c.log, "ROLLBACK");
    city_leave(&c);
}

TEST(a_role_that_changes_makes_older_tokens_invalid)
{
    struct small_city c = city_found();
    append(&c, "agency-AGENCY_INFRA", 0, "catalog", AgencyDefined, "{\"active\":true}");
    add_account(&c, "trent", "CITIZEN");
    CHECK_INT(ctl(&c, "account role trent --role OFFICER"), 1);
    CHECK(said("agency"));
    CHECK_INT(ctl(&c, "account role trent --role OFFICER --agency AGENCY_INFRA"), 0);
    CHECK_INT(number(c.log,
                     "SELECT count(*) FROM account WHERE role = 'OFFICER' AND role_version = 2 "
                     "AND agency = 'AGENCY_INFRA'"),
              1);
    CHECK_INT(number(c.log, "SELECT count(*) FROM es_event WHERE type = 'user.role.changed' AND "
                            "data->>'role' = 'OFFICER' AND data->>'agency' = 'AGENCY_INFRA' AND "
                            "(data->>'role_version')::int = 2"),
              1);
    CHECK(refused(&c, "trent", FIRST_SESSION, 1));
    CHECK(!refused(&c, "trent", FIRST_SESSION, 2));
    CHECK_INT(ctl(&c, "account role trent --role OFFICER --agency AGENCY_INFRA"), 0); /* the same */
    CHECK_INT(ctl(&c, "account role trent --role CITIZEN"), 0);
    CHECK_INT(number(c.log, "SELECT role_version FROM account WHERE agency IS NULL"), 3);
    CHECK_INT(number(c.log, "SELECT count(*) FROM es_event"), 4);
    CHECK_INT(ctl(&c, "account role nobody --role CITIZEN"), 1);
    city_leave(&c);
}

static const struct problem *refresh(struct small_city *c, const char *session)
{
    struct account a;
    bool ended;
    const struct origin o = {.correlation_id = "c-1"};
    return session_refresh(c->log, session, "tag", "tag", 30, &o, &a, &ended);
}

/* The lives before knew of log-outs and disablings that this one does not. */
TEST(a_raised_epoch_ends_all_sessions_and_tokens_of_everybody)
{
    struct small_city c = city_found();
    struct account a;
    bool found;
    int64_t position = -1;
    add_account(&c, "alice", "CITIZEN");
    add_account(&c, "bob", "CITIZEN");
    open_session(&c, "alice", FIRST_SESSION);
    struct claims before = {.role_version = 1, .issued = time_now() / 1000000 * 1000000};
    CHECK_OK(refresh(&c, FIRST_SESSION));
    CHECK_INT(ctl(&c, "epoch raise --yes"), 0);
    CHECK_OK(account_by_name(c.log, "bob", &a, &found));
    CHECK_OK(session_open(c.log, &a, SECOND_SESSION, "tag", 30));
    struct claims after = {.role_version = 1, .issued = a.raised};
    struct revoked *r = revoked_new();
    CHECK_OK(revoked_follow(r, c.log, &position));
    CHECK(is_revoked(r, &before) && !is_revoked(r, &after));
    CHECK_PROBLEM(refresh(&c, FIRST_SESSION), BAD_REFRESH_TOKEN);
    CHECK_OK(refresh(&c, SECOND_SESSION));
    CHECK_INT(number(c.log, "SELECT count(*) FROM account_session"), 2); /* none was touched */
    revoked_free(r);
    city_leave(&c);
}

TEST(another_password_ends_the_sessions_of_the_old_one)
{
    struct small_city c = city_found();
    struct account before, after;
    bool found;
    add_account(&c, "carol", "CITIZEN");
    open_session(&c, "carol", FIRST_SESSION);
    CHECK_OK(account_by_name(c.log, "carol", &before, &found));
    test_shell("printf 'another one' >%s/word", test_folder());
    CHECK_INT(ctl(&c, "account password carol --password-file %s/word", test_folder()), 0);
    CHECK(said("carol has another password") && said("role version below 2"));
    CHECK_OK(account_by_name(c.log, "carol", &after, &found));
    CHECK(!text_equal(before.hash, after.hash));
    CHECK(refused(&c, "carol", FIRST_SESSION, 1));
    /* A log-in that has read the old row finds it changed. */
    CHECK_PROBLEM(session_open(c.log, &before, SECOND_SESSION, "tag", 30), BAD_CREDENTIALS);
    test_shell("printf short >%s/word", test_folder());
    CHECK_INT(ctl(&c, "account password carol --password-file %s/word", test_folder()), 1);
    CHECK_INT(ctl(&c, "account password nobody --password-file %s/word", test_folder()), 1);
    city_leave(&c);
}
