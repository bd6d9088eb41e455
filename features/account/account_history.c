/* account_history.c -- accounts that come into being and get another role. */
#include "tests/support/history.h"

static void step(struct history *h, void *state)
{
    int p = history_pick(h, HISTORY_PEOPLE);
    const char *person = history_person(h, p);
    int *changes = (int *)state + p;
    if (++*changes == 1)
        history_add(h, "user", person,
                    EVENT(UserRegistered, .user_id = person, .role = role_words[0],
                          .registered_at = history_moment(h)));
    else
        history_add(h, "user", person,
                    EVENT(UserRoleChanged, .user_id = person, .role = "OFFICER",
                          .agency = "AGENCY_INFRA", .role_version = *changes,
                          .changed_at = history_moment(h)));
}

const struct history_generator account_history[1] = {
    {.weight = 1, .state_size = HISTORY_PEOPLE * sizeof(int), .step = step}};
