/* sql_fragment.h -- parts of views and queries that a feature writes in C, because one of its
 * tables says what they must be. A row FRAGMENT(name) of the feature's fragments.def is the
 * function append_<name>; a file of views/ or queries/ asks for what it appends by the line
 * "-- :fragment <name>". */
#pragma once

#include "base/problem.h"

struct text;

struct sql_fragment {
    const char *name;
    void (*append)(struct text *sql);
};

extern const struct sql_fragment sql_fragments[]; /* ended by a NULL name */

/* The text of a SQL file, with what a fragment appends in place of each line that asks for it.
 * INTERNAL if there is no such fragment. */
fallible append_with_fragments(struct text *sql, const char *file);
