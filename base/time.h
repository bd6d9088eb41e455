/* time.h -- moments and ids. A moment is microseconds since 1970 UTC, negative before. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"

enum { TIME_TEXT = 32, UUID_TEXT = 37 }; /* bytes, with the NUL */

int64_t time_now(void);       /* the wall clock */
int64_t time_monotonic(void); /* for deadlines and durations; never goes back */

/* RFC 3339, UTC, with six decimals and `Z`: every time has 27 characters. Years 1 to 9999. */
const char *time_format(int64_t us, char out[TIME_TEXT]);

/* RFC 3339: any offset, any number of decimals (those past six are cut), `t` and `z` too. Second 60
 * at 23:59:60 UTC of 30 June or 31 December counts as the next second. BAD_TEXT: another form.
 * OUT_OF_RANGE: no such day or hour, another second 60, or not in the years 1 to 9999 of UTC. */
fallible time_read(const char *s, int64_t *out);

/* A new UUIDv7 (RFC 9562), lower case; rises with every call within one process. Any thread. */
const char *uuid_new(char out[UUID_TEXT]);

/* A UUID in either case, in lower case; false leaves *out. `out` may be `s`. */
bool uuid_read(const char *s, char out[UUID_TEXT]);

/* 36 characters, lower-case hexadecimal and dashes in their places, any version. */
bool uuid_is_valid(const char *s);
