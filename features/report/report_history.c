/* report_history.c -- random reports: filed, then moved from any status to any other and handled in
 * any order, since a view folds what was recorded and judges nothing. */
#include "tests/support/history.h"

struct filed {
    const char *visibility, *category, *agency, *status; /* status NULL: not filed yet */
    const char *kind, *priority, *assignee;
    const char *question; /* the one asked last; NULL: none that is open */
    int into;             /* 1 + the one it is merged into; 0: none */
    int merged;           /* how many are merged into it */
};

struct reports {
    struct filed at[HISTORY_SUBJECTS];
    int parts; /* questions and comments so far */
};

static const char *pick_agency(struct history *h)
{
    return history_pick(h, 2) ? "AGENCY_INFRA" : "AGENCY_HEALTH";
}

static const char *pick_category(struct history *h)
{
    return history_pick(h, 2) ? "kebersihan" : "kesehatan";
}

static const char *pick_text(struct history *h)
{
    return arena_printf(&h->arena, "c %d", history_pick(h, 100));
}

static const struct Place *pick_place(struct history *h)
{
    static const struct Place place = {.latitude = -6.2, .longitude = 106.8};
    return history_pick(h, 3) ? NULL : &place;
}

static const int64_t *pick_occurred(struct history *h)
{
    static const int64_t occurred = 1767225600000000;
    return history_pick(h, 3) ? NULL : &occurred;
}

static void file(struct history *h, struct filed *r, const char *id)
{
    int who = history_pick(h, 3);
    *r = (struct filed){.visibility = visibility_words[history_pick(h, VISIBILITY_COUNT)],
                        .category = pick_category(h),
                        .agency = pick_agency(h),
                        .status = status_words[RECEIVED],
                        .kind = history_pick(h, 3) ? category_kind_words[history_pick(h, 2)] : NULL,
                        .priority = priority_words[MEDIUM]};
    history_add(h, "report", id,
                EVENT(ReportCreated, .report_id = id,
                      .reporter_user_id = who == 1 ? history_person(h, 0) : NULL,
                      .reporter_pseudonym = who == 2 ? "p1" : NULL, .visibility = r->visibility,
                      .content = pick_text(h), .category = r->category, .owner_agency = r->agency,
                      .status = r->status, .location = pick_place(h),
                      .occurred_at = pick_occurred(h), .created_at = history_moment(h),
                      .kind = r->kind));
    r->kind = r->kind ? r->kind : category_kind_words[ISSUE];
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

static void owned_by(struct filed *r, const char *agency)
{
    if (strcmp(r->agency, agency) != 0)
        r->assignee = NULL;
    r->agency = agency;
}

static void edit(struct history *h, struct filed *r, const char *id)
{
    const char *agency = pick_agency(h), *category = pick_category(h);
    const char *kind = category_kind_words[history_pick(h, 2)];
    history_add(h, "report", id,
                EVENT(ReportEdited, .report_id = id, .content = pick_text(h),
                      .location = pick_place(h), .occurred_at = pick_occurred(h),
                      .old_owner_agency = r->agency, .owner_agency = agency,
                      .old_category = r->category, .category = category, .old_kind = r->kind,
                      .kind = kind, .old_status = r->status, .new_status = r->status,
                      .visibility = r->visibility, .edited_at = history_moment(h)));
    owned_by(r, agency);
    r->category = category;
    r->kind = kind;
}

static void forward(struct history *h, struct filed *r, const char *id)
{
    const char *agency = pick_agency(h);
    history_add(h, "report", id,
                EVENT(ReportForwarded, .report_id = id, .old_owner_agency = r->agency,
                      .owner_agency = agency, .old_category = r->category, .category = r->category,
                      .old_kind = r->kind, .kind = r->kind, .old_status = r->status,
                      .new_status = r->status, .visibility = r->visibility, .note = "yours",
                      .forwarded_at = history_moment(h)));
    owned_by(r, agency);
}

static void acknowledge(struct history *h, struct filed *r, const char *id)
{
    history_add(h, "report", id,
                EVENT(ReportAcknowledged, .report_id = id, .owner_agency = r->agency,
                      .visibility = r->visibility, .acknowledged_at = history_moment(h)));
}

static void assign(struct history *h, struct filed *r, const char *id)
{
    const char *to = history_pick(h, 3) ? history_person(h, history_pick(h, HISTORY_PEOPLE)) : NULL;
    history_add(h, "report", id,
                EVENT(ReportAssigned, .report_id = id, .old_assignee_user_id = r->assignee,
                      .assignee_user_id = to, .owner_agency = r->agency,
                      .visibility = r->visibility, .assigned_at = history_moment(h)));
    r->assignee = to;
}

static void set_priority(struct history *h, struct filed *r, const char *id)
{
    const char *to = priority_words[history_pick(h, PRIORITY_COUNT)];
    history_add(h, "report", id,
                EVENT(ReportPriorityChanged, .report_id = id, .old_priority = r->priority,
                      .priority = to, .note = history_pick(h, 2) ? "why" : NULL,
                      .owner_agency = r->agency, .visibility = r->visibility,
                      .changed_at = history_moment(h)));
    r->priority = to;
}

static void send_patrol_to(struct history *h, struct filed *r, const char *id)
{
    static const char *const dispatches[] = {"019b7f00-0000-7000-8000-00000000d001",
                                             "019b7f00-0000-7000-8000-00000000d002"};
    history_add(
        h, "report", id,
        EVENT(ReportDispatchUpdated, .report_id = id, .dispatch_id = dispatches[history_pick(h, 2)],
              .patrol_id = "019b7f00-0000-7000-8000-0000000b0001",
              .dispatch_status = dispatch_status_words[history_pick(h, DISPATCH_STATUS_COUNT)],
              .owner_agency = r->agency, .category = r->category, .visibility = r->visibility,
              .changed_at = history_moment(h)));
}

static void fire(struct history *h, const struct filed *r, const char *id, int clock, int target)
{
    int64_t at = history_moment(h);
    history_add(h, "report", id,
                EVENT(ReportEscalated, .report_id = id,
                      .reason = escalation_reason_words[history_pick(h, ESCALATION_REASON_COUNT)],
                      .escalation_level = history_pick(h, 4), .level = "due",
                      .clock = clock ? "resolve" : "acknowledge",
                      .due_at = history_pick(h, 3) ? at - 1000000 : 0, .fired_at = at,
                      .late = history_pick(h, 2), .policy = "default", .policy_version = 1,
                      .target = escalation_target_words[target], .owner_agency = r->agency,
                      .visibility = r->visibility, .superseded = !history_pick(h, 4)));
}

/* The same level of two reports, one after the other. */
static void escalate(struct history *h, const struct reports *all, int i)
{
    int clock = history_pick(h, 2), target = history_pick(h, ESCALATION_TARGET_COUNT);
    if (h->count > HISTORY_MAX - 2)
        return;
    for (int k = i; k < i + 2; k++)
        if (all->at[k % HISTORY_SUBJECTS].status)
            fire(h, &all->at[k % HISTORY_SUBJECTS], history_subject(h, k % HISTORY_SUBJECTS), clock,
                 target);
}

static const char *part_id(struct history *h, struct reports *all)
{
    return arena_printf(&h->arena, "019b7f00-0000-7000-8000-00000000c%03d", all->parts++);
}

static void ask_or_answer(struct history *h, struct reports *all, struct filed *r, const char *id)
{
    if (r->question) {
        history_add(h, "report", id,
                    EVENT(ReportQuestionAnswered, .report_id = id, .question_id = r->question,
                          .text = pick_text(h), .owner_agency = r->agency,
                          .visibility = r->visibility, .answered_at = history_moment(h)));
        r->question = NULL;
        return;
    }
    r->question = part_id(h, all);
    history_add(h, "report", id,
                EVENT(ReportQuestionAsked, .report_id = id, .question_id = r->question,
                      .text = pick_text(h), .owner_agency = r->agency, .visibility = r->visibility,
                      .asked_at = history_moment(h)));
}

static void comment(struct history *h, struct reports *all, struct filed *r, const char *id)
{
    history_add(h, "report", id,
                EVENT(ReportCommented, .report_id = id, .comment_id = part_id(h, all),
                      .commented_by = commenter_words[history_pick(h, COMMENTER_COUNT)],
                      .text = pick_text(h), .owner_agency = r->agency, .visibility = r->visibility,
                      .commented_at = history_moment(h)));
}

static void tell_merge(struct history *h, const struct filed *r, int on, int merged, int into)
{
    const char *id = history_subject(h, on), *one = history_subject(h, merged);
    const char *other = history_subject(h, into);
    history_add(h, "report", id,
                EVENT(ReportMerged, .report_id = id, .merged_report_id = one,
                      .into_report_id = other, .owner_agency = r->agency, .category = r->category,
                      .status = r->status, .visibility = r->visibility,
                      .merged_at = history_moment(h)));
}

static void tell_unmerge(struct history *h, const struct filed *r, int on, int merged, int into)
{
    const char *id = history_subject(h, on), *one = history_subject(h, merged);
    const char *other = history_subject(h, into);
    history_add(h, "report", id,
                EVENT(ReportUnmerged, .report_id = id, .merged_report_id = one,
                      .into_report_id = other, .owner_agency = r->agency, .category = r->category,
                      .status = r->status, .visibility = r->visibility,
                      .unmerged_at = history_moment(h)));
}

/* Both streams are told, and there are no chains: those who count votes rest on that. */
static void merge_or_unmerge(struct history *h, struct reports *all, int i)
{
    struct filed *r = &all->at[i];
    int to = r->into ? r->into - 1 : history_pick(h, HISTORY_SUBJECTS);
    struct filed *target = &all->at[to];
    if (h->count > HISTORY_MAX - 2 || to == i || !target->status)
        return;
    if (r->into) {
        tell_unmerge(h, r, i, i, to);
        tell_unmerge(h, target, to, i, to);
        target->merged--;
        r->into = 0;
    } else if (!target->into && !r->merged) {
        tell_merge(h, r, i, i, to);
        tell_merge(h, target, to, i, to);
        target->merged++;
        r->into = to + 1;
    }
}

static void step(struct history *h, void *state)
{
    static void (*const handle[])(struct history *, struct filed *, const char *) = {
        move, move, edit, forward, acknowledge, assign, set_priority, send_patrol_to};
    enum { HANDLES = sizeof(handle) / sizeof(handle[0]) };
    struct reports *all = state;
    int i = history_pick(h, HISTORY_SUBJECTS), what = history_pick(h, HANDLES + 7);
    struct filed *r = &all->at[i];
    const char *id = history_subject(h, i);
    if (!r->status)
        file(h, r, id);
    else if (what < HANDLES)
        handle[what](h, r, id);
    else if (what < HANDLES + 2)
        ask_or_answer(h, all, r, id);
    else if (what < HANDLES + 3)
        comment(h, all, r, id);
    else if (what < HANDLES + 4)
        escalate(h, all, i);
    else
        merge_or_unmerge(h, all, i);
}

const struct history_generator report_history[1] = {
    {.weight = 8, .state_size = sizeof(struct reports), .step = step}};
