/* problems.c -- the constants behind problems.h. */
#include "events/problems.h"

#include <stddef.h>

#include "base/text.h"
#include "base/banned.h"

#define PROBLEM(NAME, KIND, TITLE, TITLE_ID) \
    const struct problem NAME[1] = {{#NAME, TITLE, KIND, TITLE_ID}};
#include "lists/problems.def"
#undef PROBLEM

#define PROBLEM(NAME, KIND, TITLE, TITLE_ID) NAME,
static const struct problem *const all[] = {
#include "base/problems.def"
#include "lists/problems.def"
};
#undef PROBLEM
enum { PROBLEMS = sizeof(all) / sizeof(all[0]) };

const struct problem *problem_by_name(const char *name)
{
    for (int i = 0; i < PROBLEMS; i++)
        if (text_equal(all[i]->name, name))
            return all[i];
    return NULL;
}

const struct problem *problem_at(int i)
{
    return i >= 0 && i < PROBLEMS ? all[i] : NULL;
}
