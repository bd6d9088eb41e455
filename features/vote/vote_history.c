/* vote_history.c -- random votes, each given and taken back in turn; a vote may come before its
 * report, as it may to a view. */
#include "tests/support/history.h"

static void step(struct history *h, void *state)
{
    int i = history_pick(h, HISTORY_SUBJECTS), p = history_pick(h, HISTORY_PEOPLE);
    const char *report = history_subject(h, i), *person = history_person(h, p);
    const char *id = arena_printf(&h->arena, "%s-%s", report, person);
    bool *given = (bool *)state + i * HISTORY_PEOPLE + p;
    if (*given)
        history_add(h, "vote", id,
                    EVENT(ReportUpvoteWithdrawn, .report_id = report, .voter_user_id = person,
                          .withdrawn_at = history_moment(h)));
    else
        history_add(h, "vote", id,
                    EVENT(ReportUpvoted, .report_id = report, .voter_user_id = person,
                          .created_at = history_moment(h)));
    *given = !*given;
}

const struct history_generator vote_history[1] = {
    {.weight = 6, .state_size = HISTORY_SUBJECTS * HISTORY_PEOPLE * sizeof(bool), .step = step}};
