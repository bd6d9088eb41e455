/* program.c -- see program.h. */
#include "ctl/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "ctl/ctl.h"
#include "base/banned.h"

enum { SAID_MAX = 64 << 20, PIECE = 65536 };

/* False: it did not start. */
static bool start(const char *const *argv, bool complaints_too, int out, pid_t *pid)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    if (complaints_too)
        posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
    int fault =
        posix_spawn(pid, argv[0], &files, NULL, (char *const *)argv, (char *const *)environment);
    posix_spawn_file_actions_destroy(&files);
    if (fault)
        failed("%s does not start: %s.", argv[0], strerror(fault));
    return !fault;
}

/* True: it has closed its output. */
static bool hear(int from, int64_t until, struct text *said)
{
    char piece[PIECE];
    for (int64_t left; (left = until - time_monotonic()) > 0 && said->length <= SAID_MAX;) {
        struct pollfd in = {.fd = from, .events = POLLIN};
        if (poll(&in, 1, (int)(left / 1000) + 1) <= 0)
            continue;
        ssize_t got = read(from, piece, sizeof(piece));
        if (got == 0)
            return true;
        if (got > 0)
            text_append_bytes(said, piece, (size_t)got);
    }
    return false;
}

int program_run(const char *const *argv, int seconds, bool complaints_too, struct text *said)
{
    int ends[2], state = 0;
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC)) {
        failed("there is no pipe: %s.", strerror(errno));
        return PROGRAM_LOST;
    }
    bool runs = start(argv, complaints_too, ends[1], &pid);
    close(ends[1]);
    bool heard = runs && hear(ends[0], time_monotonic() + seconds * INT64_C(1000000), said);
    close(ends[0]);
    if (!runs)
        return PROGRAM_LOST;
    if (!heard)
        kill(pid, SIGKILL);
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
        ;
    if (heard && WIFEXITED(state))
        return WEXITSTATUS(state);
    failed("%s was ended: it took more than %d s, or something killed it.", argv[0], seconds);
    return PROGRAM_LOST;
}
