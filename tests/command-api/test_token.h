/* test_token.h -- an access token of a user of a test, of a session that nobody has ended. */
#pragma once

#include <stdio.h>

#include "base/arena.h"
#include "base/time.h"
#include "platform/identity/token.h"
#include "tests/support/harness.h"

#define SESSION "00000000-0000-7000-8000-00000000000b"

/* Good for a quarter of an hour; in `a`. */
static inline const char *test_token(const struct token_key *key, enum role role, const char *user,
                                     const char *agency, struct arena *a)
{
    struct claims c = {.role = role, .role_version = 1, .session = SESSION};
    scoped_text token = {0};
    int64_t now = time_now();
    c.issued = now;
    c.expires = now + 900 * INT64_C(1000000);
    snprintf(c.user_id, sizeof(c.user_id), "%s", user);
    snprintf(c.agency, sizeof(c.agency), "%s", agency);
    CHECK_OK(token_sign(key, &c, now, &token));
    return arena_text(a, text_value(&token));
}
