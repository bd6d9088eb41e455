/* problems.h -- the problems of the features, beside those of base/problems.def. */
#pragma once

#include "base/problem.h"

#define PROBLEM(NAME, KIND, TITLE, TITLE_ID) extern const struct problem NAME[1];
#include "lists/problems.def"
#undef PROBLEM

/* The problem of that name, or NULL. */
const struct problem *problem_by_name(const char *name);
/* The i-th of all, base's first; NULL past the last one. */
const struct problem *problem_at(int i);
