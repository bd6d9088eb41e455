/* failpoint.h -- FAILPOINT(APPEND_AFTER) marks a place of failpoints.def. With the environment
 * variable ES_FAILPOINT the program ends there, as if killed, or sleeps:
 *     append.after:exit   append.after:exit@3 (at the third time)   append.after:sleep_ms=500
 * Only builds with CITYWATCH_FAILPOINTS know them; in others nothing of it is left. */
#pragma once

#ifdef CITYWATCH_FAILPOINTS

enum failpoint {
#define POINT(name, text) FAILPOINT_##name,
#include "base/failpoints.def"
#undef POINT
    FAILPOINTS
};

enum { FAILPOINT_EXIT_CODE = 137 };

/* Any thread. A value of ES_FAILPOINT that is not understood ends the program at its first point.
 */
void failpoint_reached(enum failpoint p);
#define FAILPOINT(name) failpoint_reached(FAILPOINT_##name)

#else

#define FAILPOINT(name) ((void)0)

#endif
