/* script.c -- see script.h. */
#include "platform/redis/script.h"

#include <stdio.h>

#include "base/text.h"
#include "base/banned.h"

static fallible load(struct redis *r, struct redis_script *s, struct arena *a,
                     struct redis_reply *reply)
{
    TRY(redis_command(r, a, reply, "SCRIPT", "LOAD", s->text, NULL));
    if (reply->kind == REPLY_TEXT)
        snprintf(s->hash, sizeof(s->hash), "%s", reply->text);
    return NULL;
}

fallible redis_run(struct redis *r, struct redis_script *s, struct redis_argument *args, int count,
                   struct arena *a, struct redis_reply *out)
{
    for (int n = 0; n < 2; n++) {
        args[0] = (struct redis_argument){"EVALSHA", 7};
        args[1] = (struct redis_argument){s->hash, strlen(s->hash)};
        if (*s->hash)
            TRY(redis_call(r, args, count, a, out));
        if (*s->hash && !(out->kind == REPLY_ERROR && text_starts(out->text, "NOSCRIPT")))
            return NULL;
        TRY(load(r, s, a, out));
        if (out->kind == REPLY_ERROR)
            return NULL;
    }
    return NULL;
}
