/* main.c -- citywatchctl <verb> …: exit code 0 is done, 1 failed or differs, 2 wrong usage,
 * 3 a database or Redis does not answer. */
#include "ctl/ctl.h"

#include <sodium.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "platform/postgres.h"
#include "base/banned.h"

#define VERB(name, call, arguments, what, example) {name, call, arguments, what, example},
static const struct verb {
    const char *name;
    int (*call)(int argc, char **argv);
    const char *arguments, *what, *example;
} verbs[] = {
#include "ctl/verbs.def"
};
#undef VERB
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static void say(const char *format, va_list args)
{
    fputs("citywatchctl: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int failed(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    return FAILED;
}

int wrong_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    fputs("Try citywatchctl --help.\n", stderr);
    return USAGE;
}

int failed_by(const struct problem *p, const char *what)
{
    failed("%s: %s", what, p->title);
    return p->kind == UNAVAILABLE ? AWAY : FAILED;
}

bool confirmed(bool yes, const char *format, ...)
{
    char answer[16];
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    if (yes)
        return true;
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

struct pg *database_of_environment(int timeout_ms)
{
    const char *url = getenv("DATABASE_URL");
    if (!url || !*url) {
        failed("DATABASE_URL is not set: it names the database.");
        return NULL;
    }
    return pg_new(url, "citywatchctl", NULL, timeout_ms);
}

static void describe(const struct verb *v)
{
    printf("citywatchctl %s %s\n    %s\n    Example: %s\n\n", v->name, v->arguments, v->what,
           v->example);
}

static int help(void)
{
    puts("citywatchctl " CITYWATCH_VERSION ": looks after the services of Citywatch.\n");
    for (int i = 0; i < VERBS; i++)
        describe(&verbs[i]);
    puts("It reads DATABASE_URL, READ_DATABASE_URL and REDIS_… as the services do. --json prints "
         "one\n"
         "object a line. What destroys something says so and asks; --yes answers.\n"
         "Exit codes: 0 done, 1 failed or differs, 2 wrong usage, 3 a database or Redis is away.");
    return DONE;
}

/* Anywhere behind a verb: what it does, nothing is done. */
static int run(const struct verb *v, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (text_equal(argv[i], "--help")) {
            describe(v);
            return DONE;
        }
    return v->call(argc, argv);
}

int main(int argc, char **argv)
{
    log_start("citywatchctl", LOG_WARNING);
    if (sodium_init() < 0)
        return failed("libsodium does not start.");
    if (argc < 2)
        return wrong_usage("a verb is missing.");
    if (text_equal(argv[1], "--help") || text_equal(argv[1], "help"))
        return help();
    if (text_equal(argv[1], "--version"))
        return puts(CITYWATCH_VERSION) < 0 ? FAILED : DONE;
    for (int i = 0; i < VERBS; i++)
        if (text_equal(argv[1], verbs[i].name))
            return run(&verbs[i], argc - 2, argv + 2);
    return wrong_usage("there is no verb \"%s\".", argv[1]);
}
