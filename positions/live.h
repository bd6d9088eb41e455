/* live.h -- the live positions in Redis: where every unit is (a GEO set), its last fix, and the
 * fixes that the read database has not folded yet. One struct live belongs to one thread.
 *
 *     {city}:positions       GEO set, member: the unit's id. Latitudes past 85.05 are not in it
 *     {city}:unit:<id>:last  text of the last fix (fix.h), for LAST_FIX_MS
 *     {city}:fixes           stream, bounded; an entry: n, unit, fix, received (us)
 *     {city}:fixes:count     hash: life (when Redis first held a position), n (entries since)
 *
 * A last fix is kept longer than any fix taken can be late: so an older one never moves a unit. */
#pragma once

#include "platform/redis/redis.h"
#include "positions/fix.h"

enum { LIVE_BATCH = 256, LIFE_TEXT = 40, ENTRY_ID_TEXT = 48 };
#define LAST_FIX_MS ((FIX_AGE_MAX_US + FIX_AHEAD_MAX_US) / 1000)

struct live;

/* Borrows the connection; the stream keeps about `stream_max` entries. */
struct live *live_new(struct redis *connection, int64_t stream_max);
void live_free(struct live *l); /* NULL is allowed */

enum fix_effect {
    FIX_DUPLICATE = -1, /* it is the last one: nothing was written */
    FIX_LATE = 0,       /* older than the last one: for the track alone */
    FIX_MOVED = 1,
};

/* Takes up to LIVE_BATCH fixes in one round trip and one step; effects[i] is what fixes[i] did.
 * REDIS_UNAVAILABLE: outcome unknown, may be repeated. REDIS_REFUSED: logged, nothing was written.
 */
fallible live_put(struct live *l, const struct fix *fixes, int count, enum fix_effect *effects);
/* Moves units that stand at an older fix, or at none; the stream gets nothing. Problems as above.
 */
fallible live_refill(struct live *l, const struct fix *fixes, int count);

/* Where the stream stands; life "" and 0: nothing was ever written. */
struct live_place {
    char life[LIFE_TEXT];
    int64_t n;
};
fallible live_read_place(struct live *l, struct live_place *out);

struct live_entry {
    const char *id; /* of the stream: "<ms>-<n>" */
    int64_t n;
    struct fix fix;
    bool readable; /* else only `id` is filled in */
};

/* Up to `count` entries after `id` ("0-0": from the first one), in the arena. */
fallible live_read(struct live *l, const char *id, int count, struct arena *a,
                   struct live_entry **out, int *found);
