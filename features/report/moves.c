/* moves.c -- from which status a report moves to which: the rows of moves.def. */
#include "features/report/dispatches.h"
#include "features/report/rules.h"

#include "base/banned.h"

static const int64_t DAY = INT64_C(86400) * 1000000;

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

/* `sent`: they are of the crew of a patrol that is on its way to it, or there. */
static int who_is(const struct report *r, const struct actor *a, bool sent)
{
    int who = is_author(r, a) ? AUTHOR : 0;
    if (is_officer_of(r, a))
        who |= OFFICER_OF;
    if (a->role == SUPERVISOR && is_officer_of(r, a))
        who |= SUPERVISOR_OF;
    if (a->role == ADMIN)
        who |= ANY_ADMIN;
    if (a->role == SYSTEM)
        who |= BY_CLOCK;
    if (sent)
        who |= ASSIGNED_PATROL;
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
    return refuse_saying(out, ILLEGAL_MOVE, "status",
                         words.length ? CANNOT_MOVE : CANNOT_MOVE_AT_ALL, status_words[r->status],
                         status_words[to], text_value(&words));
}

void emit_moved(const struct report *r, enum status to, const char *note, int64_t now,
                struct decision *out)
{
    emit_to_report(r,
                   EVENT(ReportStatusUpdated, .report_id = r->id,
                         .old_status = status_words[r->status], .new_status = status_words[to],
                         .owner_agency = r->owner_agency, .category = r->category,
                         .visibility = visibility_words[r->visibility], .note = note,
                         .changed_at = now),
                   out);
}

/* The whole rule of a change of status; the caller has checked that the actor may see the report.
 */
static fallible move(const struct report *r, enum status to, const char *note,
                     const char *note_field, int who, const struct command *c, struct decision *out)
{
    TRY(check_version(c, out));
    TRY(must_not_be_merged(r, &c->actor, out));
    const struct move *m = find_move(r, to, who, c->now);
    if (to != r->status && !m)
        return illegal(r, to, who, c, out);
    if (to != r->status && m->note && !note)
        return refuse_saying(out, NOTE_REQUIRED, note_field, SAY_WHY);
    if (to != r->status && to == WITHDRAWN)
        TRY(must_be_no_target(r, &c->actor, out));
    if (to != r->status && ends_dispatches(to))
        TRY(end_dispatches(r, c->now, out));

    if (to != r->status) /* else the wish is already true: success without an event */
        emit_moved(r, to, note, c->now, out);
    answer(out, "report_id", r->id);
    answer(out, "old_status", status_words[r->status]);
    answer(out, "new_status", status_words[to]);
    return NULL;
}

/* What is on both bodies of a change of status. */
static fallible move_to(const struct report *r, const char *status, const char *note, bool sent,
                        const struct command *c, struct decision *out)
{
    return move(r, (enum status)word_index(status_words, status), note, "note",
                who_is(r, &c->actor, sent), c, out);
}

/* Is the actor of the crew of a patrol that is sent to it? */
static fallible read_sent(const struct report *r, const struct actor *a, struct decision *out,
                          bool *sent)
{
    const struct patrol *own = NULL;
    if (r->dispatches)
        TRY(read_own_patrol(a, out, &own));
    *sent = own && is_sent_to(r, own->id);
    return NULL;
}

fallible update_report(const struct report *r, const struct command *c, struct decision *out)
{
    const struct UpdateReportStatus *body = &c->UpdateReportStatus;
    bool by_clock = r->id && c->actor.role == SYSTEM, sent;
    TRY(read_sent(r, &c->actor, out, &sent));
    if (!by_clock && !sent && !may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    if (!by_clock && !sent && !is_author(r, &c->actor) && !is_officer_of(r, &c->actor))
        return refuse_saying(out, NOT_YOURS, NULL, AUTHOR_AND_AGENCY_MOVE);
    return move_to(r, body->status, body->note, sent, c, out);
}

fallible update_case(const struct report *r, const struct command *c, struct decision *out)
{
    const struct UpdateCaseStatus *body = &c->UpdateCaseStatus;
    TRY(must_own_case(r, &c->actor));
    return move_to(r, body->status, body->note, false, c, out);
}

fallible withdraw_report(const struct report *r, const struct command *c, struct decision *out)
{
    if (!may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    if (!is_author(r, &c->actor) && c->actor.role != ADMIN)
        return refuse_saying(out, NOT_YOURS, NULL, AUTHOR_AND_ADMINS_WITHDRAW);
    return move(r, WITHDRAWN, c->WithdrawReport.reason, "reason", who_is(r, &c->actor, false), c,
                out);
}
