/* background.h -- a thread beside the others of a service, which works, pauses and works again
 * until it is told to end. */
#pragma once

#include <stdbool.h>

struct background;

/* `run(b, arg)` on a thread of that name, 15 characters at most. NULL: the system gives none. */
struct background *background_start(const char *name, void (*run)(struct background *b, void *arg),
                                    void *arg);

/* For the thread itself: sleeps. False, at once: it is told to end. */
bool background_pause(struct background *b, int ms);

/* Tells it to end and waits until it has. NULL is allowed. */
void background_end(struct background *b);
