/* vote.h -- one person's vote for one report, for the rules that give it together with something
 * else. */
#pragma once

#include "features/report/report.h"

struct vote {
    bool given;
};

/* vote-<the path's report>-<the actor> */
void stream_of_vote(const struct command *c, char out[STREAM_TEXT]);

/* Gives the vote of the actor, who may see the report; given already, it is success without an
 * event. NOT_PUBLIC. The vote's stream is the command's own or one it has read. */
fallible give_vote(const struct vote *v, const struct report *r, const struct command *c,
                   struct decision *out);
