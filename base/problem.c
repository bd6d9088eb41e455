/* problem.c -- the constants behind problems.def. */
#include "base/problem.h"

#include "base/text.h"

#define PROBLEM(NAME, KIND, TITLE) const struct problem NAME[1] = {{#NAME, TITLE, KIND}};
#include "base/problems.def"
#undef PROBLEM

#define PROBLEM(NAME, KIND, TITLE) NAME,
static const struct problem *const all[] = {
#include "base/problems.def"
};
#undef PROBLEM

const struct problem *fault_at(struct fault *f, const struct problem *p, const char *field,
                               const char *detail)
{
    if (f)
        *f = (struct fault){.field = field, .detail = detail};
    return p;
}

const struct problem *problem_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (text_equal(all[i]->name, name))
            return all[i];
    return NULL;
}
