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

/* How a verb is called and what it does, on stdout, with the options it takes. */
void print_verb(const struct verb *v);
/* Of all verbs: the help, the manual as man(7) source, the completion for bash. */
void page_help(void);
void page_man(void);
void page_completion(void);
