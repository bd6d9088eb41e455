/* prompt_test.c -- what destroys something asks on a terminal: only a yes changes anything. */
#include "tests/ctl/small_city.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A terminal of the child's own; what is written to `*terminal` is typed. */
static pid_t start_on_terminal(const char *command, int *terminal)
{
    *terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*terminal < 0 || grantpt(*terminal) || unlockpt(*terminal))
        abort();
    const char *name = ptsname(*terminal);
    pid_t child = fork();
    if (child)
        return child;
    setsid();
    int fd = open(name, O_RDWR); /* becomes the controlling terminal */
    ioctl(fd, TIOCSCTTY, 0);
    for (int i = 0; i < 3; i++)
        dup2(fd, i);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Runs citywatchctl on a terminal and types `answer` when it has asked; returns its exit code. */
static int ctl_asked(const struct small_city *c, const char *words, const char *answer)
{
    char command[4096];
    int terminal, status;
    size_t n = 0;
    ssize_t got;
    bool asked = false;
    ctl_command(c, words, "", command);
    pid_t child = start_on_terminal(command, &terminal);
    while ((got = read(terminal, output + n, sizeof(output) - 1 - n)) > 0) { /* EIO: it has ended */
        n += (size_t)got;
        output[n] = '\0';
        if (!asked && strstr(output, "Go on? [y/N] ")) {
            asked = true;
            CHECK_INT(write(terminal, answer, strlen(answer)), (long long)strlen(answer));
        }
    }
    close(terminal);
    CHECK(asked);
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* `state`: a number that the verb changes; what is no yes leaves it. */
static void asks(const struct small_city *c, struct pg *db, const char *words, const char *state)
{
    static const char *const no[] = {"n\n", "\n", "no\n", "x y\n", "\004"};
    int64_t before = number(db, state);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        CHECK_INT(ctl_asked(c, words, no[i]), 1);
        CHECK_INT(number(db, state), before);
    }
    CHECK_INT(ctl_asked(c, words, "y\n"), 0);
    CHECK(number(db, state) != before);
}

TEST(an_account_is_disabled_only_by_a_yes)
{
    struct small_city c = city_found();
    char command[4096];
    ctl_command(&c, "account add mallory --role CITIZEN --password-file -", "", command);
    test_shell("printf password | %s", command);
    asks(&c, c.log, "account disable mallory", "SELECT count(*) FROM account WHERE disabled");
    CHECK(said("mallory is disabled"));
    city_leave(&c);
}

TEST(an_epoch_is_raised_only_by_a_yes)
{
    struct small_city c = city_of_a_day();
    asks(&c, c.log, "epoch raise", "SELECT epoch FROM es_store");
    city_leave(&c);
}

TEST(an_event_is_discarded_only_by_a_yes)
{
    struct small_city c = poisoned_city();
    asks(&c, c.views, "parked discard report_list " FIFTH " --reason mistake",
         "SELECT count(*) FROM engine.parked");
    city_leave(&c);
}

TEST(a_view_is_rebuilt_taken_back_and_dropped_only_by_a_yes)
{
    static const char tables[] = "SELECT sum(c.oid::bigint) FROM pg_class c JOIN pg_namespace n ON "
                                 "n.oid = c.relnamespace WHERE n.nspname = 'report_list'";
    struct small_city c = city_of_a_day();
    asks(&c, c.views, "rebuild report_list", tables);
    asks(&c, c.views, "rebuild report_list --swap-back", tables);
    asks(&c, c.views, "rebuild report_list --drop",
         "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'report_list%'");
    CHECK_INT(ctl(&c, "verify"), 0);
    city_leave(&c);
}

TEST(redis_is_trimmed_and_filled_anew_only_by_a_yes)
{
    static const char *const no[] = {"n\n", "\n"};
    struct small_city c = city_found();
    for (int n = 1; n <= 450; n++)
        file_report(&c, n);
    publish_all(&c);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        CHECK_INT(ctl_asked(&c, "trim --keep 100", no[i]), 1);
        CHECK_INT(ctl_asked(&c, "republish", no[i]), 1);
    }
    test_shell("test $(redis-cli -p %d XLEN '{events}:all') = 450", test_redis_port());
    test_shell("test $(redis-cli -p %d EXISTS '{events}:meta') = 1", test_redis_port());
    CHECK_INT(ctl_asked(&c, "trim --keep 100", "y\n"), 0);
    test_shell("test $(redis-cli -p %d XLEN '{events}:all') -lt 450", test_redis_port());
    CHECK_INT(ctl_asked(&c, "republish", "Yes\n"), 0);
    test_shell("test $(redis-cli -p %d EXISTS '{events}:meta') = 0", test_redis_port());
    city_leave(&c);
}
