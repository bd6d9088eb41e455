/* casefile.c -- what only the agency of a report may know, in a stream of its own, case-<report>:
 * the notes of its officers, and whether the case is held, which stops its clocks. */
#include "features/report/report.h"

#include "base/banned.h"

enum { NOTES_MAX = 500 }; /* of one case: all of them are shown with it */

struct casefile {
    int notes;
    bool held;
    const char *reason;
    int64_t until; /* us; 0: until somebody resumes it */
    int64_t since; /* us; of this hold */
};

static void held(struct casefile *f, const struct CaseHeld *e, struct arena *a)
{
    f->held = true;
    f->reason = arena_text(a, e->reason);
    f->until = e->until ? *e->until : 0;
    f->since = e->since;
}

static void casefile_evolve(void *state, const struct event *e, struct arena *a)
{
    struct casefile *f = state;
    switch ((enum casefile_event)e->type) {
    case CaseNoted: f->notes++; break;
    case CaseHeld: held(f, &e->CaseHeld, a); break;
    case CaseResumed: f->held = false; break;
    }
}

/* A hold with a time ends by itself: then nobody resumes the case. */
static bool is_by_clock(const struct report *r, const struct command *c)
{
    return r->id && c->type == ResumeCase && c->actor.role == SYSTEM;
}

/* Who did it, as far as an event may say. */
static const char *name_of(const struct command *c, const struct decision *out)
{
    return out->anonymous ? NULL : c->actor.user_id;
}

static void emit_to_case(const struct command *c, struct event e, struct decision *out)
{
    char stream[STREAM_TEXT];
    command_stream(c, stream);
    emit(out, stream, "case", e);
}

/* In every status: what is found out later belongs to the case, too. */
static fallible note(const struct casefile *f, const struct report *r, const struct command *c,
                     struct decision *out)
{
    if (f->notes >= NOTES_MAX)
        return TOO_MANY_NOTES;
    emit_to_case(c,
                 EVENT(CaseNoted, .report_id = r->id, .note_id = c->new_id,
                       .text = c->NoteCase.text, .noted_by = name_of(c, out), .noted_at = c->now),
                 out);
    answer(out, "note_id", c->new_id);
    answer(out, "report_id", r->id);
    return NULL;
}

static bool has_clock(const struct report *r)
{
    return r->status == RECEIVED || r->status == ASSIGNED || r->status == IN_PROGRESS;
}

static fallible hold(const struct casefile *f, const struct report *r, const struct command *c,
                     struct decision *out)
{
    const struct HoldCase *body = &c->HoldCase;
    int64_t until = body->until ? *body->until : 0;
    if (!has_clock(r))
        return NOT_HOLDABLE;
    if (body->until && until <= c->now)
        return refuse(out, OUT_OF_RANGE, "until", "It must lie in the future.");
    if (!f->held || f->until != until || !text_equal(f->reason, body->reason))
        emit_to_case(c,
                     EVENT(CaseHeld, .report_id = r->id, .owner_agency = r->owner_agency,
                           .reason = body->reason, .until = body->until,
                           .since = f->held ? f->since : c->now, .held_by = name_of(c, out),
                           .held_at = c->now),
                     out);
    answer(out, "report_id", r->id);
    return NULL;
}

static fallible resume(const struct casefile *f, const struct report *r, const struct command *c,
                       struct decision *out)
{
    bool by_clock = is_by_clock(r, c); /* which may not know the newest hold */
    if (f->held && by_clock)
        emit_not_before(out, f->until);
    if (f->held && (!by_clock || f->until)) /* else it is already so: success without an event */
        emit_to_case(c,
                     EVENT(CaseResumed, .report_id = r->id, .resumed_by = name_of(c, out),
                           .resumed_at = c->now),
                     out);
    answer(out, "report_id", r->id);
    return NULL;
}

static fallible casefile_decide(const void *state, const struct command *c, struct decision *out)
{
    const struct report *r;
    TRY(read_report(c, out, &r));
    if (!is_by_clock(r, c)) {
        TRY(must_own_case(r, &c->actor));
        TRY(must_not_be_merged(r, &c->actor, out));
    }
    switch ((enum casefile_command)c->type) {
    case NoteCase: return note(state, r, c, out);
    case HoldCase: return hold(state, r, c, out);
    case ResumeCase: return resume(state, r, c, out);
    }
    return INTERNAL;
}

/* The kind of its streams is no name that C takes. */
const struct decider case_decider[1] = {
    {"case", sizeof(struct casefile), casefile_evolve, casefile_decide, NULL, NULL}};
