/* pages.c -- see pages.h: help, manual and completion from the rows of verbs.def and options.def.
 */
#include "ctl/pages.h"

#include <stdio.h>

#include "base/embedded.h"
#include "base/text.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "events/words.h"
#include "view_engine/fold.h"
#include "base/banned.h"

extern const struct embedded view_files[];

#define VERB(name, call, arguments, what, more, example) \
    {name, call, arguments, what, more, example},
const struct verb verbs[] = {
#include "ctl/verbs.def"
    {NULL, NULL, NULL, NULL, NULL, NULL}};
#undef VERB

#define OPTION(name, value, what) {name, value, what},
static const struct option_row {
    const char *name;
    enum { NO_VALUE, ANY_VALUE, ROLE_VALUE, FILE_VALUE } value;
    const char *what;
} option_rows[] = {
#include "ctl/options.def"
    {NULL, NO_VALUE, NULL}};
#undef OPTION

static const char SMALL[] = "abcdefghijklmnopqrstuvwxyz-";

/* Whether `option` stands in the arguments, not only one that begins like it. */
static bool takes(const struct verb *v, const char *option)
{
    size_t length = strlen(option);
    for (const char *at = v->arguments; (at = strstr(at, option)); at += length)
        if (!at[length] || !strchr(SMALL, at[length]))
            return true;
    return false;
}

/* ---- what the verbs read ---- */

static const struct option_row *find_row(const char *name)
{
    for (const struct option_row *o = option_rows; o->name; o++)
        if (text_equal(o->name, name))
            return o;
    return NULL;
}

static void check_option(const struct verb *v, const char *name, bool is_right)
{
    if (is_right)
        return;
    fprintf(stderr, "citywatchctl: %s reads %s otherwise than its row in ctl/verbs.def says.\n",
            v->name, name);
    abort();
}

void check_options(const struct verb *v, const struct option *table)
{
    for (const struct option *o = table; o->name; o++) {
        const struct option_row *row = find_row(o->name);
        check_option(v, o->name, row && takes(v, o->name) && (row->value == NO_VALUE) == !!o->flag);
    }
    for (const struct option_row *row = option_rows; row->name; row++)
        check_option(v, row->name, !takes(v, row->name) || option_find(table, row->name));
}

/* ---- help ---- */

void print_verb(const struct verb *v)
{
    printf("citywatchctl %s %s\n    %s\n", v->name, v->arguments, v->what);
    for (const struct option_row *o = option_rows; o->name; o++)
        if (takes(v, o->name))
            printf("    %-16s %s\n", o->name, o->what);
    printf("    Example: %s\n\n", v->example);
}

void page_help(void)
{
    puts("citywatchctl " CITYWATCH_VERSION ": looks after the services of Citywatch.\n");
    for (const struct verb *v = verbs; v->name; v++)
        printf("citywatchctl %s %s\n    %s\n    Example: %s\n\n", v->name, v->arguments, v->what,
               v->example);
    puts("It reads DATABASE_URL, READ_DATABASE_URL and REDIS_… as the services do. --json prints "
         "one\n"
         "object a line. What destroys something says so and asks; --yes answers.\n"
         "Exit codes: 0 done, 1 failed or differs, 2 wrong usage, 3 a database or Redis is away,\n"
         "4 doctor has found warnings and no fault.\n"
         "--man prints the manual (man -l -), --completion what bash sources to complete.");
}

/* ---- manual ---- */

/* Text as groff shows it unchanged: a hyphen as a minus, no line of it is a request. */
static void print_roff(const char *s)
{
    for (; *s; s++)
        if (*s == '-')
            fputs("\\-", stdout);
        else if (*s == '\\')
            fputs("\\e", stdout);
        else if (text_starts(s, "…")) {
            fputs("...", stdout);
            s += strlen("…") - 1;
        } else
            putchar(*s);
}

static void print_paragraph(const char *s)
{
    fputs("\\&", stdout); /* a line that begins with a full stop would be a request */
    print_roff(s);
    putchar('\n');
}

static void man_of_verb(const struct verb *v)
{
    printf(".TP\n.B %s\n", v->name);
    print_paragraph(v->arguments);
    puts(".br");
    print_paragraph(v->what);
    if (*v->more)
        print_paragraph(v->more);
    puts(".IP\n.EX");
    print_paragraph(v->example);
    puts(".EE");
}

static const char man_head[] =
    ".TH CITYWATCHCTL 1 \"\" \"Citywatch " CITYWATCH_VERSION "\"\n"
    ".nh\n.ad l\n"
    ".SH NAME\n"
    "citywatchctl \\- look after the event store, the views, Redis and the accounts of "
    "Citywatch\n"
    ".SH SYNOPSIS\n"
    ".B citywatchctl\n.I verb\n[\\fIarguments\\fR]\n.br\n"
    ".B citywatchctl\n[\\fIverb\\fR] \\fB\\-\\-help\\fR\n.br\n"
    ".B citywatchctl\n\\fB\\-\\-version\\fR | \\fB\\-\\-man\\fR | \\fB\\-\\-completion\\fR\n"
    ".SH DESCRIPTION\n"
    "It talks to the databases and to Redis directly and works while the services run, or "
    "while they do not.\n"
    "Tables are for people; \\-\\-json prints one JSON object a line.\n"
    "A verb that destroys something says on standard error what it will do and asks; "
    "\\-\\-yes answers,\n"
    "and where nobody can be asked nothing is done without it.\n.PP\n"
    "On a city that make run has started, tools/ctl runs it with the settings, the user and "
    "the rights\nthat each verb needs.\n"
    ".SH VERBS";

static const char man_tail[] =
    ".SH ENVIRONMENT\n"
    "DATABASE_URL, READ_DATABASE_URL, REDIS_HOST, REDIS_PORT, REDIS_PASSWORD_FILE and\n"
    "REDIS_RETAIN_EVENTS, as the services read them; doctor also the other settings, RUN_DIR and "
    "BACKUP_DIR.\n"
    ".SH EXIT STATUS\n"
    ".TP\n0\nDone; nothing differs.\n"
    ".TP\n1\nFailed, or something differs, or the operator said no.\n"
    ".TP\n2\nWrong usage.\n"
    ".TP\n3\nA database or Redis does not answer. For doctor that is a fault, 1.\n"
    ".TP\n4\nOf doctor: warnings and no fault.";

void page_man(void)
{
    puts(man_head);
    for (const struct verb *v = verbs; v->name; v++)
        man_of_verb(v);
    puts(".SH OPTIONS");
    for (const struct option_row *o = option_rows; o->name; o++) {
        fputs(".TP\n.B ", stdout);
        print_roff(o->name);
        putchar('\n');
        print_paragraph(o->what);
    }
    puts(man_tail);
}

/* ---- completion ---- */

static void print_views(void)
{
    for (const struct embedded *f = view_files; f->name; f++)
        printf("%.*s ", (int)strcspn(f->name, "."), f->name);
    for (const struct view_fold *f = view_folds; f->name; f++)
        printf("%s ", f->name);
}

/* The words of the arguments that are typed as they are; views for "<view>". */
static void print_words(const struct verb *v)
{
    bool views = false;
    for (const char *at = v->arguments; *at;) {
        size_t length = strspn(at, SMALL);
        if (*at == '<') {
            views = views || text_starts(at, "<view>");
            at += strcspn(at, ">");
        } else if (length && at[0] != '-')
            printf("%.*s ", (int)length, at);
        at += length && *at != '>' ? length : 1;
    }
    if (views)
        print_views();
    for (const struct option_row *o = option_rows; o->name; o++)
        if (takes(v, o->name))
            printf("%s ", o->name);
}

static void print_values(void)
{
    for (const struct option_row *o = option_rows; o->name; o++) {
        if (o->value == NO_VALUE)
            continue;
        printf("    %s) ", o->name);
        if (o->value == ROLE_VALUE) {
            fputs("mapfile -t COMPREPLY < <(compgen -W '", stdout);
            for (int i = 0; i < ROLE_COUNT; i++)
                printf("%s ", role_words[i]);
            fputs("' -- \"$word\")", stdout);
        } else if (o->value == FILE_VALUE)
            fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$word\")", stdout);
        else
            fputs("COMPREPLY=()", stdout);
        puts(" ;;");
    }
}

void page_completion(void)
{
    puts("# Completion of citywatchctl, tools/ctl and citywatch-ctl for bash, as citywatchctl "
         "--completion prints "
         "it.\n\n"
         "_citywatchctl_words()\n{\n    case $1 in");
    for (const struct verb *v = verbs; v->name; v++) {
        printf("    %s) echo '", v->name);
        print_words(v);
        puts("' ;;");
    }
    fputs("    *) echo '", stdout);
    for (const struct verb *v = verbs; v->name; v++)
        printf("%s ", v->name);
    puts("help --help --version --man --completion' ;;\n    esac\n}\n\n"
         "_citywatchctl()\n{\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} verb=\n"
         "    [ \"$COMP_CWORD\" -lt 2 ] || verb=${COMP_WORDS[1]}\n"
         "    case ${COMP_WORDS[COMP_CWORD - 1]} in");
    print_values();
    puts("    *) mapfile -t COMPREPLY < <(compgen -W \"$(_citywatchctl_words \"$verb\")\" -- "
         "\"$word\") ;;\n"
         "    esac\n}\n"
         "complete -F _citywatchctl citywatchctl tools/ctl citywatch-ctl");
}
