/* account.c -- see account.h. */
#include "features/account/account.h"

#include "base/banned.h"

static void user_evolve(void *state, const struct event *e, struct arena *a)
{
    struct user *u = state;
    switch ((enum account_event)e->type) {
    case UserRegistered:
        *u = (struct user){.registered = true,
                           .role = role_from(e->UserRegistered.role),
                           .agency = arena_text(a, e->UserRegistered.agency)};
        break;
    case UserRoleChanged:
        u->role = role_from(e->UserRoleChanged.role);
        u->agency = arena_text(a, e->UserRoleChanged.agency);
        break;
    case UserDisabled: u->disabled = true; break;
    case UserEnabled: u->disabled = false; break;
    case UserSessionEnded:
    case UserPasswordChanged: break;
    }
}

void stream_of_user(const char *user_id, char out[STREAM_TEXT])
{
    stream_name("user", user_id, out);
}

static fallible user_decide(const void *state, const struct command *c, struct decision *out)
{
    (void)state, (void)c, (void)out;
    return INTERNAL; /* there is no command */
}

DECIDER(user);
