/* report.c -- what has happened to one citizen report, who is who to it, and which rule decides.
 * Pure: no I/O, no clock, no randomness; actor and time arrive in the command. */
#include "features/report/rules.h"

#include "features/category/category.h"
#include "features/report/sight.h"
#include "base/banned.h"

/* ---- what has happened ---- */

static const struct Place *keep_place(struct arena *a, const struct Place *from)
{
    if (!from)
        return NULL;
    struct Place *to = arena_alloc(a, sizeof(*to));
    *to = (struct Place){.latitude = from->latitude,
                         .longitude = from->longitude,
                         .street = arena_text(a, from->street),
                         .city = arena_text(a, from->city),
                         .state = arena_text(a, from->state)};
    return to;
}

static const int64_t *keep_moment(struct arena *a, const int64_t *from)
{
    if (!from)
        return NULL;
    int64_t *to = arena_alloc(a, sizeof(*to));
    *to = *from;
    return to;
}

/* Takes the agency from its place in the list. NULL: it has not owned the report yet. */
static struct report_agency *take_agency(struct report *r, const char *code)
{
    struct report_agency **at = &r->agencies;
    while (*at && !text_equal((*at)->code, code))
        at = &(*at)->former;
    struct report_agency *taken = *at;
    if (taken)
        *at = taken->former;
    return taken;
}

/* What it has acknowledged stays so if it gets the report back. */
static void owned_by(struct report *r, const char *agency, struct arena *a)
{
    struct report_agency *owner = take_agency(r, agency);
    if (!owner) {
        owner = arena_alloc(a, sizeof(*owner));
        owner->code = arena_text(a, agency);
    }
    owner->former = r->agencies;
    r->agencies = owner;
    r->owner_agency = owner->code;
    r->assignee = NULL;
}

static void created(struct report *r, const struct ReportCreated *e, struct arena *a)
{
    *r = (struct report){
        .id = arena_text(a, e->report_id),
        .status = (enum status)word_index(status_words, e->status),
        .visibility = (enum visibility)word_index(visibility_words, e->visibility),
        .kind = kind_from(e->kind),
        .category = arena_text(a, e->category),
        .reporter = arena_text(a, e->reporter_user_id),
        .pseudonym = arena_text(a, e->reporter_pseudonym),
        .changed = e->created_at,
        .content = arena_text(a, e->content),
        .location = keep_place(a, e->location),
        .occurred_at = keep_moment(a, e->occurred_at),
        .priority = MEDIUM,
    };
    owned_by(r, e->owner_agency, a);
}

static void edited(struct report *r, const struct ReportEdited *e, struct arena *a)
{
    r->content = arena_text(a, e->content);
    r->location = keep_place(a, e->location);
    r->occurred_at = keep_moment(a, e->occurred_at);
    r->category = arena_text(a, e->category);
    r->kind = kind_from(e->kind);
    if (!text_equal(e->owner_agency, r->owner_agency))
        owned_by(r, e->owner_agency, a);
}

static void status_updated(struct report *r, const struct ReportStatusUpdated *e)
{
    r->status = (enum status)word_index(status_words, e->new_status);
    r->changed = e->changed_at;
    if (ends_dispatches(r->status))
        dispatches_ended(r);
}

static void asked(struct report *r, const struct ReportQuestionAsked *e, struct arena *a)
{
    struct report_question *q = arena_alloc(a, sizeof(*q));
    *q = (struct report_question){.id = arena_text(a, e->question_id), .earlier = r->questions};
    r->questions = q;
    r->question_count++;
}

static void answered(struct report *r, const struct ReportQuestionAnswered *e)
{
    for (struct report_question *q = r->questions; q; q = q->earlier)
        if (text_equal(q->id, e->question_id))
            q->answered = true;
}

static void merged(struct report *r, const struct ReportMerged *e, struct arena *a)
{
    if (!text_equal(e->report_id, e->into_report_id)) {
        r->merged_into = arena_text(a, e->into_report_id);
        return;
    }
    struct merged_report *one = arena_alloc(a, sizeof(*one));
    *one = (struct merged_report){arena_text(a, e->merged_report_id), r->merged};
    r->merged = one;
    r->merged_count++;
}

static void unmerged(struct report *r, const struct ReportUnmerged *e)
{
    if (!text_equal(e->report_id, e->into_report_id)) {
        r->merged_into = NULL;
        return;
    }
    struct merged_report **at = &r->merged;
    while (*at && !text_equal((*at)->id, e->merged_report_id))
        at = &(*at)->earlier;
    if (*at)
        *at = (*at)->earlier;
    r->merged_count--;
}

static void fired(struct report *r, const struct ReportEscalated *e, struct arena *a)
{
    struct report_firing *firing = arena_alloc(a, sizeof(*firing));
    *firing = (struct report_firing){
        .clock = arena_text(a, e->clock), .level = arena_text(a, e->level), .earlier = r->fired};
    r->fired = firing;
    r->fired_count++;
}

static void report_evolve(void *state, const struct event *e, struct arena *a)
{
    struct report *r = state;
    switch ((enum report_event)e->type) {
    case ReportCreated: created(r, &e->ReportCreated, a); break;
    case ReportStatusUpdated: status_updated(r, &e->ReportStatusUpdated); break;
    case ReportEdited: edited(r, &e->ReportEdited, a); break;
    case ReportForwarded: owned_by(r, e->ReportForwarded.owner_agency, a); break;
    case ReportAcknowledged: r->agencies->acknowledged = true; break;
    case ReportAssigned: r->assignee = arena_text(a, e->ReportAssigned.assignee_user_id); break;
    case ReportPriorityChanged:
        r->priority = (enum priority)word_index(priority_words, e->ReportPriorityChanged.priority);
        r->priority_set = true;
        break;
    case ReportQuestionAsked: asked(r, &e->ReportQuestionAsked, a); break;
    case ReportQuestionAnswered: answered(r, &e->ReportQuestionAnswered); break;
    case ReportCommented: break;
    case ReportMerged: merged(r, &e->ReportMerged, a); break;
    case ReportUnmerged: unmerged(r, &e->ReportUnmerged); break;
    case ReportEscalated: fired(r, &e->ReportEscalated, a); break;
    case ReportDispatchUpdated: dispatch_told(r, &e->ReportDispatchUpdated, a); break;
    }
}

/* ---- older versions ---- */

/* What kind the category was then is not known: `kind` stays absent. */
void report_created_2(struct arena *a, const void *old, void *next)
{
    const struct ReportCreatedV1 *from = old;
    (void)a;
    *(struct ReportCreated *)next =
        (struct ReportCreated){.report_id = from->report_id,
                               .reporter_user_id = from->reporter_user_id,
                               .reporter_pseudonym = from->reporter_pseudonym,
                               .visibility = from->visibility,
                               .content = from->content,
                               .category = from->category,
                               .owner_agency = from->owner_agency,
                               .status = from->status,
                               .location = from->location,
                               .occurred_at = from->occurred_at,
                               .created_at = from->created_at};
}

/* Each was told. */
void report_escalated_2(struct arena *a, const void *old, void *next)
{
    const struct ReportEscalatedV1 *from = old;
    (void)a;
    *(struct ReportEscalated *)next =
        (struct ReportEscalated){.report_id = from->report_id,
                                 .reason = from->reason,
                                 .escalation_level = from->escalation_level,
                                 .level = from->level,
                                 .clock = from->clock,
                                 .due_at = from->due_at,
                                 .fired_at = from->fired_at,
                                 .late = from->late,
                                 .policy = from->policy,
                                 .policy_version = from->policy_version,
                                 .target = from->target,
                                 .owner_agency = from->owner_agency,
                                 .visibility = from->visibility};
}

/* ---- who is who ---- */

bool is_author(const struct report *r, const struct actor *a)
{
    return (r->reporter && text_equal(r->reporter, a->user_id)) ||
           (r->pseudonym && text_equal(r->pseudonym, a->pseudonym));
}

bool is_anonymous_author(const struct report *r, const struct actor *a)
{
    return r->visibility == ANONYMOUS && is_author(r, a);
}

bool may_fire(const struct report *r, const char *clock, const char *level)
{
    const struct report_firing *f = r->fired;
    while (f && !(text_equal(f->clock, clock) && text_equal(f->level, level)))
        f = f->earlier;
    return !f && r->fired_count < FIRINGS_MAX;
}

bool is_final(const struct report *r)
{
    return r->status == CLOSED || r->status == WITHDRAWN;
}

/* Bits of enum tie. */
static int ties_of(const struct report *r, const struct actor *a)
{
    int ties = is_author(r, a) ? BY_AUTHOR : NO_TIE;
    for (const struct report_agency *of = r->agencies; of; of = of->former)
        if (text_equal(of->code, a->agency))
            ties |= of == r->agencies ? OF_AGENCY : OF_FORMER_AGENCY;
    return ties;
}

bool is_officer_of(const struct report *r, const struct actor *a)
{
    return (a->role & (OFFICER | SUPERVISOR) && ties_of(r, a) & OF_AGENCY) || a->role == ADMIN;
}

bool may_see(const struct report *r, const struct actor *a)
{
    const struct sight_facts facts = {r->visibility, r->kind, r->status};
    return r->id && sight_of(&facts, a->role, ties_of(r, a)) != NOTHING;
}

fallible must_own_case(const struct report *r, const struct actor *a)
{
    if (!r->id)
        return NO_SUCH_REPORT;
    if (is_officer_of(r, a))
        return NULL;
    bool reads = a->role & (OFFICER | SUPERVISOR) && ties_of(r, a) & OF_FORMER_AGENCY;
    return reads ? NOT_OWNING : NO_SUCH_REPORT;
}

void stream_of_report(const char *report_id, char out[STREAM_TEXT])
{
    stream_name("report", report_id, out);
}

fallible read_report_of(const char *id, struct decision *out, const struct report **r)
{
    char stream[STREAM_TEXT];
    const void *state;
    stream_of_report(id, stream);
    TRY(read_state(out, stream, &state));
    *r = state;
    return NULL;
}

fallible read_report(const struct command *c, struct decision *out, const struct report **r)
{
    char stream[STREAM_TEXT];
    TRY(read_report_of(c->target, out, r));
    stream_of_report(c->target, stream);
    out->anonymous = is_anonymous_author(*r, &c->actor);
    out->about = arena_text(out->arena, stream);
    return NULL;
}

const char *report_category(enum visibility v)
{
    return v == PUBLIC ? "report" : "report-private";
}

/* ---- deciding ---- */

void emit_to_report(const struct report *r, struct event e, struct decision *out)
{
    char stream[STREAM_TEXT];
    stream_of_report(r->id, stream);
    emit(out, stream, report_category(r->visibility), e);
}

fallible must_not_be_final(const struct report *r, struct decision *out)
{
    if (!is_final(r))
        return NULL;
    return refuse_saying(out, REPORT_IS_FINAL, "status", HAS_STATUS, status_words[r->status]);
}

fallible must_not_be_merged(const struct report *r, const struct actor *a, struct decision *out)
{
    if (!r->merged_into)
        return NULL;
    if (r->visibility != PUBLIC && !is_officer_of(r, a))
        return MERGED;
    out->members = arena_printf(out->arena, "\"merged_into\":\"%s\"", r->merged_into);
    return refuse_saying(out, MERGED, NULL, IS_MERGED_INTO, r->merged_into);
}

fallible must_own_this_case(const struct report *r, const struct command *c, struct decision *out)
{
    TRY(must_own_case(r, &c->actor));
    return check_version(c, out);
}

fallible must_own_open_case(const struct report *r, const struct command *c, struct decision *out)
{
    TRY(must_own_this_case(r, c, out));
    TRY(must_not_be_merged(r, &c->actor, out));
    return must_not_be_final(r, out);
}

/* Before anything is decided: what was left out. */
static void report_complete(struct command *c)
{
    struct CreateReport *body = &c->CreateReport;
    if (c->type == CreateCrime && !c->CreateCrime.category)
        c->CreateCrime.category = "kriminalitas";
    if (c->type != CreateReport)
        return;
    if (!body->category)
        body->category = "lainnya";
    if (!body->visibility)
        body->visibility = visibility_words[PUBLIC];
}

/* Also if it is refused. */
static bool is_anonymous_filing(const struct command *c)
{
    return c->type == CreateReport &&
           text_equal(c->CreateReport.visibility, visibility_words[ANONYMOUS]);
}

static fallible report_decide(const void *state, const struct command *c, struct decision *out)
{
    out->anonymous = is_anonymous_author(state, &c->actor) || is_anonymous_filing(c);
    switch ((enum report_command)c->type) {
    case CreateReport: return file_report(c, out);
    case EditReport: return edit_report(state, c, out);
    case UpdateReportStatus: return update_report(state, c, out);
    case UpdateCaseStatus: return update_case(state, c, out);
    case WithdrawReport: return withdraw_report(state, c, out);
    case AcknowledgeCase: return acknowledge_case(state, c, out);
    case ForwardCase: return forward_case(state, c, out);
    case AssignCase: return assign_case(state, c, out);
    case SetCasePriority: return set_case_priority(state, c, out);
    case AskQuestion: return put_question(state, c, out);
    case AnswerQuestion: return answer_question(state, c, out);
    case CommentReport: return comment_report(state, c, out);
    case MergeCase: return merge_case(state, c, out);
    case UnmergeCase: return unmerge_case(state, c, out);
    case CreateCrime: return file_crime(c, out);
    case ChangeCrime: return change_crime(state, c, out);
    case DeleteCrime: return delete_crime(state, c, out);
    }
    return INTERNAL;
}

COMPLETING_DECIDER(report);
