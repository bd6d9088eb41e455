/* problem.c -- the constants behind problems.def. */
#include "base/problem.h"

#include <ctype.h>
#include <stdio.h>

#include "base/text.h"

#define PROBLEM(NAME, KIND, TITLE, TITLE_ID) \
    const struct problem NAME[1] = {{#NAME, TITLE, KIND, TITLE_ID}};
#include "base/problems.def"
#undef PROBLEM

const char *problem_title(const struct problem *p, enum text_language language)
{
    switch (language) {
    case ENGLISH: return p->title;
    case INDONESIAN: return p->title_id;
    case LANGUAGES: break;
    }
    return p->title;
}

const char *fault_detail(const struct fault *f, enum text_language language)
{
    if (!f)
        return NULL;
    return language == INDONESIAN && f->detail_id ? f->detail_id : f->detail;
}

const struct problem *fault_at(struct fault *f, const struct problem *p, const char *field,
                               const char *detail)
{
    if (f)
        *f = (struct fault){.field = field, .detail = detail};
    return p;
}

const char *problem_type(const struct problem *p, char out[PROBLEM_TYPE])
{
    snprintf(out, PROBLEM_TYPE, "/problems/%s", p->name);
    for (char *c = out + sizeof("/problems/") - 1; *c; c++)
        *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
    return out;
}
