/* recorder.h -- a recorder that writes the last outcome down as one line:
 * "method route status bytes request-id address problem known|kind actor role agency subject
 * position", with - for what is not there, and `forgotten` in the place of `known`. */
#pragma once

#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>

#include "platform/http/http.h"
#include "tests/support/harness.h"

enum { OUTCOME_LINE = 600 };

static struct {
    pthread_mutex_t lock;
    char line[OUTCOME_LINE];
} recorded = {.lock = PTHREAD_MUTEX_INITIALIZER};

static inline const char *or_dash(const char *s)
{
    return s ? s : "-";
}

static inline void write_outcome(const struct http_outcome *o, char out[OUTCOME_LINE])
{
    const struct http_notes *n = &o->notes;
    snprintf(out, OUTCOME_LINE, "%s %s %d %zu %s %s %s %s|%s %s %s %s %s %lld", o->method,
             or_dash(o->route), o->status, o->bytes, or_dash(o->request_id), or_dash(o->address),
             or_dash(o->problem), o->forgotten ? "forgotten" : "known", or_dash(n->kind),
             or_dash(n->actor), or_dash(n->role), or_dash(n->agency), or_dash(n->subject),
             (long long)n->position);
}

static inline void record_outcome(void *arg, int loop, const struct http_outcome *o)
{
    (void)arg;
    (void)loop;
    pthread_mutex_lock(&recorded.lock);
    write_outcome(o, recorded.line);
    pthread_mutex_unlock(&recorded.lock);
}

static inline void record_turn(void *arg, int loop)
{
    (void)arg;
    (void)loop;
}

/* Of the last answer that a client has heard: it was told before that was sent. */
static inline const char *recorded_line(void)
{
    static char line[OUTCOME_LINE];
    pthread_mutex_lock(&recorded.lock);
    memcpy(line, recorded.line, sizeof(line));
    pthread_mutex_unlock(&recorded.lock);
    return line;
}

/* A pattern's `*` stands for anything. */
#define CHECK_LIKE(line, pattern) check_like(__FILE__, __LINE__, line, pattern)
static inline void check_like(const char *file, int at, const char *line, const char *pattern)
{
    if (fnmatch(pattern, line, 0))
        test_fail(file, at, "an outcome", line, pattern);
}
