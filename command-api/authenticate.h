/* authenticate.h -- who asks, for handlers of command-api. */
#pragma once

#include "platform/http/http.h"
#include "platform/identity/token.h"

/* For http_on_loop: each loop's own memory of verified tokens. */
void *authenticate_begin(struct http_loop *loop, void *context);
void authenticate_end(void *state);

/* Loop thread. `roles` is a mask; ANYONE may come without a token, then *present is false and *out
 * untouched, but a token that is given must be good. Who it is goes on record (http_notes), also if
 * they may not, and that the request is one for administrators alone. NO_TOKEN, BAD_TOKEN (also of
 * an ended session), TOKEN_EXPIRED, WRONG_ROLE; STORE_UNAVAILABLE until the ended sessions are
 * known, for a token that is good so far: the order of token_admit. `present` may be NULL. */
fallible authenticate(struct http_request *r, int roles, struct claims *out, bool *present);
