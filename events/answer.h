/* answer.h -- answers that a feature makes in C, because a rule of its says what they must be: the
 * file of the query reads what the rule needs, the function makes the JSON text from it. A row
 * ANSWER(name) of the feature's answers.def is the function answer_<name>; MADE_BY(name) in a row
 * of routes.def names it. */
#pragma once

#include "base/problem.h"

struct arena;
struct text;

struct query_answer {
    const char *name;
    /* `read` is what the file returned. Appends one JSON object to *out. Pure and bounded; any
     * thread. INTERNAL: it cannot be read. */
    const struct problem *(*make)(const char *read, struct arena *a, struct text *out);
};
extern const struct query_answer query_answers[];                /* ended by a NULL name */
const struct query_answer *query_answer_named(const char *name); /* NULL: there is none */
