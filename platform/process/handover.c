/* handover.c -- what is handed from one process to the next, see the header. */
#include "platform/process/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/banned.h"

#define SOCKET_NAME "http"

static int offered = -1, held = -1;
static atomic_bool outlives;

/* ---- from the process before ---- */

static void forget(int fd)
{
    close(fd);
    sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=" SOCKET_NAME);
}

int handover_take(const struct sockaddr *address, socklen_t length)
{
    int taken = -1, count = sd_listen_fds(1);
    for (int i = 0; i < count; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        bool wanted = sd_is_socket_sockaddr(fd, SOCK_STREAM, address, length, 1) > 0;
        if (!wanted) /* systemd's copy would hold the port for a moment that the next bind has not
                      */
            shutdown(fd, SHUT_RDWR);
        if (wanted && taken < 0)
            taken = fd;
        else
            forget(fd);
    }
    return taken;
}

/* ---- to the next one ---- */

void handover_offer(int fd)
{
    offered = fd;
    if (sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=" SOCKET_NAME, &fd, 1) > 0)
        atomic_store(&outlives, true);
}

void handover_hold(void)
{
    held = offered < 0 ? -1 : fcntl(offered, F_DUPFD_CLOEXEC, SD_LISTEN_FDS_START + 1);
    atomic_store(&outlives, held >= 0 || atomic_load(&outlives));
}

bool handover_outlives(void)
{
    return atomic_load(&outlives);
}

/* What this process was started with, a lock for instance, stays open under another number. */
static bool make_room(void)
{
    int flags = fcntl(SD_LISTEN_FDS_START, F_GETFD);
    return flags < 0 || flags & FD_CLOEXEC || dup(SD_LISTEN_FDS_START) >= 0;
}

static bool name_socket(void)
{
    char pid[16];
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    return make_room() && dup2(held, SD_LISTEN_FDS_START) >= 0 && !setenv("LISTEN_PID", pid, 1) &&
           !setenv("LISTEN_FDS", "1", 1) && !setenv("LISTEN_FDNAMES", SOCKET_NAME, 1);
}

void handover_become(char **argv)
{
    if (held < 0 || name_socket())
        execvp(argv[0], argv);
    log_error("this service could not start again in its place", KV("program", argv[0]),
              KV("reason", strerror(errno)));
}
