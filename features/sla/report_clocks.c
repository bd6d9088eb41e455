/* report_clocks.c -- see report_clocks.h. What starts, pauses and ends a clock is the table of the
 * events below. */
#include "features/sla/report_clocks.h"

#include "base/planted.h"
#include "features/sla/applied.h"

#include "base/banned.h"

static const char ACKNOWLEDGE[] = "acknowledge", RESOLVE[] = "resolve", ANSWER[] = "answer:";

static const struct shape_list no_entries = {0, NULL};

/* One event under way. */
struct step {
    struct ReportClocks *r;
    const struct sla_catalog *catalog;
    int64_t at;
    struct arena *arena;
};

/* ---- entries ---- */

static const struct ClockEntry *entry_at(const struct ReportClocks *r, int i)
{
    return list_item(r->entries, &ClockEntry_shape, i);
}

static void add(struct step *s, const char *clock, enum clock_step step, struct ClockEntry e)
{
    const struct shape_list *old = s->r->entries;
    int count = old ? old->count : 0;
    struct ClockEntry *entries = arena_array(s->arena, (size_t)count + 1, sizeof(*entries));
    struct shape_list *list = arena_alloc(s->arena, sizeof(*list));
    if (count)
        memcpy(entries, old->at, (size_t)count * sizeof(*entries));
    e.clock = arena_text(s->arena, clock);
    e.step = clock_step_words[step];
    e.at = s->at;
    entries[count] = e;
    *list = (struct shape_list){count + 1, entries};
    s->r->entries = list;
}

#define ADD(s, clock, step, ...) add(s, clock, step, (struct ClockEntry){__VA_ARGS__})

/* The last of its entries that begin or end it; -1: none. */
static int life_of(const struct ReportClocks *r, const char *clock)
{
    for (int i = (r->entries ? r->entries->count : 0) - 1; i >= 0; i--) {
        int step = word_index(clock_step_words, entry_at(r, i)->step);
        if (text_equal(entry_at(r, i)->clock, clock) &&
            (step == STEP_STARTED || step == STEP_ENDED || step == STEP_DROPPED ||
             step == STEP_REOPENED))
            return step;
    }
    return -1;
}

static bool is_open(const struct ReportClocks *r, const char *clock)
{
    int life = life_of(r, clock);
    return life == STEP_STARTED || life == STEP_REOPENED;
}

const char *const clock_kind_words[CLOCK_KINDS] = {ACKNOWLEDGE, RESOLVE, "answer"};

static enum clock_kind kind_of(const char *clock)
{
    if (text_equal(clock, RESOLVE))
        return CLOCK_RESOLVE;
    return text_equal(clock, ACKNOWLEDGE) ? CLOCK_ACKNOWLEDGE : CLOCK_ANSWER;
}

/* No entry begins or ends what has begun or ended already. */
void report_clocks_open(const struct ReportClocks *r, int open[CLOCK_KINDS])
{
    memset(open, 0, CLOCK_KINDS * sizeof(*open));
    for (int i = 0; r->entries && i < r->entries->count; i++) {
        const struct ClockEntry *e = entry_at(r, i);
        int step = word_index(clock_step_words, e->step);
        if (step == STEP_STARTED || step == STEP_REOPENED)
            open[kind_of(e->clock)]++;
        else if (step == STEP_ENDED || step == STEP_DROPPED)
            open[kind_of(e->clock)]--;
    }
}

/* Calls it for each clock there is. */
static void for_each(struct step *s, void (*change)(struct step *s, const char *clock))
{
    const struct shape_list *all = s->r->entries;
    for (int i = 0; all && i < all->count; i++) {
        const struct ClockEntry *e = list_item(all, &ClockEntry_shape, i);
        if (text_equal(e->step, clock_step_words[STEP_STARTED]))
            change(s, e->clock);
    }
}

/* ---- what happens to one clock ---- */

static void start(struct step *s, const char *clock)
{
    const struct ReportClocks *r = s->r;
    const struct sla_terms *t = catalog_terms(
        s->catalog, clock, r->policy,
        catalog_applied_policy(s->catalog, r->policy, r->policy_version), NEWEST, s->arena);
    if (!t || life_of(r, clock) >= 0)
        return;
    ADD(s, clock, STEP_STARTED, .policy = arena_text(s->arena, t->policy),
        .policy_version = t->policy_version, .calendar = arena_text(s->arena, t->calendar),
        .calendar_version = t->calendar_version);
    if (r->held)
        ADD(s, clock, STEP_PAUSED, .reasons = PAUSED_BY_HOLD);
}

static void end(struct step *s, const char *clock)
{
    if (is_open(s->r, clock))
        ADD(s, clock, STEP_ENDED, .reasons = 0);
}

static void drop(struct step *s, const char *clock)
{
    if (is_open(s->r, clock))
        ADD(s, clock, STEP_DROPPED, .reasons = 0);
}

static void reopen(struct step *s, const char *clock)
{
    int life = life_of(s->r, clock);
    if (life == STEP_ENDED || life == STEP_DROPPED)
        ADD(s, clock, STEP_REOPENED, .reasons = 0);
}

static void reopen_dropped(struct step *s, const char *clock)
{
    if (life_of(s->r, clock) == STEP_DROPPED)
        reopen(s, clock);
}

static void hold(struct step *s, const char *clock)
{
    ADD(s, clock, STEP_PAUSED, .reasons = PAUSED_BY_HOLD);
}

static void resume(struct step *s, const char *clock)
{
    ADD(s, clock, STEP_RESUMED, .reasons = PAUSED_BY_HOLD);
}

/* ---- what happens to the report ---- */

const struct policy *report_clocks_match(const struct ReportClocks *r,
                                         const struct sla_catalog *catalog, struct arena *a)
{
    const struct policy_subject of = {r->category, r->priority, r->owner_agency};
    return catalog_match(catalog, &of, a);
}

static void created(struct step *s, const struct ReportCreated *e)
{
    struct ReportClocks *r = s->r;
    r->report_id = arena_text(s->arena, e->report_id);
    r->owner_agency = arena_text(s->arena, e->owner_agency);
    r->category = arena_text(s->arena, e->category);
    r->visibility = arena_text(s->arena, e->visibility);
    r->priority = priority_words[MEDIUM];
    r->status = arena_text(s->arena, e->status);
    r->entries = &no_entries;
    const struct policy *p = report_clocks_match(r, s->catalog, s->arena);
    if (!p)
        return;
    r->policy = arena_text(s->arena, p->rules.policy_id);
    r->policy_version = p->version;
    start(s, ACKNOWLEDGE);
    start(s, RESOLVE);
}

/* The agency has seen it once it works on it. */
static void moved(struct step *s, const char *to)
{
    struct ReportClocks *r = s->r;
    int from = word_index(status_words, r->status), now = word_index(status_words, to);
    r->status = arena_text(s->arena, to);
    r->resolved_at = now == RESOLVED ? s->at : 0;
    if (now == WITHDRAWN) {
        for_each(s, drop);
    } else if (now == RESOLVED || now == REJECTED || now == CLOSED) {
        for_each(s, end);
    } else if (now == IN_PROGRESS) {
        end(s, ACKNOWLEDGE);
        if (from == RESOLVED || from == REJECTED)
            reopen(s, RESOLVE);
    }
}

/* Which policy is for it may be another one now; the worker tells by an event. */
static void match_policy(struct step *s, enum plan_reason why)
{
    const struct policy *p = report_clocks_match(s->r, s->catalog, s->arena);
    bool wants =
        p && s->r->policy && !text_equal(p->rules.policy_id, s->r->policy) && !s->r->merged;
    s->r->wants_policy = wants ? plan_reason_words[why] : NULL;
}

static void handed_on(struct step *s, const char *agency, const char *category,
                      enum plan_reason why)
{
    s->r->owner_agency = arena_text(s->arena, agency);
    s->r->category = arena_text(s->arena, category);
    match_policy(s, why);
}

static void asked(struct step *s, const char *question)
{
    if (!s->r->open_questions++ && life_of(s->r, RESOLVE) >= 0)
        ADD(s, RESOLVE, STEP_PAUSED, .reasons = PAUSED_BY_QUESTION);
    start(s, arena_join(s->arena, ANSWER, question, ""));
}

static void answered(struct step *s, const char *question)
{
    end(s, arena_join(s->arena, ANSWER, question, ""));
    if (s->r->open_questions && !--s->r->open_questions && life_of(s->r, RESOLVE) >= 0)
        ADD(s, RESOLVE, STEP_RESUMED, .reasons = PAUSED_BY_QUESTION);
}

static void held(struct step *s, const int64_t *until)
{
    if (!s->r->held && !PLANTED(FORGOTTEN_PAUSE))
        for_each(s, hold);
    s->r->held = true;
    s->r->held_until = until ? *until : 0;
}

static void resumed(struct step *s)
{
    if (s->r->held)
        for_each(s, resume);
    s->r->held = false;
    s->r->held_until = 0;
}

static void merged(struct step *s)
{
    for_each(s, drop);
    s->r->merged = true;
    s->r->wants_policy = NULL;
}

static void unmerged(struct step *s)
{
    s->r->merged = false;
    for_each(s, reopen_dropped);
    match_policy(s, PLAN_FORWARDED);
}

/* What both events say. */
struct next_plan {
    const char *clock, *reason, *policy;
    int64_t policy_version, calendar_version;
};
#define NEXT_PLAN_IN(e)                                                             \
    (&(struct next_plan){(e)->clock, (e)->reason, (e)->policy, (e)->policy_version, \
                         (e)->calendar_version})

/* This clock alone goes on by other terms, the others keep theirs. Without any it ends. */
static void planned(struct step *s, const struct next_plan *p)
{
    const struct sla_terms *t = catalog_terms(s->catalog, p->clock, p->policy, p->policy_version,
                                              p->calendar_version, s->arena);
    if (!t)
        drop(s, p->clock);
    else if (life_of(s->r, p->clock) >= 0)
        ADD(s, p->clock, STEP_REPOLICED, .policy = arena_text(s->arena, p->policy),
            .policy_version = p->policy_version, .calendar = arena_text(s->arena, t->calendar),
            .calendar_version = t->calendar_version, .reason = arena_text(s->arena, p->reason));
}

/* What starts later runs by it, too. */
static void repoliced(struct step *s, const struct next_plan *p)
{
    planned(s, p);
    s->r->policy = arena_text(s->arena, p->policy);
    s->r->policy_version = p->policy_version;
    match_policy(s, PLAN_FORWARDED);
}

static void of_report(struct step *s, const struct event *e)
{
    struct ReportClocks *r = s->r;
    switch ((enum report_event)e->type) {
    case ReportCreated: created(s, &e->ReportCreated); break;
    case ReportStatusUpdated: moved(s, e->ReportStatusUpdated.new_status); break;
    case ReportEdited:
        handed_on(s, e->ReportEdited.owner_agency, e->ReportEdited.category, PLAN_EDITED);
        break;
    case ReportForwarded:
        handed_on(s, e->ReportForwarded.owner_agency, e->ReportForwarded.category, PLAN_FORWARDED);
        break;
    case ReportAcknowledged: end(s, ACKNOWLEDGE); break;
    case ReportPriorityChanged:
        r->priority = arena_text(s->arena, e->ReportPriorityChanged.priority);
        match_policy(s, PLAN_PRIORITY);
        break;
    case ReportQuestionAsked: asked(s, e->ReportQuestionAsked.question_id); break;
    case ReportQuestionAnswered: answered(s, e->ReportQuestionAnswered.question_id); break;
    case ReportMerged:
        if (text_equal(e->ReportMerged.merged_report_id, r->report_id))
            merged(s);
        break;
    case ReportUnmerged:
        if (text_equal(e->ReportUnmerged.merged_report_id, r->report_id))
            unmerged(s);
        break;
    case ReportEscalated:
        ADD(s, e->ReportEscalated.clock, STEP_FIRED,
            .level = arena_text(s->arena, e->ReportEscalated.level));
        break;
    case ReportAssigned:
    case ReportCommented:
    case ReportDispatchUpdated: break;
    }
}

static void of_others(struct step *s, const struct event *e)
{
    if (e->type == CaseHeld)
        held(s, e->CaseHeld.until);
    else if (e->type == CaseResumed)
        resumed(s);
    else if (e->type == SlaRepoliced)
        repoliced(s, NEXT_PLAN_IN(&e->SlaRepoliced));
    else if (e->type == SlaPlanned)
        planned(s, NEXT_PLAN_IN(&e->SlaPlanned));
}

void report_clocks_apply(struct ReportClocks *r, const struct sla_catalog *catalog,
                         const struct clock_fact *fact, struct arena *a)
{
    int64_t *versions[] = {&r->report_version, &r->case_version, &r->sla_version};
    int64_t at = fact->recorded > r->last_at ? fact->recorded : r->last_at;
    struct step s = {r, catalog, at, a};
    r->last_at = at;
    *versions[fact->source] = fact->version;
    if (fact->source == FROM_REPORT)
        of_report(&s, fact->event);
    else
        of_others(&s, fact->event);
    r->wants_plan = report_clocks_applied(r, catalog, &(struct applied_plan){.clock = NULL});
}

/* ---- what comes next ---- */

static void take_earlier(struct clocks_next *best, struct clocks_next other)
{
    if (other.at < best->at)
        *best = other;
}

static struct clocks_next next_level(const struct ReportClocks *r, const struct sla_clock *c)
{
    struct clock_reading now = clock_read(c, r->last_at);
    if (now.next < 0 || !now.next_at)
        return (struct clocks_next){.at = NEVER};
    return (struct clocks_next){.what = NEXT_LEVEL,
                                .at = now.next_at,
                                .clock = c,
                                .level = &c->terms->levels[now.next],
                                .passed = now.next_passed};
}

/* Another plan first: by the old one nothing fires any more. */
struct clocks_next report_clocks_next(const struct ReportClocks *r, const struct sla_clock *clocks,
                                      int count)
{
    struct clocks_next best = {.at = NEVER};
    const struct sla_clock *resolve = clock_named(clocks, count, RESOLVE);
    if (r->wants_policy && resolve && !resolve->ended_at)
        return (struct clocks_next){.what = NEXT_POLICY, .at = r->last_at};
    if (r->wants_plan)
        return (struct clocks_next){.what = NEXT_PLAN, .at = r->last_at};
    if (r->held && r->held_until && !r->merged)
        take_earlier(&best, (struct clocks_next){.what = NEXT_HOLD_ENDS, .at = r->held_until});
    for (int i = 0; i < count; i++)
        take_earlier(&best, next_level(r, &clocks[i]));
    if (r->resolved_at && !r->merged)
        take_earlier(&best, (struct clocks_next){.what = NEXT_CLOSE,
                                                 .at = r->resolved_at + CLOSES_AFTER_US});
    return best;
}
