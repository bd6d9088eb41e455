/* vote.c -- one citizen's vote for one report, in a stream of its own, vote-<report>-<citizen>:
 * a popular report is no hot spot, and a second vote needs no search. */
#include "features/vote/vote.h"

#include "base/banned.h"

static void vote_evolve(void *state, const struct event *e, struct arena *a)
{
    struct vote *v = state;
    (void)a;
    switch ((enum vote_event)e->type) {
    case ReportUpvoted: v->given = true; break;
    case ReportUpvoteWithdrawn: v->given = false; break;
    }
}

void stream_of_vote(const struct command *c, char out[STREAM_TEXT])
{
    char id[STREAM_TEXT];
    stream_name(c->target, c->actor.user_id, id);
    stream_name("vote", id, out);
}

fallible give_vote(const struct vote *v, const struct report *r, const struct command *c,
                   struct decision *out)
{
    char stream[STREAM_TEXT];
    if (r->visibility != PUBLIC || r->status == WITHDRAWN)
        return NOT_PUBLIC;
    stream_of_vote(c, stream);
    if (!v->given) /* else the wish is already true: success without an event */
        emit(out, stream, "vote",
             EVENT(ReportUpvoted, .report_id = r->id, .voter_user_id = c->actor.user_id,
                   .created_at = c->now));
    return NULL;
}

static void take_vote_back(const struct vote *v, const struct report *r, const struct command *c,
                           struct decision *out)
{
    char stream[STREAM_TEXT];
    stream_of_vote(c, stream);
    if (v->given)
        emit(out, stream, "vote",
             EVENT(ReportUpvoteWithdrawn, .report_id = r->id, .voter_user_id = c->actor.user_id,
                   .withdrawn_at = c->now));
}

static fallible vote_decide(const void *state, const struct command *c, struct decision *out)
{
    const struct report *r;
    TRY(read_report(c, out, &r));
    if (!may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    switch ((enum vote_command)c->type) {
    case UpvoteReport: TRY(give_vote(state, r, c, out)); break;
    case WithdrawUpvote: take_vote_back(state, r, c, out); break;
    }
    answer(out, "report_id", r->id);
    return NULL;
}

DECIDER(vote);
