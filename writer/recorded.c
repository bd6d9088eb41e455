/* recorded.c -- see recorded.h. */
#include "writer/recorded.h"

#include "base/log.h"
#include "base/banned.h"

/* What could not be read again is refused before anything is stored. */
fallible recorded_write(struct pending *p)
{
    const char *type = "";
    struct fault fault = {0};
    const struct problem *problem = decision_write(&p->decision, &type, &fault);
    if (problem)
        log_error("a rule has made an event that could not be read again: it was not stored",
                  KV("command", command_name(p->command.type)), KV("type", type),
                  KV("member", fault.field ? fault.field : ""),
                  KV("reason", fault.detail ? fault.detail : ""));
    return problem;
}

const char *recorded_meta(struct pending *p)
{
    scoped_text meta = {0};
    const char *correlation = p->correlation_id;
    if (p->anonymous) {
        uuid_new(p->own_correlation);
        correlation = p->own_correlation;
    }
    text_append(&meta, "{\"correlation_id\":");
    text_append_json(&meta, correlation);
    if (p->traceparent && !p->anonymous) {
        text_append(&meta, ",\"traceparent\":");
        text_append_json(&meta, p->traceparent);
    }
    if (p->command.actor.user_id && !p->anonymous) {
        text_append(&meta, ",\"actor\":");
        text_append_json(&meta, p->command.actor.user_id);
    }
    text_append(&meta, "}");
    return arena_text(p->arena, text_value(&meta));
}
