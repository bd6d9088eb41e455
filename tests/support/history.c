/* history.c -- see history.h. */
#include "tests/support/history.h"

#include "tests/support/harness.h"

#define HISTORY(feature) extern const struct history_generator feature##_history[1];
#include "lists/histories.def"
#undef HISTORY

#define HISTORY(feature) feature##_history,
static const struct history_generator *const generators[] = {
#include "lists/histories.def"
};
enum { GENERATORS = sizeof(generators) / sizeof(generators[0]) };

int history_pick(struct history *h, int below)
{
    return (int)((unsigned)rand_r(&h->seed) % (unsigned)below);
}

int64_t history_moment(struct history *h)
{
    return 1767355200000000 + h->count * INT64_C(1000000) + history_pick(h, 1000) * 1000;
}

const char *history_subject(struct history *h, int i)
{
    return arena_printf(&h->arena, "019b7f00-0000-7000-8000-%012x", i + 1);
}

const char *history_person(struct history *h, int i)
{
    return arena_printf(&h->arena, "019b7f00-0000-7000-8000-%012x", 0xc1 + i);
}

void history_add(struct history *h, const char *kind, const char *id, struct event e)
{
    scoped_text data = {0};
    char stream[STREAM_TEXT];
    int64_t version = 1;
    if (h->count == HISTORY_MAX)
        return;
    stream_name(kind, id, stream);
    for (int i = 0; i < h->count; i++)
        version += text_equal(h->at[i].stream, stream);
    CHECK_OK(event_write(&e, &h->arena, &data, NULL));
    h->at[h->count++] = (struct history_event){.version = version,
                                               .stream = arena_text(&h->arena, stream),
                                               .type = event_name(e.type),
                                               .data = arena_text(&h->arena, text_value(&data))};
}

/* Whose turn it is: each has as many numbers as its weight. */
static int next_generator(struct history *h)
{
    int all = 0, i = 0;
    for (int g = 0; g < GENERATORS; g++)
        all += generators[g]->weight;
    for (int n = history_pick(h, all); n >= generators[i]->weight; i++)
        n -= generators[i]->weight;
    return i;
}

void history_make(struct history *h, unsigned seed, int events)
{
    void *states[GENERATORS];
    *h = (struct history){.seed = seed};
    for (int g = 0; g < GENERATORS; g++)
        states[g] = arena_alloc(&h->arena, generators[g]->state_size + 1);
    while (h->count < events) {
        int g = next_generator(h);
        generators[g]->step(h, states[g]);
    }
}
