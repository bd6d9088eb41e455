/* filters_history.c -- a few filters of each officer, saved, changed and deleted at random. */
#include "tests/support/history.h"

enum { NAMES = 3 };

static void save(struct history *h, const char *person, const char *name)
{
    struct texts_pair *pair = arena_alloc(&h->arena, sizeof(*pair));
    *pair = (struct texts_pair){"status", status_words[history_pick(h, STATUS_COUNT)]};
    const struct texts filter = {1, pair};
    history_add(h, "filters", person,
                EVENT(FiltersSaved, .user_id = person, .filter_name = name, .filter = &filter,
                      .saved_at = history_moment(h)));
}

static void step(struct history *h, void *state)
{
    static const char *const names[NAMES] = {"mine", "new", "urgent"};
    int p = history_pick(h, 2), n = history_pick(h, NAMES);
    const char *person = history_person(h, p);
    bool *kept = (bool *)state + p * NAMES + n;
    bool deletes = *kept && history_pick(h, 2);
    if (deletes)
        history_add(h, "filters", person,
                    EVENT(FiltersDeleted, .user_id = person, .filter_name = names[n],
                          .deleted_at = history_moment(h)));
    else
        save(h, person, names[n]);
    *kept = !deletes;
}

const struct history_generator filters_history[1] = {
    {.weight = 2, .state_size = 2 * NAMES * sizeof(bool), .step = step}};
