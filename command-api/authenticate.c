/* authenticate.c -- see authenticate.h. */
#include "command-api/authenticate.h"

#include "api/note_actor.h"
#include "base/time.h"
#include "command-api/command_api.h"
#include "base/banned.h"

enum { TOKENS_REMEMBERED = 16384 };

void *authenticate_begin(struct http_loop *loop, void *context)
{
    (void)loop;
    const struct command_api *api = context;
    return token_cache_new(api->key, api->pseudonym_secret, TOKENS_REMEMBERED);
}

void authenticate_end(void *state)
{
    token_cache_free(state);
}

fallible authenticate(struct http_request *r, int roles, struct claims *out, bool *present)
{
    const struct command_api *api = http_context(r);
    const char *header = http_header(r, HTTP_AUTHORIZATION);
    if (present)
        *present = header != NULL;
    if (!header && roles == ANYONE)
        return NULL;
    const struct problem *p =
        token_admit(http_loop_state(http_loop_of(r)), api->revoked, header, roles, time_now(), out);
    note_actor(r, roles, !p || p == WRONG_ROLE ? out : NULL);
    return p;
}
