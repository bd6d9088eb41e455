/* failpoint.c -- see failpoint.h. */
#include "base/failpoint.h"

#ifdef CITYWATCH_FAILPOINTS

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "base/banned.h"

static const char *const names[] = {
#define POINT(name, text) text,
#include "base/failpoints.def"
#undef POINT
};

static struct {
    int point; /* FAILPOINTS: none */
    long sleep_ms, from;
    atomic_long times;
} armed = {.point = FAILPOINTS};

static void refuse_value(const char *value)
{
    log_error("ES_FAILPOINT is not understood", KV("value", value));
    _exit(2);
}

static void read_environment(void)
{
    const char *value = getenv("ES_FAILPOINT"), *colon = value ? strchr(value, ':') : NULL;
    if (!value || !*value)
        return;
    for (int i = 0; colon && i < FAILPOINTS; i++)
        if (strlen(names[i]) == (size_t)(colon - value) && text_starts(value, names[i]))
            armed.point = i;
    if (armed.point == FAILPOINTS)
        refuse_value(value);
    const char *at = strchr(colon, '@');
    armed.from = at ? strtol(at + 1, NULL, 10) : 1;
    if (text_starts(colon, ":sleep_ms="))
        armed.sleep_ms = strtol(colon + strlen(":sleep_ms="), NULL, 10);
    else if (!text_starts(colon, ":exit"))
        refuse_value(value);
}

void failpoint_reached(enum failpoint p)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_environment);
    if ((int)p != armed.point || atomic_fetch_add(&armed.times, 1) + 1 < armed.from)
        return;
    log_warning("failpoint reached", KV("point", names[p]));
    if (!armed.sleep_ms)
        _exit(FAILPOINT_EXIT_CODE); /* nothing is flushed, closed or said good-bye to */
    struct timespec t = {armed.sleep_ms / 1000, armed.sleep_ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

#else

typedef int failpoint_none; /* a source file must not be empty */

#endif
