/* agency_history.c -- two agencies, one sometimes above the other, defined again and again. */
#include "tests/support/history.h"

static void step(struct history *h, void *state)
{
    (void)state;
    int which = history_pick(h, 2);
    struct texts_pair *pair = arena_alloc(&h->arena, sizeof(*pair));
    *pair = (struct texts_pair){"en", arena_printf(&h->arena, "n %d", history_pick(h, 50))};
    const struct texts names = {1, pair};
    const char *code = arena_printf(&h->arena, "A%d", which);
    history_add(h, "agency", code,
                EVENT(AgencyDefined, .code = code, .names = &names,
                      .parent = which && history_pick(h, 2) ? "A0" : NULL,
                      .active = history_pick(h, 2), .defined_at = history_moment(h)));
}

const struct history_generator agency_history[1] = {{.weight = 1, .state_size = 0, .step = step}};
