/* password.h -- Argon2id of passwords by libsodium, "interactive": 64 MiB and about 60 ms of a core
 * a call. Any thread, but never a loop's: the hash pool's. */
#pragma once

#include <stdbool.h>

#include "base/problem.h"

enum { PASSWORD_HASH_TEXT = 128 }; /* bytes, with the NUL */

/* QUEUE_FULL: there is no memory for it now. */
fallible password_hash(const char *password, char out[PASSWORD_HASH_TEXT]);

/* *right is whether the hash was made from this password. QUEUE_FULL: there was no memory to find
 * out, which libsodium 1.0.18 reports like a wrong password. INTERNAL: that is no Argon2id hash. */
fallible password_verify(const char *hash, const char *password, bool *right);

/* The hash was made with other costs than password_hash would use now. */
bool password_needs_rehash(const char *hash);

/* Overwrites a text that held a password; NULL is allowed. */
void password_wipe(char *password);
