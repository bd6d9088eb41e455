/* crimes.c -- public reports of crimes in the words of those who watch and patrol: new, assigned,
 * resolved, rejected. The streams and events are those of reports, and so are the rules; only who
 * may move them is wider, and where a move needs a note and there is none, it says on whose side it
 * was. */
#include "features/report/dispatches.h"

#include "features/category/category.h"
#include "features/report/rules.h"
#include "base/banned.h"

/* By enum status. A withdrawn one is shown to its author and agency alone. */
static const char *const words[STATUS_COUNT] = {
    [RECEIVED] = "new",       [ASSIGNED] = "assigned", [IN_PROGRESS] = "assigned",
    [RESOLVED] = "resolved",  [CLOSED] = "resolved",   [REJECTED] = "rejected",
    [WITHDRAWN] = "withdrawn"};

fallible file_crime(const struct command *c, struct decision *out)
{
    const struct CreateCrime *body = &c->CreateCrime;
    const struct category *category = NULL;
    const struct CreateReport report = {.content = body->description,
                                        .category = body->category,
                                        .visibility = visibility_words[PUBLIC],
                                        .location = body->location,
                                        .occurred_at = body->occurred_at};
    TRY(require_category(body->category, "category", out, &category));
    if (kind_from(category->kind) != CRIME)
        return refuse_saying(out, NOT_A_CRIME, "category", CRIMES_ARE_LISTED);
    TRY(file_as(&report, category, c, out));
    answer(out, "id", c->target);
    answer(out, "status", words[RECEIVED]);
    return NULL;
}

/* Others are reports, which have a path of their own. */
static fallible must_be_crime(const struct report *r, const struct command *c)
{
    bool is_crime = r->id && r->kind == CRIME && r->visibility == PUBLIC;
    return is_crime && may_see(r, &c->actor) ? NULL : NO_SUCH_CRIME;
}

static void answer_crime(const struct report *r, enum status status, const char *patrol_id,
                         struct decision *out)
{
    answer(out, "id", r->id);
    answer(out, "status", words[status]);
    answer(out, "patrol_id", patrol_id);
}

/* ---- a patrol is sent ---- */

static fallible send(const struct report *r, const struct command *c, struct decision *out)
{
    struct sending s = {.dispatch_id = c->new_id, .exclusive = true, .round = 1, .now = c->now};
    const struct dispatch *none;
    TRY(must_take_dispatches(r, &c->actor, out));
    TRY(read_commanded(c->ChangeCrime.patrol_id, &c->actor, out, &s.patrol));
    TRY(read_dispatch(c->new_id, out, &none)); /* its stream is written, too */
    return send_patrol(r, &s, out);
}

/* As POST /dispatch; a patrol that is on its way already is success without an event. */
static fallible send_named(const struct report *r, const struct command *c, struct decision *out)
{
    const char *patrol_id = c->ChangeCrime.patrol_id;
    if (!(c->actor.role & (DISPATCHER | ADMIN)))
        return refuse_saying(out, WRONG_ROLE, "patrol_id", THESE_SEND_PATROLS);
    TRY(check_version(c, out));
    if (!is_sent_to(r, patrol_id))
        TRY(send(r, c, out));
    answer_crime(r, ASSIGNED, patrol_id, out);
    return NULL;
}

/* ---- its status ---- */

/* `assigned` without a patrol means that somebody works on it. */
static enum status status_meant(const struct report *r, const char *word)
{
    if (text_equal(words[r->status], word))
        return r->status;
    switch ((enum crime_status)word_index(crime_status_words, word)) {
    case CRIME_NEW: return RECEIVED;
    case CRIME_ASSIGNED: return IN_PROGRESS;
    case CRIME_RESOLVED: return RESOLVED;
    case CRIME_REJECTED: return REJECTED;
    case CRIME_STATUS_COUNT: break;
    }
    return r->status;
}

/* What the citizen reads when nobody wrote a note: "by <patrol>", or by whom else. */
static const char *side_of(const struct report *r, const struct actor *a, const struct patrol *sent,
                           struct arena *arena)
{
    if (sent)
        return arena_join(arena, "by ", sent->call_sign, "");
    if (a->role == DISPATCHER)
        return "by a dispatcher";
    return a->role == ADMIN ? "by an admin" : arena_join(arena, "by ", r->owner_agency, "");
}

static const char *active_patrol(const struct report *r)
{
    for (const struct report_dispatch *d = r->dispatches; d; d = d->earlier)
        if (is_active(d->status))
            return d->patrol_id;
    return NULL;
}

/* A dispatcher moves crimes as an officer of the agency does. */
static fallible move(const struct report *r, const struct command *c, struct decision *out)
{
    const struct ChangeCrime *body = &c->ChangeCrime;
    const struct patrol *sent;
    TRY(read_sent(r, &c->actor, out, &sent));
    struct move_request m = {.to = status_meant(r, body->status),
                             .note = body->note,
                             .supplied = side_of(r, &c->actor, sent, out->arena),
                             .who = move_sides(r, &c->actor, sent != NULL) & ~AUTHOR,
                             .words = words};
    if (c->actor.role == DISPATCHER)
        m.who |= OFFICER_OF;
    if (!m.who)
        return refuse_saying(out, NOT_YOURS, NULL, THESE_CHANGE_CRIMES);
    TRY(move_report(r, &m, c, out));
    answer_crime(r, m.to, ends_dispatches(m.to) ? NULL : active_patrol(r), out);
    return NULL;
}

fallible change_crime(const struct report *r, const struct command *c, struct decision *out)
{
    const struct ChangeCrime *body = &c->ChangeCrime;
    const char *assigned = crime_status_words[CRIME_ASSIGNED];
    TRY(must_be_crime(r, c));
    if (!body->status && !body->patrol_id)
        return refuse_saying(out, MISSING_FIELD, "status", STATUS_OR_PATROL);
    if (body->patrol_id && (!body->status || text_equal(body->status, assigned)))
        return send_named(r, c, out);
    if (body->patrol_id && !is_sent_to(r, body->patrol_id))
        return refuse_saying(out, OUT_OF_RANGE, "patrol_id", PATROL_MEANS_ASSIGNED);
    return move(r, c, out);
}

fallible delete_crime(const struct report *r, const struct command *c, struct decision *out)
{
    TRY(must_be_crime(r, c));
    const struct move_request m = {.to = WITHDRAWN,
                                   .note = c->DeleteCrime.reason,
                                   .supplied = side_of(r, &c->actor, NULL, out->arena),
                                   .who = move_sides(r, &c->actor, false) & (AUTHOR | ANY_ADMIN),
                                   .words = words};
    if (!m.who)
        return refuse_saying(out, NOT_YOURS, NULL, AUTHOR_AND_ADMINS_WITHDRAW);
    TRY(move_report(r, &m, c, out));
    answer_crime(r, WITHDRAWN, NULL, out);
    return NULL;
}
