/* wait.c -- see wait.h. */
#include "platform/process/wait.h"

#include <errno.h>
#include <poll.h>

#include "base/time.h"
#include "base/banned.h"

bool wait_for_socket(int fd, short events, int64_t deadline)
{
    struct pollfd p = {.fd = fd, .events = events};
    for (;;) {
        int64_t left = deadline - time_monotonic();
        if (left <= 0)
            return false;
        int n = poll(&p, 1, (int)(left / 1000) + 1);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
}
