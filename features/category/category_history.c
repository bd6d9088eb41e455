/* category_history.c -- two categories, defined again and again. */
#include "tests/support/history.h"

static void step(struct history *h, void *state)
{
    (void)state;
    const char *code = history_pick(h, 2) ? "kebersihan" : "kesehatan";
    struct texts_pair *pair = arena_alloc(&h->arena, sizeof(*pair));
    *pair = (struct texts_pair){"en", arena_printf(&h->arena, "n %d", history_pick(h, 50))};
    const struct texts names = {1, pair};
    history_add(h, "category", code,
                EVENT(CategoryDefined, .code = code, .names = &names,
                      .agency = arena_printf(&h->arena, "A%d", history_pick(h, 5)),
                      .kind = category_kind_words[history_pick(h, CATEGORY_KIND_COUNT)],
                      .sensitive = history_pick(h, 2), .active = history_pick(h, 2),
                      .defined_at = history_moment(h)));
}

const struct history_generator category_history[1] = {{.weight = 1, .state_size = 0, .step = step}};
