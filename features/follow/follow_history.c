/* follow_history.c -- random follows, each given and taken back in turn, by users and by a
 * pseudonym; one may come before its report, as it may to a view. */
#include "tests/support/history.h"

static void step(struct history *h, void *state)
{
    int i = history_pick(h, HISTORY_SUBJECTS), p = history_pick(h, HISTORY_PEOPLE);
    bool anonymous = p == 0;
    const char *report = history_subject(h, i), *person = anonymous ? "p1" : history_person(h, p);
    const char *user = anonymous ? NULL : person, *pseudonym = anonymous ? person : NULL;
    const char *id = arena_printf(&h->arena, "%s-%s", report, person);
    bool *given = (bool *)state + i * HISTORY_PEOPLE + p;
    if (*given)
        history_add(h, "follow", id,
                    EVENT(ReportUnfollowed, .report_id = report, .follower_user_id = user,
                          .follower_pseudonym = pseudonym, .unfollowed_at = history_moment(h)));
    else
        history_add(h, "follow", id,
                    EVENT(ReportFollowed, .report_id = report, .follower_user_id = user,
                          .follower_pseudonym = pseudonym, .followed_at = history_moment(h)));
    *given = !*given;
}

const struct history_generator follow_history[1] = {
    {.weight = 4, .state_size = HISTORY_SUBJECTS * HISTORY_PEOPLE * sizeof(bool), .step = step}};
