/* refresh_token.h -- refresh tokens: "<session id>.<secret>.<tag>". The tag is a keyed hash of the
 * rest: only we can make one, so nobody ends another's session by guessing, and it is all the
 * database keeps. The successor's secret is a keyed hash of the token's, so a repeated refresh
 * gives the same. Pure; `key` is the server secret. */
#pragma once

#include <stdbool.h>

#include "platform/identity/digest.h"

struct refresh_token {
    char session[37];
    char secret[DIGEST_TEXT], tag[DIGEST_TEXT];
};

enum { REFRESH_TOKEN_TEXT = 36 + 1 + 64 + 1 + 64 + 1 }; /* bytes, with the NUL */

/* The first token of a session. */
void refresh_token_new(const unsigned char key[32], const char *session, struct refresh_token *out);
void refresh_token_next(const unsigned char key[32], const struct refresh_token *t,
                        struct refresh_token *out);

void refresh_token_write(const struct refresh_token *t, char out[REFRESH_TOKEN_TEXT]);
/* False: we never made this one. */
bool refresh_token_read(const unsigned char key[32], const char *text, struct refresh_token *out);
