/* main.c -- citywatchctl <verb> …: exit code 0 is done, 1 failed, 2 wrong usage. */
#include "ctl/ctl.h"

#include <sodium.h>
#include <stdarg.h>

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

struct pg *database_of_environment(int timeout_ms)
{
    const char *url = getenv("DATABASE_URL");
    if (!url || !*url) {
        failed("DATABASE_URL is not set: it names the database.");
        return NULL;
    }
    return pg_new(url, "citywatchctl", NULL, timeout_ms);
}

static int help(void)
{
    puts("citywatchctl " CITYWATCH_VERSION ": runs beside the services of Citywatch.\n");
    for (int i = 0; i < VERBS; i++)
        printf("citywatchctl %s %s\n    %s\n    Example: %s\n\n", verbs[i].name, verbs[i].arguments,
               verbs[i].what, verbs[i].example);
    puts("Exit codes: 0 done, 1 failed, 2 wrong usage.");
    return DONE;
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
            return verbs[i].call(argc - 2, argv + 2);
    return wrong_usage("there is no verb \"%s\".", argv[1]);
}
