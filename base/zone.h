/* zone.h -- what the clocks of a place show: the offsets of a time zone, by ICU's copy of the IANA
 * database. It changes with the library: what has to stay as it was decided keeps the rows. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"

struct zone_change {
    int64_t at;       /* us since 1970 UTC */
    int64_t offset_s; /* seconds east of UTC from then on */
};

/* The offsets of the zone from `from` on and before `to`, in us: the first row is the one at `from`
 * (at = from), then each change, rising. `zone` is an IANA name, "Asia/Jakarta", or "UTC"; other
 * short names ("EST", "GMT+7") mean different things to different people and are refused.
 * NO_SUCH_ZONE leaves *out and *count. Rows live in `a`. Any thread. */
fallible zone_changes(const char *zone, int64_t from, int64_t to, struct arena *a,
                      const struct zone_change **out, int *count);

/* The version of the database, such as "2024a"; constant. */
const char *zone_database(void);
