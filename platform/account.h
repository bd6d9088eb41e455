/* account.h -- the accounts tables of the store database: one call, one statement, one commit.
 * Blocks; for the accounts thread and citywatchctl. Each call may be repeated when its answer was lost,
 * and is repeated once here, so a restarted database costs nobody an error.
 * Problems: DATABASE_UNAVAILABLE, STATEMENT_REFUSED, and those named below. */
#pragma once

#include "base/arena.h"
#include "platform/password.h"
#include "platform/postgres.h"
#include "platform/token.h"

enum { USER_NAME_MAX = 64, USER_NAME_TEXT = USER_NAME_MAX + 1 };

struct account {
    char user_id[37];
    char user_name[USER_NAME_TEXT];
    char hash[PASSWORD_HASH_TEXT];
    enum role role;
    char agency[65]; /* "" if none */
    int64_t role_version;
    bool disabled;
};

/* What goes into the metadata of an event. */
struct origin {
    const char *correlation_id;
    const char *traceparent; /* NULL: none */
    const char *actor;       /* user id; NULL: the system */
};

/* *found is false and *out untouched if there is none. Names are found in any case. */
fallible account_by_name(struct pg *c, const char *name, struct account *out, bool *found);
fallible account_by_id(struct pg *c, const char *user_id, struct account *out, bool *found);

/* Creates `a` (its user_id is new) and appends user.registered. NAME_TAKEN. */
fallible account_register(struct pg *c, const struct account *a, const struct origin *o,
                          int64_t *position);
fallible account_rehash(struct pg *c, const struct account *a, const char *new_hash);

/* A new family of refresh tokens. BAD_CREDENTIALS: meanwhile the account was disabled or got another
 * password. */
fallible session_open(struct pg *c, const struct account *a, const char *session, const char *tag,
                      int64_t days);

/* Presents a refresh token by its tag. BAD_REFRESH_TOKEN; *ended then says whether that ended the
 * family just now. */
fallible session_refresh(struct pg *c, const char *session, const char *tag, const char *successor,
                         int64_t days, const struct origin *o, struct account *out, bool *ended);

/* Ends the family, appends user.session.ended; nothing if it has ended before. */
fallible session_end(struct pg *c, const char *user_id, const char *session, const struct origin *o);

/* Deletes sessions that are over, a bounded number. */
fallible sessions_expire(struct pg *c);
