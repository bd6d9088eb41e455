/* handling.c -- what the owning agency does with a case besides moving its status: it says that it
 * has seen it, hands it over, gives it to one of its people and says how soon. */
#include "features/report/rules.h"

#include "features/account/account.h"
#include "features/agency/agency.h"
#include "features/category/category.h"
#include "base/banned.h"

fallible acknowledge_case(const struct report *r, const struct command *c, struct decision *out)
{
    TRY(must_own_open_case(r, c, out));
    if (!r->agencies->acknowledged)
        emit_to_report(
            r,
            EVENT(ReportAcknowledged, .report_id = r->id, .owner_agency = r->owner_agency,
                  .visibility = visibility_words[r->visibility], .acknowledged_at = c->now),
            out);
    answer(out, "report_id", r->id);
    answer(out, "owner_agency", r->owner_agency);
    return NULL;
}

/* ---- another agency ---- */

static void forwarded(const struct report *r, const struct command *c, struct decision *out)
{
    const char *kind = category_kind_words[r->kind], *status = status_words[r->status];
    emit_to_report(r,
                   EVENT(ReportForwarded, .report_id = r->id, .old_owner_agency = r->owner_agency,
                         .owner_agency = c->ForwardCase.agency, .old_category = r->category,
                         .category = r->category, .old_kind = kind, .kind = kind,
                         .old_status = status, .new_status = status,
                         .visibility = visibility_words[r->visibility], .note = c->ForwardCase.note,
                         .forwarded_at = c->now),
                   out);
}

fallible forward_case(const struct report *r, const struct command *c, struct decision *out)
{
    const char *to = c->ForwardCase.agency;
    TRY(must_own_open_case(r, c, out));
    if (text_equal(to, r->owner_agency)) /* success would drop the note */
        return refuse(out, OWNED_ALREADY, "agency", NULL);
    TRY(require_agency(to, "agency", out));
    forwarded(r, c, out);
    answer(out, "report_id", r->id);
    answer(out, "owner_agency", to);
    return NULL;
}

/* ---- one of its people ---- */

/* An officer takes what nobody has and gives back what is theirs; supervisors and admins give it to
 * anybody of the agency. The event of an anonymous author says nothing of who did it: they would be
 * the one whom it names. */
static fallible may_assign(const struct report *r, const struct actor *a, const char *to,
                           struct decision *out)
{
    bool own = text_equal(r->assignee, a->user_id), takes = text_equal(to, a->user_id);
    if ((own || takes) && out->anonymous)
        return refuse(out, OWN_ANONYMOUS_REPORT, "user_id",
                      "A supervisor can give it to somebody.");
    if (a->role != OFFICER)
        return NULL;
    if (r->assignee && !own)
        return refuse(out, ASSIGNED_ALREADY, "user_id", "A supervisor can give it to another one.");
    if (to && !takes)
        return refuse(out, NOT_YOURS_TO_ASSIGN, "user_id", "You can take it yourself.");
    return NULL;
}

static fallible must_be_assignable(const struct report *r, const char *to, struct decision *out)
{
    char stream[STREAM_TEXT];
    const void *state;
    stream_of_user(to, stream);
    TRY(read_state(out, stream, &state));
    const struct user *u = state;
    if (!u->registered || u->disabled || !(u->role & (OFFICER | SUPERVISOR)) ||
        !text_equal(u->agency, r->owner_agency))
        return refuse(out, NOT_ASSIGNABLE, "user_id", NULL);
    return NULL;
}

fallible assign_case(const struct report *r, const struct command *c, struct decision *out)
{
    const char *to = c->AssignCase.user_id;
    TRY(must_own_open_case(r, c, out));
    bool changes = !text_equal(to, r->assignee) && (to || r->assignee);
    if (changes)
        TRY(may_assign(r, &c->actor, to, out));
    if (changes && to)
        TRY(must_be_assignable(r, to, out));
    if (changes)
        emit_to_report(r,
                       EVENT(ReportAssigned, .report_id = r->id,
                             .old_assignee_user_id = r->assignee, .assignee_user_id = to,
                             .owner_agency = r->owner_agency,
                             .visibility = visibility_words[r->visibility], .assigned_at = c->now),
                       out);
    answer(out, "report_id", r->id);
    answer(out, "assignee_user_id", to);
    return NULL;
}

/* ---- how soon ---- */

/* The same priority again is an event if it was nobody's decision before, for votes end to raise
 * it, and if somebody says why: no note is dropped. */
fallible set_case_priority(const struct report *r, const struct command *c, struct decision *out)
{
    const struct SetCasePriority *body = &c->SetCasePriority;
    enum priority to = (enum priority)word_index(priority_words, body->priority);
    TRY(must_own_open_case(r, c, out));
    if (to != r->priority || !r->priority_set || body->note)
        emit_to_report(r,
                       EVENT(ReportPriorityChanged, .report_id = r->id,
                             .old_priority = priority_words[r->priority],
                             .priority = priority_words[to], .note = body->note,
                             .owner_agency = r->owner_agency,
                             .visibility = visibility_words[r->visibility], .changed_at = c->now),
                       out);
    answer(out, "report_id", r->id);
    answer(out, "priority", priority_words[to]);
    return NULL;
}
