/* time.h -- moments and ids. A moment is microseconds since 1970 UTC; 0 means "no time". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { TIME_TEXT = 32, UUID_TEXT = 37 }; /* bytes, with the NUL */

int64_t time_now(void);       /* the wall clock */
int64_t time_monotonic(void); /* for deadlines and durations; never goes back */

/* RFC 3339, UTC, with `Z`; up to 6 decimals, none if the second is whole. */
const char *time_format(int64_t us, char out[TIME_TEXT]);

/* RFC 3339 with any offset, years 1970 to 9999; a leap second counts as the next second.
 * False leaves *out. */
bool time_parse(const char *s, int64_t *out);

/* A new UUIDv7 (RFC 9562), lower case; rises with every call within one process. Any thread. */
const char *uuid_new(char out[UUID_TEXT]);

/* 36 characters, lower-case hexadecimal and dashes in their places, any version. */
bool uuid_is_valid(const char *s);
