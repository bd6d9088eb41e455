/* wait.h -- waits for a socket, as every blocking call of an adapter does. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* True once `fd` is ready for `events` (of poll), or has failed; false at the deadline (monotonic
 * us). */
bool wait_for_socket(int fd, short events, int64_t deadline);
