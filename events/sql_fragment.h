/* sql_fragment.h -- parts of queries that a feature writes in C, because one of its tables says
 * what they must be. A row FRAGMENT(name) of the feature's fragments.def is the function
 * append_<name>; a file of queries/ asks for what it appends by the line "-- :fragment <name>". */
#pragma once

struct text;

struct sql_fragment {
    const char *name;
    void (*append)(struct text *sql);
};

extern const struct sql_fragment sql_fragments[]; /* ended by a NULL name */
