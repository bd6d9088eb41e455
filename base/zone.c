/* zone.c -- time zones, asked of ICU. It counts in milliseconds, and no zone changes between two.
 */
#include "base/zone.h"

#include <stdbool.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#include "base/text.h"
#include "base/banned.h"

enum { ZONE_MAX = 64 }; /* characters of a name; IANA's longest has 38 */
static const int64_t US_PER_MS = 1000;

static void close_calendar(UCalendar **calendar)
{
    if (*calendar)
        ucal_close(*calendar);
}

static bool is_regional(const char *zone)
{
    return text_equal(zone, "UTC") || strchr(zone, '/');
}

/* ICU takes an unknown name for a zone of UTC: so it is asked first whether it knows it. */
static UCalendar *open_zone(const char *zone)
{
    UErrorCode e = U_ZERO_ERROR;
    UChar name[ZONE_MAX + 1], canonical[ZONE_MAX + 1];
    UBool known = false;
    size_t length = strlen(zone);
    if (length > ZONE_MAX || text_ascii(zone, length) < length || !is_regional(zone))
        return NULL;
    u_uastrcpy(name, zone);
    ucal_getCanonicalTimeZoneID(name, -1, canonical, ZONE_MAX + 1, &known, &e);
    return U_SUCCESS(e) && known ? ucal_open(name, -1, "", UCAL_GREGORIAN, &e) : NULL;
}

/* Rows that grow in the arena. */
struct zone_rows {
    struct zone_change *at;
    int count, size;
};

static void add(struct zone_rows *rows, struct arena *a, struct zone_change row)
{
    if (rows->count == rows->size) {
        struct zone_change *more = arena_array(a, (size_t)rows->size * 2 + 8, sizeof(*more));
        if (rows->count)
            memcpy(more, rows->at, (size_t)rows->count * sizeof(*more));
        rows->at = more;
        rows->size = rows->size * 2 + 8;
    }
    rows->at[rows->count++] = row;
}

static int64_t offset_at(UCalendar *calendar, UDate ms, UErrorCode *e)
{
    ucal_setMillis(calendar, ms, e);
    return (ucal_get(calendar, UCAL_ZONE_OFFSET, e) + ucal_get(calendar, UCAL_DST_OFFSET, e)) /
           1000;
}

/* A transition may change the zone's name alone, or swap summer time for another standard time:
 * only other offsets are rows. */
static void add_changes(UCalendar *calendar, int64_t to, struct arena *a, struct zone_rows *rows,
                        UErrorCode *e)
{
    UDate next;
    while (U_SUCCESS(*e) &&
           ucal_getTimeZoneTransitionDate(calendar, UCAL_TZ_TRANSITION_NEXT, &next, e) &&
           U_SUCCESS(*e) && (int64_t)next * US_PER_MS < to) {
        int64_t offset_s = offset_at(calendar, next, e);
        if (offset_s != rows->at[rows->count - 1].offset_s)
            add(rows, a, (struct zone_change){(int64_t)next * US_PER_MS, offset_s});
    }
}

fallible zone_changes(const char *zone, int64_t from, int64_t to, struct arena *a,
                      const struct zone_change **out, int *count)
{
    __attribute__((cleanup(close_calendar))) UCalendar *calendar = open_zone(zone);
    UErrorCode e = U_ZERO_ERROR;
    struct zone_rows rows = {0};
    int64_t part = (from % US_PER_MS + US_PER_MS) % US_PER_MS;
    if (!calendar)
        return NO_SUCH_ZONE;
    int64_t offset_s = offset_at(calendar, (UDate)((from - part) / US_PER_MS), &e);
    add(&rows, a, (struct zone_change){from, offset_s});
    add_changes(calendar, to, a, &rows, &e);
    if (U_FAILURE(e))
        return NO_SUCH_ZONE;
    *out = rows.at;
    *count = rows.count;
    return NULL;
}

const char *zone_database(void)
{
    UErrorCode e = U_ZERO_ERROR;
    return ucal_getTZDataVersion(&e);
}
