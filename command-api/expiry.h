/* expiry.h -- deletes rows whose time is over: stored answers, sessions. A thread and a connection
 * of its own: nobody waits for either, and it goes on whatever else is away but the store. */
#pragma once

#include "platform/process/settings.h"

struct expiry;
/* Starts the thread. `settings` is borrowed. Any number of processes may run one. */
struct expiry *expiry_new(const struct settings *settings);
/* Ends after the call under way, so within its deadline. NULL is allowed. */
void expiry_free(struct expiry *e);
