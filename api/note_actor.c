/* note_actor.c -- see note_actor.h. */
#include "api/note_actor.h"

#include "api/request_kinds.h"
#include "base/banned.h"

void note_actor(struct http_request *r, int roles, const struct claims *who)
{
    struct http_notes *n = http_notes(r);
    if (roles == ADMIN)
        n->kind = KIND_ADMIN;
    if (!who)
        return;
    n->actor = arena_text(http_arena(r), who->user_id);
    n->agency = *who->agency ? arena_text(http_arena(r), who->agency) : NULL;
    n->role = role_name(who->role);
}
