/* moves.c -- from which status a report moves to which: the rows of moves.def. */
#include "features/report/dispatches.h"
#include "features/report/rules.h"

#include "base/banned.h"

static const int64_t DAY = INT64_C(86400) * 1000000;

static const struct move {
    enum status from, to;
    int who; /* bits of enum move_side */
    bool note;
    int days;
} moves[] = {
#define MOVE(from, to, who, note, days) {from, to, who, note, days},
#include "features/report/moves.def"
#undef MOVE
};
enum { MOVES = sizeof(moves) / sizeof(moves[0]) };

int move_sides(const struct report *r, const struct actor *a, bool sent)
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

/* Says which moves there are for this actor, in words and as a list, each once. */
static const struct problem *illegal(const struct report *r, const struct move_request *m,
                                     const struct command *c, struct decision *out)
{
    scoped_text words = {0}, list = {0};
    for (int s = 0; s < STATUS_COUNT; s++) {
        const char *quoted = arena_join(out->arena, "\"", m->words[s], "\"");
        if (!find_move(r, (enum status)s, m->who, c->now) || strstr(text_value(&list), quoted))
            continue;
        text_printf(&words, "%s%s", words.length ? ", " : "", m->words[s]);
        text_printf(&list, "%s%s", list.length ? "," : "", quoted);
    }
    out->members = arena_printf(out->arena, "\"allowed\":[%s]", text_value(&list));
    return refuse_saying(out, ILLEGAL_MOVE, "status",
                         words.length ? CANNOT_MOVE : CANNOT_MOVE_AT_ALL, m->words[r->status],
                         m->words[m->to], text_value(&words));
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

fallible move_report(const struct report *r, const struct move_request *m, const struct command *c,
                     struct decision *out)
{
    TRY(check_version(c, out));
    TRY(must_not_be_merged(r, &c->actor, out));
    const struct move *row = find_move(r, m->to, m->who, c->now);
    if (m->to == r->status) /* the wish is already true: success without an event */
        return NULL;
    if (!row)
        return illegal(r, m, c, out);
    const char *note = row->note && !m->note ? m->supplied : m->note;
    if (row->note && !note)
        return refuse_saying(out, NOTE_REQUIRED, m->to == WITHDRAWN ? "reason" : "note", SAY_WHY);
    if (m->to == WITHDRAWN)
        TRY(must_be_no_target(r, &c->actor, out));
    if (ends_dispatches(m->to))
        TRY(end_dispatches(r, c->now, out));
    emit_moved(r, m->to, note, c->now, out);
    return NULL;
}

/* In the words of reports. */
static fallible move(const struct report *r, enum status to, const char *note, bool sent,
                     const struct command *c, struct decision *out)
{
    const struct move_request m = {
        .to = to, .note = note, .who = move_sides(r, &c->actor, sent), .words = status_words};
    TRY(move_report(r, &m, c, out));
    answer(out, "report_id", r->id);
    answer(out, "old_status", status_words[r->status]);
    answer(out, "new_status", status_words[to]);
    return NULL;
}

static enum status status_of(const char *word)
{
    return (enum status)word_index(status_words, word);
}

fallible read_sent(const struct report *r, const struct actor *a, struct decision *out,
                   const struct patrol **sent)
{
    const struct patrol *own = NULL;
    if (r->dispatches)
        TRY(read_own_patrol(a, out, &own));
    *sent = own && is_sent_to(r, own->id) ? own : NULL;
    return NULL;
}

fallible update_report(const struct report *r, const struct command *c, struct decision *out)
{
    const struct UpdateReportStatus *body = &c->UpdateReportStatus;
    bool by_clock = r->id && c->actor.role == SYSTEM;
    const struct patrol *sent;
    TRY(read_sent(r, &c->actor, out, &sent));
    if (!by_clock && !sent && !may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    if (!by_clock && !sent && !is_author(r, &c->actor) && !is_officer_of(r, &c->actor))
        return refuse_saying(out, NOT_YOURS, NULL, AUTHOR_AND_AGENCY_MOVE);
    return move(r, status_of(body->status), body->note, sent != NULL, c, out);
}

fallible update_case(const struct report *r, const struct command *c, struct decision *out)
{
    const struct UpdateCaseStatus *body = &c->UpdateCaseStatus;
    TRY(must_own_case(r, &c->actor));
    return move(r, status_of(body->status), body->note, false, c, out);
}

fallible withdraw_report(const struct report *r, const struct command *c, struct decision *out)
{
    if (!may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    if (!is_author(r, &c->actor) && c->actor.role != ADMIN)
        return refuse_saying(out, NOT_YOURS, NULL, AUTHOR_AND_ADMINS_WITHDRAW);
    return move(r, WITHDRAWN, c->WithdrawReport.reason, false, c, out);
}
