/* audit_history.c -- seals of two chains, each of a later record than the one before. */
#include "tests/support/history.h"

enum { WRITERS = 2 };

static void step(struct history *h, void *state)
{
    static const char *const writers[WRITERS] = {"command-api.requests-0a",
                                                 "query-api.security-0b"};
    static const char digits[] = "00000000000000000000000000000000000000000000000000000000000000ab";
    int64_t *numbers = state;
    int w = history_pick(h, WRITERS);
    numbers[w] += 1 + history_pick(h, 1000);
    history_add(h, "audit", writers[w],
                EVENT(AuditSealed, .chain = writers[w], .number = numbers[w], .record_hash = digits,
                      .public_key = digits, .sealed_at = history_moment(h),
                      .entered_at = history_moment(h)));
}

const struct history_generator audit_history[1] = {
    {.weight = 1, .state_size = WRITERS * sizeof(int64_t), .step = step}};
