/* pending.c -- how a command goes back to its maker, and the key of its answer. */
#include "writer/pending.h"

#include "base/planted.h"
#include "platform/process/metrics.h"
#include "base/banned.h"

static const char *result_word(const struct pending *p)
{
    static const char *const words[] = {
        [OPEN] = "unknown",      [COMMITTED] = "committed",           [CHECKED] = "checked",
        [REPLAYED] = "replayed", [OUTCOME_KEY_REUSED] = "key_reused", [STALE] = "stale",
        [EARLY] = "early",
    };
    return p->problem == QUEUE_FULL ? "busy" : words[p->outcome];
}

void pending_hand_back(struct pending *p)
{
    if (p->may_be_done && !PLANTED(UNKNOWN_TOLD_AS_UNDONE)) {
        p->problem = STORE_UNAVAILABLE;
        p->outcome = OPEN;
        p->fault = (struct fault){0};
    }
    metric_add(METRIC_es_append_total, result_word(p), 1);
    if (PLANTED(REPLAY_NOT_ANSWERED) && p->outcome == REPLAYED)
        return;
    p->settled(p);
}

void pending_refuse_busy(struct pending *p)
{
    p->problem = QUEUE_FULL;
    pending_hand_back(p);
}

void pending_release(struct pending *p)
{
    decision_release(&p->decision);
}

void command_key(const unsigned char secret[32], const char *client_key, const char *who,
                 char out[DIGEST_TEXT])
{
    digest_parts_hex(secret, (const char *const[]){client_key, who}, 2, out);
}
