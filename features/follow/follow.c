/* follow.c -- one person's follow of one report, in a stream of its own, follow-<report>-<user>, as
 * votes have it. The author of an anonymous report follows it on follow-<report>-<pseudonym>: their
 * own stream stays empty. */
#include "features/vote/vote.h"

#include "base/banned.h"

struct follow {
    bool given;
};

static void follow_evolve(void *state, const struct event *e, struct arena *a)
{
    struct follow *f = state;
    (void)a;
    switch ((enum follow_event)e->type) {
    case ReportFollowed: f->given = true; break;
    case ReportUnfollowed: f->given = false; break;
    }
}

/* By whom, as far as an event may say, on which stream, and whether it is given already. */
struct follower {
    const char *user_id, *pseudonym;
    char stream[STREAM_TEXT];
    bool follows;
};

static fallible find_follower(const struct follow *own, const struct command *c,
                              struct decision *out, struct follower *f)
{
    char id[STREAM_TEXT];
    const void *state = own;
    if (out->anonymous) {
        f->pseudonym = c->actor.pseudonym;
        stream_name(c->target, f->pseudonym, id);
        stream_name("follow", id, f->stream);
        TRY(read_state(out, f->stream, &state));
    } else {
        f->user_id = c->actor.user_id;
        command_stream(c, f->stream);
    }
    f->follows = ((const struct follow *)state)->given;
    return NULL;
}

static void follow(const struct follower *f, const struct command *c, struct decision *out)
{
    if (!f->follows) /* else the wish is already true: success without an event */
        emit(out, f->stream, "vote",
             EVENT(ReportFollowed, .report_id = c->target, .follower_user_id = f->user_id,
                   .follower_pseudonym = f->pseudonym, .followed_at = c->now));
}

static void unfollow(const struct follower *f, const struct command *c, struct decision *out)
{
    if (f->follows)
        emit(out, f->stream, "vote",
             EVENT(ReportUnfollowed, .report_id = c->target, .follower_user_id = f->user_id,
                   .follower_pseudonym = f->pseudonym, .unfollowed_at = c->now));
}

/* Both or neither: a report that takes no votes is not followed either. */
static fallible me_too(const struct follower *f, const struct report *r, const struct command *c,
                       struct decision *out)
{
    char stream[STREAM_TEXT];
    const void *vote;
    stream_of_vote(c, stream);
    TRY(read_state(out, stream, &vote));
    TRY(give_vote(vote, r, c, out));
    follow(f, c, out);
    return NULL;
}

static fallible follow_decide(const void *state, const struct command *c, struct decision *out)
{
    const struct report *r;
    struct follower f = {.user_id = NULL};
    TRY(read_report(c, out, &r));
    if (!may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    TRY(find_follower(state, c, out, &f));
    answer(out, "report_id", r->id);
    switch ((enum follow_command)c->type) {
    case FollowReport: follow(&f, c, out); return NULL;
    case UnfollowReport: unfollow(&f, c, out); return NULL;
    case MeToo: return me_too(&f, r, c, out);
    }
    return INTERNAL;
}

DECIDER(follow);
