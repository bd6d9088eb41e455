/* answer.c -- see answer.h. */
#include "events/answer.h"

#include "base/text.h"
#include "base/banned.h"

const struct query_answer *query_answer_named(const char *name)
{
    for (const struct query_answer *a = query_answers; a->name; a++)
        if (text_equal(a->name, name))
            return a;
    return NULL;
}
