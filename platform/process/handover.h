/* handover.h -- the listening socket outlives the process that made it, so that a service which
 * starts again refuses nobody: connections wait in the socket until the next process accepts them.
 * Two ways, one protocol (sd_listen_fds(3), sd_pid_notify_with_fds(3)):
 * - systemd keeps a copy, if the unit has a FileDescriptorStoreMax=, and hands it to the process
 *   that it starts next, after a crash, too;
 * - SIGUSR2: the process finishes what it has and becomes the program of its path anew
 *   (service_wait, service_end). It stays the same process to its supervisor.
 * One socket a process. Main thread only, unless it says otherwise. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* The socket that was handed to this process if it listens on exactly that address, else -1: one of
 * another address is closed, because a setting has changed. Owned by the caller. */
int handover_take(const struct sockaddr *address, socklen_t length);

/* From now on `fd`, which listens, is what is handed over; borrowed, open until the stop. */
void handover_offer(int fd);

/* SIGUSR2 came: the socket stays open until handover_become, whoever closes `fd`. */
void handover_hold(void);

/* Any thread. Somebody else may go on with the socket, so nobody may shut it down. */
bool handover_outlives(void);

/* Becomes the program of argv[0] with the socket that is held. Returns if that is impossible, which
 * is logged. */
void handover_become(char **argv);
