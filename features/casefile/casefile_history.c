/* casefile_history.c -- random notes and holds; a hold is changed, and ends, at random. */
#include "tests/support/history.h"

struct file {
    bool held;
    int64_t since, until;
};

static const char *who(struct history *h)
{
    return history_pick(h, 4) ? history_person(h, history_pick(h, HISTORY_PEOPLE)) : NULL;
}

static void note(struct history *h, const char *report)
{
    history_add(h, "case", report,
                EVENT(CaseNoted, .report_id = report,
                      .note_id = arena_printf(&h->arena, "019b7f00-0000-7000-8000-%012d", h->count),
                      .text = arena_printf(&h->arena, "n %d", history_pick(h, 100)),
                      .noted_by = who(h), .noted_at = history_moment(h)));
}

static void hold(struct history *h, struct file *f, const char *report)
{
    int64_t now = history_moment(h);
    f->since = f->held ? f->since : now;
    f->until = now + 1000000;
    f->held = true;
    history_add(h, "case", report,
                EVENT(CaseHeld, .report_id = report, .owner_agency = "AGENCY_INFRA",
                      .reason = arena_printf(&h->arena, "r %d", history_pick(h, 100)),
                      .until = history_pick(h, 2) ? &f->until : NULL, .since = f->since,
                      .held_by = who(h), .held_at = now));
}

static void step(struct history *h, void *state)
{
    int i = history_pick(h, HISTORY_SUBJECTS);
    struct file *f = (struct file *)state + i;
    const char *report = history_subject(h, i);
    switch (history_pick(h, f->held ? 3 : 2)) {
    case 0: note(h, report); break;
    case 1: hold(h, f, report); break;
    case 2:
        f->held = false;
        history_add(h, "case", report,
                    EVENT(CaseResumed, .report_id = report, .resumed_by = who(h),
                          .resumed_at = history_moment(h)));
        break;
    }
}

const struct history_generator casefile_history[1] = {
    {.weight = 3, .state_size = HISTORY_SUBJECTS * sizeof(struct file), .step = step}};
