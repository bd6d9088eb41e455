/* positions_order_test.c -- the property of positions: fixes in any order, cut into batches in any
 * way, folded at any moments and sent again and again give the same track, and the same last
 * position in Redis and in the read database. */
#include "tests/projector/positions_fixture.h"
#include "tests/support/harness.h"

enum { UNITS = 3, SECONDS = 8, VARIANTS = 3, FIXES = 48, TRIALS = 60 };

#define TRACK                                                                           \
    "SELECT unit, at, digest, latitude, longitude, accuracy_m, speed_mps, heading_deg " \
    "FROM positions.track ORDER BY unit, at, digest"
#define LAST                                                                          \
    "SELECT unit, fix, at, latitude, longitude, accuracy_m, speed_mps, heading_deg, " \
    "received_at, postgis.ST_AsText(place) FROM positions.unit_position ORDER BY unit"

static unsigned seed;

static int drawn(int below)
{
    seed = seed * 1103515245u + 12345u;
    return (int)(seed >> 16) % below;
}

/* Few times and places, so that there are equal times and whole duplicates. */
static void draw_track(struct fix *fixes)
{
    for (int i = 0; i < FIXES; i++)
        fixes[i] = fix_of(drawn(UNITS), drawn(SECONDS), drawn(VARIANTS));
}

static void shuffle(struct fix *fixes, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int k = drawn(i + 1);
        struct fix f = fixes[i];
        fixes[i] = fixes[k];
        fixes[k] = f;
    }
}

/* All fixes in batches, some of them twice, with a flush now and then. */
static const char *result_of(struct fix *fixes)
{
    struct positions p;
    static char out[65536];
    positions_open(&p);
    shuffle(fixes, FIXES);
    for (int at = 0; at < FIXES;) {
        int count = 1 + drawn(FIXES - at < 9 ? FIXES - at : 9);
        put(&p, &fixes[at], count);
        if (!drawn(3))
            put(&p, &fixes[at], count);
        if (!drawn(4))
            flush_all(&p);
        at += count;
    }
    flush_all(&p);
    snprintf(out, sizeof(out), "%s\n%s\n%s", dump(&p, TRACK), dump(&p, LAST),
             dump_redis(&p, UNITS));
    positions_close(&p);
    return out;
}

/* What must stand in Redis, by the rule alone. */
static void check_last(const struct fix *fixes, const char *result)
{
    for (int u = 0; u < UNITS; u++) {
        char newest[FIX_TEXT] = "", text[FIX_TEXT];
        struct fix of_unit = fix_of(u, 0, 0);
        for (int i = 0; i < FIXES; i++)
            if (text_equal(fixes[i].unit, of_unit.unit) &&
                strcmp(fix_write(&fixes[i], text), newest) > 0)
                memcpy(newest, text, sizeof(newest));
        CHECK(strstr(strstr(result, "\n\n"), newest) != NULL);
    }
}

TEST(fixes_in_any_order_and_any_batches_give_one_track_and_one_position)
{
    struct fix fixes[FIXES];
    const char *given = getenv("SEED");
    for (int trial = 0; trial < TRIALS / 4; trial++) {
        unsigned first = seed = given ? (unsigned)strtoul(given, NULL, 10) : 7u + (unsigned)trial;
        draw_track(fixes);
        char *expected = strdup(result_of(fixes));
        check_last(fixes, expected);
        for (int again = 0; again < 3; again++) {
            const char *result = result_of(fixes);
            if (strcmp(result, expected) != 0)
                fprintf(stderr, "seed %u\n", first);
            CHECK_TEXT(result, expected);
        }
        free(expected);
    }
}
