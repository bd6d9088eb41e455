/* account.h -- what the events of one account say, for the rules that look at it: what its owner
 * may do, not who they are. Its events are appended by the store's own functions, in the commit
 * that changes the account's row; no command is decided on its stream. */
#pragma once

#include "events/decision.h"

struct user {
    bool registered, disabled;
    enum role role;
    const char *agency; /* NULL: none */
};

void stream_of_user(const char *user_id, char out[STREAM_TEXT]);
