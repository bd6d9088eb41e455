/* sla_history.c -- the default policy and another one, defined again and again, and new plans of
 * clocks, also of such as there are not. "own" is of tests that define it. */
#include "tests/support/history.h"

static const struct PolicyClock *pick_clock(struct history *h)
{
    struct PolicyLevel *levels = arena_array(&h->arena, 2, sizeof(*levels));
    struct shape_list *list = arena_alloc(&h->arena, sizeof(*list));
    struct PolicyClock *clock = arena_alloc(&h->arena, sizeof(*clock));
    levels[0] = (struct PolicyLevel){
        .name = "due", .number = 1, .target = escalation_target_words[history_pick(h, 2)]};
    levels[1] = (struct PolicyLevel){.name = "late",
                                     .number = 2,
                                     .after_due_seconds = 1 + history_pick(h, 9),
                                     .office_hours = history_pick(h, 2),
                                     .target = "supervisor"};
    *list = (struct shape_list){history_pick(h, 3), levels};
    *clock = (struct PolicyClock){10 + history_pick(h, 90), "always", list};
    return history_pick(h, 4) ? clock : NULL;
}

/* Members that both events have. First versions are mostly there; without a plan a clock ends. */
#define NEXT_PLAN(h, id, reasons)                                               \
    .report_id = (id), .clock = history_pick(h, 3) ? "resolve" : "acknowledge", \
    .reason = plan_reason_words[reasons], .consumed_us = history_pick(h, 9),    \
    .policy = history_pick(h, 4)   ? "own"                                      \
              : history_pick(h, 2) ? "default"                                  \
                                   : "urgent-things",                           \
    .policy_version = 1 + (history_pick(h, 6) == 0),                            \
    .calendar = history_pick(h, 4) ? "own" : NULL, .calendar_version = 1

static void plan(struct history *h)
{
    const char *id = history_subject(h, history_pick(h, HISTORY_SUBJECTS));
    if (history_pick(h, 2))
        history_add(h, "sla", id,
                    EVENT(SlaPlanned, NEXT_PLAN(h, id, PLAN_POLICY + history_pick(h, 2)),
                          .planned_at = history_moment(h)));
    else
        history_add(h, "sla", id,
                    EVENT(SlaRepoliced, NEXT_PLAN(h, id, history_pick(h, PLAN_POLICY)),
                          .repoliced_at = history_moment(h)));
}

static void define(struct history *h)
{
    const char *id = history_pick(h, 2) ? "default" : "urgent-things";
    struct texts_pair *pair = arena_alloc(&h->arena, sizeof(*pair));
    *pair = (struct texts_pair){"en", arena_printf(&h->arena, "n %d", history_pick(h, 50))};
    const struct texts names = {1, pair};
    const char *priority = history_pick(h, 2) ? priority_words[history_pick(h, 4)] : NULL;
    history_add(h, "policy", id,
                EVENT(PolicyDefined, .policy_id = id, .rank = history_pick(h, 100),
                      .names = history_pick(h, 2) ? &names : NULL, .priority = priority,
                      .category = history_pick(h, 2) ? "roads" : NULL,
                      .agency = history_pick(h, 2) ? "A1" : NULL, .acknowledge = pick_clock(h),
                      .resolve = pick_clock(h), .answer = pick_clock(h),
                      .active = history_pick(h, 2), .defined_at = history_moment(h),
                      .apply = history_pick(h, 2) ? NULL : "open"));
}

static void step(struct history *h, void *state)
{
    (void)state;
    if (!history_pick(h, 3))
        plan(h);
    else
        define(h);
}

const struct history_generator sla_history[1] = {{.weight = 2, .state_size = 0, .step = step}};
