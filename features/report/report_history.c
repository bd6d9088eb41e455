/* report_history.c -- random reports: filed, then moved from any status to any other, since a view
 * folds what was recorded and judges no move. */
#include "tests/support/history.h"

struct filed {
    const char *visibility, *category, *agency, *status; /* status NULL: not filed yet */
};

static void file(struct history *h, struct filed *r, const char *id)
{
    static struct Place place = {.latitude = -6.2, .longitude = 106.8};
    static const int64_t occurred = 1767225600000000;
    int who = history_pick(h, 3);
    *r = (struct filed){.visibility = visibility_words[history_pick(h, VISIBILITY_COUNT)],
                        .category = history_pick(h, 2) ? "kebersihan" : "kesehatan",
                        .agency = history_pick(h, 2) ? "AGENCY_INFRA" : "AGENCY_HEALTH",
                        .status = status_words[RECEIVED]};
    history_add(h, "report", id,
                EVENT(ReportCreated, .report_id = id,
                      .reporter_user_id = who == 1 ? history_person(h, 0) : NULL,
                      .reporter_pseudonym = who == 2 ? "p1" : NULL, .visibility = r->visibility,
                      .content = arena_printf(&h->arena, "c %d", history_pick(h, 100)),
                      .category = r->category, .owner_agency = r->agency, .status = r->status,
                      .location = history_pick(h, 3) ? NULL : &place,
                      .occurred_at = history_pick(h, 3) ? NULL : &occurred,
                      .created_at = history_moment(h),
                      .kind = history_pick(h, 3) ? category_kind_words[history_pick(h, 2)] : NULL));
}

static void move(struct history *h, struct filed *r, const char *id)
{
    const char *to = status_words[history_pick(h, STATUS_COUNT)];
    history_add(h, "report", id,
                EVENT(ReportStatusUpdated, .report_id = id, .old_status = r->status,
                      .new_status = to, .owner_agency = r->agency, .category = r->category,
                      .visibility = r->visibility, .note = history_pick(h, 2) ? "why" : NULL,
                      .changed_at = history_moment(h)));
    r->status = to;
}

static void step(struct history *h, void *state)
{
    int i = history_pick(h, HISTORY_SUBJECTS);
    struct filed *r = (struct filed *)state + i;
    if (r->status)
        move(h, r, history_subject(h, i));
    else
        file(h, r, history_subject(h, i));
}

const struct history_generator report_history[1] = {
    {.weight = 5, .state_size = HISTORY_SUBJECTS * sizeof(struct filed), .step = step}};
