/* account.h -- the accounts tables of the store database: one call, one statement, one commit.
 * Blocks; for the accounts thread and citywatchctl. Each call may be repeated when its answer was
 * lost, and is repeated once here, so a restarted database costs nobody an error. Problems:
 * DATABASE_UNAVAILABLE, STATEMENT_REFUSED, and those named below. */
#pragma once

#include "base/arena.h"
#include "platform/identity/password.h"
#include "platform/postgres/postgres.h"
#include "platform/identity/token.h"

enum { USER_NAME_MIN = 3, USER_NAME_MAX = 64, USER_NAME_TEXT = USER_NAME_MAX * 4 + 1 };
enum { PASSWORD_MIN = 8, PASSWORD_MAX = 256, AGENCY_TEXT = 65 };

struct account {
    char user_id[37];
    char user_name[USER_NAME_TEXT]; /* as it is shown */
    char hash[PASSWORD_HASH_TEXT];
    enum role role;
    char agency[AGENCY_TEXT]; /* "" if none */
    int64_t role_version;
    bool disabled;
    int64_t raised; /* us; set with a session: no token of it may seem older (is_revoked) */
};

/* What goes into the metadata of an event. */
struct origin {
    const char *correlation_id;
    const char *traceparent; /* NULL: none */
    const char *actor;       /* user id; NULL: the system */
};

/* *found is false and *out untouched if there is none. A name is found in whatever form it is typed
 * (base/precis.h). */
fallible account_by_name(struct pg *c, const char *name, struct account *out, bool *found);
fallible account_by_id(struct pg *c, const char *user_id, struct account *out, bool *found);

/* What a new account may be called; *shown is the name in the form it is shown in. The fault names
 * "username". */
fallible account_check_name(struct arena *a, const char *name, const char **shown, struct fault *f);
/* What a new password may be; *prepared is the form that is hashed. The fault names "password". */
fallible account_check_password(struct arena *a, const char *password, const char **prepared,
                                struct fault *f);
/* An officer and a supervisor have an agency, a citizen has none; AGENCY_INFRA is one. */
fallible account_check_role(enum role role, const char *agency, struct fault *f);

/* Creates `a` (its user_id is new, its name checked) and appends user.registered. NAME_TAKEN;
 * NO_SUCH_AGENCY: its agency is not defined, or not active. */
fallible account_register(struct pg *c, const struct account *a, const struct origin *o,
                          int64_t *position);
fallible account_rehash(struct pg *c, const struct account *a, const char *new_hash);

/* Sessions of one account; past it the oldest loses its refresh token, silently. */
enum { SESSIONS_MAX = 1000 };

/* A new family of refresh tokens; refreshes what `a` may do. BAD_CREDENTIALS: meanwhile the account
 * was disabled or got another password. */
fallible session_open(struct pg *c, struct account *a, const char *session, const char *tag,
                      int64_t days);

/* Presents a refresh token by its tag. BAD_REFRESH_TOKEN; *ended then says whether that ended the
 * family just now. */
fallible session_refresh(struct pg *c, const char *session, const char *tag, const char *successor,
                         int64_t days, const struct origin *o, struct account *out, bool *ended);

/* Ends the family if it is there, appends user.session.ended. */
fallible session_end(struct pg *c, const char *user_id, const char *session,
                     const struct origin *o);

/* What an operator or an administrator changes: one row and one event, however many sessions there
 * are. Disabling and another password end refreshing; they and a change of role raise the role
 * version, so that every service refuses the tokens issued before. *role_version is the one that
 * counts now. Repeating changes nothing. LAST_ADMIN: somebody (origin.actor) asked for it, and no
 * administrator would be left who may log in; the operator may. */
fallible account_disable(struct pg *c, const char *user_id, const struct origin *o,
                         int64_t *role_version);
/* It may log in again; nothing that was refused becomes valid by it. */
fallible account_enable(struct pg *c, const char *user_id, const struct origin *o);
fallible account_set_password(struct pg *c, const char *user_id, const char *hash,
                              const struct origin *o, int64_t *role_version);
/* NO_SUCH_AGENCY, as above, if the agency is another one than before. */
fallible account_set_role(struct pg *c, const char *user_id, enum role role, const char *agency,
                          const struct origin *o, int64_t *role_version);

/* Position of the account's last event. */
fallible account_position(struct pg *c, const char *user_id, int64_t *position);

/* All accounts by name, a row each: name, role, agency, disabled ("t"), created, user id. */
fallible accounts_list(struct pg *c, struct rows **out);

/* Which of them; a text that is NULL filters nothing. */
struct account_filter {
    const char *name_key; /* how the prepared name begins (base/precis.h) */
    const char *role, *agency;
    const char *disabled; /* "true" or "false" */
    const char *after;    /* id of the account before the page's first */
    int64_t limit;
};
fallible accounts_page(struct pg *c, const struct account_filter *f, struct rows **out);
