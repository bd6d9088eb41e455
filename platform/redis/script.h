/* script.h -- a Lua script that Redis runs in one step, sent by its hash. Redis forgets scripts at
 * a restart and at SCRIPT FLUSH; then it is sent again. */
#pragma once

#include "platform/redis/redis.h"

struct redis_script {
    const char *text; /* set by the caller; borrowed */
    char hash[48];    /* "" until Redis has it */
};

/* Runs EVALSHA. args[0] and args[1] are filled in here; from args[2] on: the number of keys, the
 * keys, the arguments. Problems as of redis_call; two round trips at most, a deadline each. */
enum { SCRIPT_ARGUMENTS_FIRST = 2 };
fallible redis_run(struct redis *r, struct redis_script *s, struct redis_argument *args, int count,
                   struct arena *a, struct redis_reply *out);
