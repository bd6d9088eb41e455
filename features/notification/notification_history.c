/* notification_history.c -- what people have read, at random: a line of a report, by a user or its
 * anonymous author, one of several events, or all up to a position; positions may not exist yet. */
#include "tests/support/history.h"

static void read_line(struct history *h)
{
    int p = history_pick(h, HISTORY_PEOPLE);
    const char *person = p ? history_person(h, p) : "p1";
    const char *report = history_subject(h, history_pick(h, HISTORY_SUBJECTS));
    history_add(h, "inbox", person,
                EVENT(NotificationRead, .reader_user_id = p ? person : NULL,
                      .reader_pseudonym = p ? NULL : person,
                      .notification_id =
                          history_pick(h, 3)
                              ? arena_printf(&h->arena, "%s-%d", report, 1 + history_pick(h, 3))
                              : arena_printf(&h->arena, "e%d", 1 + history_pick(h, HISTORY_MAX)),
                      .read_at = history_moment(h)));
}

static void step(struct history *h, void *state)
{
    (void)state;
    const char *person = history_person(h, 1 + history_pick(h, HISTORY_PEOPLE - 1));
    if (history_pick(h, 3))
        read_line(h);
    else
        history_add(h, "inbox", person,
                    EVENT(NotificationReadAll, .reader_user_id = person,
                          .up_to = history_pick(h, 2) ? 0 : 1 + history_pick(h, 2 * HISTORY_MAX),
                          .read_at = history_moment(h)));
}

const struct history_generator notification_history[1] = {
    {.weight = 2, .state_size = 1, .step = step}};
