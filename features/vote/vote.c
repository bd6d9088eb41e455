/* vote.c -- one citizen's vote for one report, in a stream of its own, vote-<report>-<citizen>:
 * a popular report is no hot spot, and a second vote needs no search. */
#include "features/report/report.h"

#include "base/banned.h"

struct vote {
    bool given;
};

static void vote_evolve(void *state, const struct event *e, struct arena *a)
{
    struct vote *v = state;
    (void)a;
    switch ((enum vote_event)e->type) {
    case ReportUpvoted: v->given = true; break;
    case ReportUpvoteWithdrawn: v->given = false; break;
    }
}

static fallible vote_decide(const void *state, const struct command *c, struct decision *out)
{
    const struct vote *v = state;
    const struct report *r;
    char stream[STREAM_TEXT];
    bool gives = c->type == UpvoteReport;
    TRY(read_report(c, out, &r));
    if (!may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    if (gives && (r->visibility != PUBLIC || r->status == WITHDRAWN))
        return NOT_PUBLIC;

    command_stream(c, stream);
    if (gives && !v->given)
        emit(out, stream, "vote",
             EVENT(ReportUpvoted, .report_id = r->id, .voter_user_id = c->actor.user_id,
                   .created_at = c->now));
    if (!gives && v->given)
        emit(out, stream, "vote",
             EVENT(ReportUpvoteWithdrawn, .report_id = r->id, .voter_user_id = c->actor.user_id,
                   .withdrawn_at = c->now));
    answer(out, "report_id", r->id); /* also when nothing changes: success without an event */
    return NULL;
}

DECIDER(vote);
