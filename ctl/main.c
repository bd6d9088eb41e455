/* main.c -- citywatchctl <verb> …: exit code 0 is done, 1 failed or differs, 2 wrong usage,
 * 3 a database or Redis does not answer. */
#include "ctl/ctl.h"
#include "ctl/on_record.h"
#include "ctl/pages.h"
#include "ctl/table.h"

#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/embedded.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/postgres/postgres.h"
#include "view_engine/fold.h"
#include "base/banned.h"

extern const struct embedded view_files[];

static const struct verb *called; /* set once, before it runs; NULL: none */

const struct verb *verb_called(void)
{
    return called;
}

int failed(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("citywatchctl: ", stderr);
    print_sentence_v(stderr, format, args);
    va_end(args);
    return FAILED;
}

int usage(void)
{
    if (called)
        fprintf(stderr, "Usage: citywatchctl %s %s\n", called->name, called->arguments);
    fprintf(stderr, "Try citywatchctl %s%s--help.\n", called ? called->name : "",
            called ? " " : "");
    return USAGE;
}

int wrong_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("citywatchctl: ", stderr);
    print_sentence_v(stderr, format, args);
    va_end(args);
    return usage();
}

int wrong_word(const char *word, const char *choices)
{
    if (!word)
        return wrong_usage("a word is missing: %s.", choices);
    return wrong_usage("\"%s\" is not one of its words: %s.", word, choices);
}

void outlive_reader(void)
{
    signal(SIGPIPE, SIG_IGN);
}

int failed_by(const struct problem *p, const char *what)
{
    failed("%s: %s", what, p->title);
    return p->kind == UNAVAILABLE ? AWAY : FAILED;
}

bool is_read(int wait_ms)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, wait_ms) <= 0 || !(out.revents & (POLLERR | POLLNVAL));
}

static bool asked(void)
{
    char answer[16];
    if (!isatty(STDIN_FILENO)) {
        failed("nothing was changed: there is nobody to ask; --yes says that it is meant.");
        return false;
    }
    fputs("Go on? [y/N] ", stderr);
    if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return true;
    failed("nothing was changed.");
    return false;
}

bool confirmed(bool yes, const char *format, ...)
{
    va_list args;
    outlive_reader();
    va_start(args, format);
    print_sentence_v(stderr, format, args);
    va_end(args);
    bool agreed = yes || asked();
    if (agreed)
        put_on_record();
    return agreed;
}

struct pg *database_of_environment(int timeout_ms)
{
    const char *url = getenv("DATABASE_URL");
    if (!url || !*url) {
        failed("DATABASE_URL is not set: it names the database.");
        return NULL;
    }
    return pg_new(url, "citywatchctl", NULL, timeout_ms);
}

bool is_view(const char *name)
{
    for (const struct embedded *f = view_files; f->name; f++)
        if (text_starts(f->name, name) && text_equal(f->name + strlen(name), ".sql"))
            return true;
    return fold_find(view_folds, name) != NULL;
}

/* What was printed has to have arrived: a full disk is a failure, a reader that left is none. */
static int printed(int code)
{
    bool lost = fflush(stdout) || ferror(stdout);
    return lost && is_read(0) && code == DONE ? failed("not all of it could be written.") : code;
}

/* Anywhere behind a verb: what it does, nothing is done. */
static int run(const struct verb *v, int argc, char **argv)
{
    called = v;
    for (int i = 0; i < argc; i++)
        if (text_equal(argv[i], "--help") || text_equal(argv[i], "-h")) {
            print_verb(v);
            return DONE;
        }
    on_record_begin(v->name, argc, argv);
    int code = v->call(argc, argv);
    on_record_end(code);
    return code;
}

static const struct verb *find_verb(const char *name)
{
    for (const struct verb *v = verbs; v->name; v++)
        if (text_equal(name, v->name))
            return v;
    return NULL;
}

/* Needs no database and no settings. */
static int show(void (*page)(void))
{
    page();
    return DONE;
}

/* help [verb], --help */
static int help_about(const char *name)
{
    const struct verb *v = find_verb(name);
    if (!name)
        return show(page_help);
    if (!v)
        return wrong_usage("there is no verb \"%s\".", name);
    print_verb(v);
    return DONE;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2)
        return wrong_usage("a verb is missing.");
    if (text_equal(argv[1], "--help") || text_equal(argv[1], "-h") || text_equal(argv[1], "help"))
        return help_about(argv[2]);
    if (text_equal(argv[1], "--version"))
        return puts(CITYWATCH_VERSION) < 0 ? FAILED : DONE;
    if (text_equal(argv[1], "--man"))
        return show(page_man);
    if (text_equal(argv[1], "--completion"))
        return show(page_completion);
    const struct verb *v = find_verb(argv[1]);
    return v ? run(v, argc - 2, argv + 2) : wrong_usage("there is no verb \"%s\".", argv[1]);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_DFL); /* a parent may have ignored it */
    log_start("citywatchctl", LOG_WARNING);
    if (sodium_init() < 0)
        return failed("libsodium does not start.");
    return printed(dispatch(argc, argv));
}
