/* report.c -- what may happen to one citizen report, and why not.
 * Pure: no I/O, no clock, no randomness; actor and time arrive in the command. */
#include "features/report/report.h"

#include "features/category/category.h"
#include "features/report/sight.h"
#include "base/banned.h"

static const int64_t DAY = INT64_C(86400) * 1000000;
static const int64_t CLOCK_SKEW = INT64_C(300) * 1000000; /* of a client's clock */

/* ---- what has happened ---- */

static void created(struct report *r, const struct ReportCreated *e, struct arena *a)
{
    *r = (struct report){
        .id = arena_text(a, e->report_id),
        .status = (enum status)word_index(status_words, e->status),
        .visibility = (enum visibility)word_index(visibility_words, e->visibility),
        .kind = kind_from(e->kind),
        .category = arena_text(a, e->category),
        .owner_agency = arena_text(a, e->owner_agency),
        .reporter = arena_text(a, e->reporter_user_id),
        .pseudonym = arena_text(a, e->reporter_pseudonym),
        .changed = e->created_at,
    };
}

static void report_evolve(void *state, const struct event *e, struct arena *a)
{
    struct report *r = state;
    switch ((enum report_event)e->type) {
    case ReportCreated: created(r, &e->ReportCreated, a); break;
    case ReportStatusUpdated:
        r->status = (enum status)word_index(status_words, e->ReportStatusUpdated.new_status);
        r->changed = e->ReportStatusUpdated.changed_at;
        break;
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

/* ---- who is who ---- */

bool is_author(const struct report *r, const struct actor *a)
{
    return (r->reporter && text_equal(r->reporter, a->user_id)) ||
           (r->pseudonym && text_equal(r->pseudonym, a->pseudonym));
}

static bool is_of_agency(const struct report *r, const struct actor *a)
{
    return r->owner_agency && text_equal(r->owner_agency, a->agency);
}

bool is_officer_of(const struct report *r, const struct actor *a)
{
    return (a->role & (OFFICER | SUPERVISOR) && is_of_agency(r, a)) || a->role == ADMIN;
}

bool may_see(const struct report *r, const struct actor *a)
{
    const struct sight_facts facts = {r->visibility, r->kind, r->status};
    int ties = (is_author(r, a) ? BY_AUTHOR : 0) | (is_of_agency(r, a) ? OF_AGENCY : 0);
    return r->id && sight_of(&facts, a->role, ties) != NOTHING;
}

void stream_of_report(const char *report_id, char out[STREAM_TEXT])
{
    stream_name("report", report_id, out);
}

const char *report_category(enum visibility v)
{
    return v == PUBLIC ? "report" : "report-private";
}

/* ---- moves ---- */

enum who {
    AUTHOR = 1,
    OFFICER_OF = 2,
    SUPERVISOR_OF = 4,
    ANY_ADMIN = 8,
    ASSIGNED_PATROL = 16,
    BY_DISPATCH = 32,
    BY_CLOCK = 64,
};

static const struct move {
    enum status from, to;
    int who; /* bits of enum who */
    bool note;
    int days;
} moves[] = {
#define MOVE(from, to, who, note, days) {from, to, who, note, days},
#include "features/report/moves.def"
#undef MOVE
};
enum { MOVES = sizeof(moves) / sizeof(moves[0]) };

static int who_is(const struct report *r, const struct actor *a)
{
    int who = is_author(r, a) ? AUTHOR : 0;
    if (is_officer_of(r, a))
        who |= OFFICER_OF;
    if (a->role == SUPERVISOR && is_of_agency(r, a))
        who |= SUPERVISOR_OF;
    if (a->role == ADMIN)
        who |= ANY_ADMIN;
    if (a->role == SYSTEM)
        who |= BY_CLOCK;
    return who;
}

static bool is_open(const struct move *m, const struct report *r, int who, int64_t now)
{
    return m->from == r->status && m->who & who && (!m->days || now - r->changed <= m->days * DAY);
}

/* The row that lets the actor move there, one without a note before one with; NULL if none. */
static const struct move *find_move(const struct report *r, enum status to, int who, int64_t now)
{
    const struct move *found = NULL;
    for (int i = 0; i < MOVES; i++)
        if (moves[i].to == to && is_open(&moves[i], r, who, now) && (!found || found->note))
            found = &moves[i];
    return found;
}

/* Says which moves there are for this actor, in words and as a list. */
static const struct problem *illegal(const struct report *r, enum status to, int who,
                                     const struct command *c, struct decision *out)
{
    scoped_text words = {0}, list = {0};
    for (int s = 0; s < STATUS_COUNT; s++) {
        if (!find_move(r, (enum status)s, who, c->now))
            continue;
        text_printf(&words, "%s%s", words.length ? ", " : "", status_words[s]);
        text_printf(&list, "%s\"%s\"", list.length ? "," : "", status_words[s]);
    }
    out->members = arena_printf(out->arena, "\"allowed\":[%s]", text_value(&list));
    return refuse(out, ILLEGAL_MOVE, "status",
                  arena_printf(out->arena, "From %s you cannot move it to %s; allowed: %s.",
                               status_words[r->status], status_words[to],
                               words.length ? words.at : "nothing"));
}

static void moved(const struct report *r, enum status to, const char *note, const struct command *c,
                  struct decision *out)
{
    char stream[STREAM_TEXT];
    stream_of_report(r->id, stream);
    emit(out, stream, report_category(r->visibility),
         EVENT(ReportStatusUpdated, .report_id = r->id, .old_status = status_words[r->status],
               .new_status = status_words[to], .owner_agency = r->owner_agency,
               .category = r->category, .visibility = visibility_words[r->visibility], .note = note,
               .changed_at = c->now));
}

/* The whole rule of a change of status; the caller has checked that the actor may see the report.
 */
static fallible move(const struct report *r, enum status to, const char *note,
                     const char *note_field, const struct command *c, struct decision *out)
{
    int who = who_is(r, &c->actor);
    out->anonymous = r->visibility == ANONYMOUS && is_author(r, &c->actor);
    TRY(check_version(c, out));
    const struct move *m = find_move(r, to, who, c->now);
    if (to != r->status && !m)
        return illegal(r, to, who, c, out);
    if (to != r->status && m->note && !note)
        return refuse(out, NOTE_REQUIRED, note_field, "Say why; the author will read it.");

    if (to != r->status) /* else the wish is already true: success without an event */
        moved(r, to, note, c, out);
    answer(out, "report_id", r->id);
    answer(out, "old_status", status_words[r->status]);
    answer(out, "new_status", status_words[to]);
    return NULL;
}

/* What is on both bodies of a change of status. */
static fallible move_to(const struct report *r, const char *status, const char *note,
                        const struct command *c, struct decision *out)
{
    return move(r, (enum status)word_index(status_words, status), note, "note", c, out);
}

static fallible update_report(const struct report *r, const struct command *c, struct decision *out)
{
    const struct UpdateReportStatus *body = &c->UpdateReportStatus;
    bool by_clock = r->id && c->actor.role == SYSTEM;
    if (!by_clock && !may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    if (!by_clock && !is_author(r, &c->actor) && !is_officer_of(r, &c->actor))
        return NOT_YOURS;
    return move_to(r, body->status, body->note, c, out);
}

/* A case is there for its agency alone, also if an officer of another one wrote the report. */
static fallible update_case(const struct report *r, const struct command *c, struct decision *out)
{
    const struct UpdateCaseStatus *body = &c->UpdateCaseStatus;
    if (!r->id || !is_officer_of(r, &c->actor))
        return NO_SUCH_REPORT;
    return move_to(r, body->status, body->note, c, out);
}

static fallible withdraw(const struct report *r, const struct command *c, struct decision *out)
{
    if (!may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    if (!is_author(r, &c->actor) && c->actor.role != ADMIN)
        return NOT_YOURS;
    return move(r, WITHDRAWN, c->WithdrawReport.reason, "reason", c, out);
}

/* ---- creating ---- */

static fallible find_category(const struct command *c, struct decision *out,
                              const struct category **category)
{
    const char *code = c->CreateReport.category;
    char stream[STREAM_TEXT];
    const void *state;
    if (!is_word(code))
        return refuse(out, NO_SUCH_CATEGORY, "category", "GET /categories lists them.");
    stream_of_category(code, stream);
    TRY(read_state(out, stream, &state));
    *category = state;
    if (!(*category)->active)
        return refuse(out, NO_SUCH_CATEGORY, "category", "GET /categories lists them.");
    return NULL;
}

static fallible create(const struct command *c, struct decision *out)
{
    const struct CreateReport *body = &c->CreateReport;
    const struct category *category = NULL;
    const char *visibility = body->visibility;
    char stream[STREAM_TEXT];
    out->anonymous = text_equal(visibility, "ANONYMOUS");
    TRY(find_category(c, out, &category));
    if (body->occurred_at && *body->occurred_at > c->now + CLOCK_SKEW)
        return refuse(out, OUT_OF_RANGE, "occurred_at", "It lies in the future.");

    stream_of_report(c->target, stream);
    emit(out, stream, report_category((enum visibility)word_index(visibility_words, visibility)),
         EVENT(ReportCreated, .report_id = c->target,
               .reporter_user_id = out->anonymous ? NULL : c->actor.user_id,
               .reporter_pseudonym = out->anonymous ? c->actor.pseudonym : NULL,
               .visibility = visibility, .content = body->content, .category = body->category,
               .owner_agency = category->agency, .status = "RECEIVED", .location = body->location,
               .occurred_at = body->occurred_at, .created_at = c->now, .kind = category->kind));
    answer(out, "report_id", c->target);
    answer(out, "status", "RECEIVED");
    return NULL;
}

/* Before anything is decided: what was left out. */
static void report_complete(struct command *c)
{
    struct CreateReport *body = &c->CreateReport;
    if (c->type != CreateReport)
        return;
    if (!body->category)
        body->category = "lainnya";
    if (!body->visibility)
        body->visibility = visibility_words[PUBLIC];
}

static fallible report_decide(const void *state, const struct command *c, struct decision *out)
{
    switch ((enum report_command)c->type) {
    case CreateReport: return create(c, out);
    case UpdateReportStatus: return update_report(state, c, out);
    case UpdateCaseStatus: return update_case(state, c, out);
    case WithdrawReport: return withdraw(state, c, out);
    }
    return INTERNAL;
}

COMPLETING_DECIDER(report);
