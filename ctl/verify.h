/* verify.h -- what the parts of `citywatchctl verify` share. Each compares in pages, none holds a
 * transaction for longer than one; the city may run meanwhile. */
#pragma once

#include "ctl/city.h"

struct findings {
    bool json;
    int64_t count;
    int64_t said_at; /* when progress was shown last, monotonic */
};

/* One difference, a line on stdout. `part` is store, redis or views; `name` a stream, a key or a
 * view; `position` 0: none. */
void differs(struct findings *f, const char *part, const char *name, int64_t position,
             const char *format, ...) __attribute__((format(printf, 5, 6)));
/* A line about what was compared: on stdout with --json, else on stderr. `position`: up to which
 * event of the log; 0: of no meaning. */
void compared(struct findings *f, const char *part, const char *name, int64_t count,
              const char *unit, int64_t position);
/* On stderr, about each second; `done` of `all`, which is left out once there are more. */
void progress(struct findings *f, const char *name, int64_t done, int64_t all);

fallible verify_store(struct city *c, struct findings *f);
fallible verify_redis(struct city *c, struct findings *f);
/* One view, or all if `name` is NULL. VERSION_CONFLICT: another verify is at it. */
fallible verify_views(struct city *c, const char *name, struct findings *f);
