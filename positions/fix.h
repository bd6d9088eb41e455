/* fix.h -- a fix: where a unit was, and when. Whoever moves and is followed is a unit, known here
 * by its id alone. Fixes are telemetry: they are in Redis and in the read database, never in the
 * log.
 *
 * Of two fixes of one unit the one with the later time is newer, and of equal times the one whose
 * text is greater byte by byte. So the last of a track is the same in whatever order its fixes
 * come; a fix that comes twice is one. The time of receipt is no part of a fix's text. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/time.h"

enum { FIX_TEXT = 160 }; /* bytes, with the NUL */

/* A fix is taken if its time is at most this much before, or after, its receipt. */
#define FIX_AGE_MAX_US   (24 * 3600 * INT64_C(1000000))
#define FIX_AHEAD_MAX_US (60 * INT64_C(1000000))

struct fix {
    char unit[UUID_TEXT];
    int64_t at, received;                      /* us since 1970 */
    double latitude, longitude;                /* WGS 84, degrees */
    double accuracy_m, speed_mps, heading_deg; /* NAN: not known */
};

/* OUT_OF_RANGE, naming recorded_at, unless `at` is near enough to `received`. */
fallible fix_check(const struct fix *f, struct fault *fault);

/* "<us, 16 digits> <latitude> <longitude> <accuracy> <speed> <heading>": degrees with 7 decimals,
 * the others with one, "-" if not known. Times of the years 1970 to 2286: their order is that of
 * the texts. */
const char *fix_write(const struct fix *f, char out[FIX_TEXT]);
/* Fills all but `unit` and `received`; false unless the text is one that fix_write makes. */
bool fix_read(const char *text, struct fix *out);
