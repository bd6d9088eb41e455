/* pages.h -- the verbs and options of citywatchctl as tables, and what is printed from them. */
#pragma once

struct verb {
    const char *name; /* NULL ends the table */
    int (*call)(int argc, char **argv);
    const char *arguments, *what;
    const char *more; /* for the manual; "" if there is nothing to add */
    const char *example;
};
extern const struct verb verbs[];

/* The pages are printed from the verb's row and options.def, so what the verb reads must be the
 * same: the options that its row names and no others, those without a value as flags. Ends the
 * program if `table` differs. */
struct option;
void check_options(const struct verb *v, const struct option *table);

/* How a verb is called and what it does, on stdout, with the options it takes. */
void print_verb(const struct verb *v);
/* Of all verbs: the help, the manual as man(7) source, the completion for bash. */
void page_help(void);
void page_man(void);
void page_completion(void);
