/* audit.c -- the seals of the audit's chains, entered in the log, where nobody can take them back.
 */
#include "events/decision.h"

#include "base/arena.h"
#include "base/banned.h"

struct audit {
    int64_t number; /* of the newest record whose hash is in the log; 0: none */
    const char *record_hash;
};

static void audit_evolve(void *state, const struct event *e, struct arena *a)
{
    struct audit *s = state;
    switch ((enum audit_event)e->type) {
    case AuditSealed:
        s->number = e->AuditSealed.number;
        s->record_hash = arena_text(a, e->AuditSealed.record_hash);
        break;
    }
}

/* Two workers may enter the same seal, and one may come behind the other with an older one. */
static fallible audit_decide(const void *state, const struct command *c, struct decision *out)
{
    const struct audit *s = state;
    const struct EnterSeal *seal = &c->EnterSeal;
    char stream[STREAM_TEXT];
    if (c->actor.role != SYSTEM)
        return WRONG_ROLE;
    if (seal->number == s->number && !text_equal(seal->record_hash, s->record_hash))
        return refuse(out, SEAL_CONTRADICTS, "record_hash", NULL);
    stream_name("audit", c->target, stream);
    if (seal->number > s->number)
        emit(out, stream, "audit",
             EVENT(AuditSealed, .chain = c->target, .number = seal->number,
                   .record_hash = seal->record_hash, .public_key = seal->public_key,
                   .sealed_at = seal->sealed_at, .entered_at = c->now));
    answer(out, "chain", c->target);
    return NULL;
}

DECIDER(audit);
