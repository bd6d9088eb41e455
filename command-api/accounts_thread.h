/* accounts_thread.h -- what the steps of accounts.c stand on: the database, the hash pool, the way
 * back. Accounts thread only, unless it says otherwise. */
#pragma once

#include "command-api/accounts.h"

struct pg *accounts_database(struct accounts *s);
const struct command_api *accounts_api(struct accounts *s);
const char *accounts_dummy_hash(struct accounts *s); /* of a password that nobody knows */

/* Makes j->new_hash of the password on the pool, then runs `then` here. */
void accounts_hash(struct accounts *s, struct account_job *j,
                   void (*then)(struct accounts *s, struct account_job *j));

/* Whether the fingerprint's password was right at most 5 minutes ago. */
bool accounts_remembers(struct accounts *s, const struct account_job *j);

/* Sets j->stored_hash (borrowed) and the fingerprint. `id` is the account's, or what stands for one
 * that does not exist. */
void accounts_fingerprint(struct accounts *s, struct account_job *j, const char *id,
                          const char *stored_hash);

/* Verifies the password against stored_hash on the pool, unless an equal log-in is being verified:
 * then it shares that one's result. Runs `then` here with j->right, which is remembered if true. If
 * the hash was made with other costs, one of them gets a new_hash, as the last. */
void accounts_verify(struct accounts *s, struct account_job *j,
                     void (*then)(struct accounts *s, struct account_job *j));

/* Exactly one of them, once: the job goes back to its loop. */
void account_answer(struct accounts *s, struct account_job *j, int status);
void account_refuse(struct accounts *s, struct account_job *j, const struct problem *p);
