/* texts.c -- see texts.h. */
#include "base/texts.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/banned.h"

const struct texts *texts_copy(struct arena *a, const struct texts *from)
{
    struct texts *t = arena_alloc(a, sizeof(*t));
    t->at = arena_array(a, (size_t)from->count, sizeof(*t->at));
    for (; t->count < from->count; t->count++)
        t->at[t->count] = (struct texts_pair){arena_text(a, from->at[t->count].key),
                                              arena_text(a, from->at[t->count].value)};
    return t;
}

bool texts_are_by_language(const struct texts *texts)
{
    bool tags = true;
    for (int i = 0; i < texts->count; i++)
        tags = tags && !strchr(texts->at[i].key, '_'); /* shape.h lets nothing else through */
    return tags;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct texts_pair *)a)->key, ((const struct texts_pair *)b)->key);
}

void texts_sort(const struct texts *texts)
{
    qsort(texts->at, (size_t)texts->count, sizeof(*texts->at), by_key);
}

bool texts_equal(const struct texts *a, const struct texts *b)
{
    bool same = a->count == b->count;
    for (int i = 0; same && i < a->count; i++)
        same = text_equal(a->at[i].key, b->at[i].key) && text_equal(a->at[i].value, b->at[i].value);
    return same;
}
