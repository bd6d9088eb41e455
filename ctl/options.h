/* options.h -- what follows a verb: options in any order, and words. */
#pragma once

#include <stdbool.h>

/* A row either takes a value or is a flag. */
struct option {
    const char *name; /* "--role"; NULL ends the table */
    const char **value;
    bool *flag;
};

/* NULL: the table has no such option. */
const struct option *option_find(const struct option *table, const char *name);

/* For the verb that runs, whose row names just these options (check_options).
 *
 * Fills values and flags, and up to `max` words. False, after a sentence that names it: an unknown
 * or repeated option, a value that is missing, a word too many. All of them start as NULL and
 * false. */
bool options_read(int argc, char **argv, const struct option *table, const char **words, int max);
