/* fix.c -- see fix.h. */
#include "positions/fix.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/banned.h"

#define TIME_MAX INT64_C(9999999999999999)

fallible fix_check(const struct fix *f, struct fault *fault)
{
    if (f->at > f->received + FIX_AHEAD_MAX_US)
        return fault_at(fault, OUT_OF_RANGE, "recorded_at",
                        "Expected at most 60 seconds ahead of our clock.");
    if (f->at < f->received - FIX_AGE_MAX_US)
        return fault_at(fault, OUT_OF_RANGE, "recorded_at", "Expected at most 24 hours ago.");
    return NULL;
}

/* Rounded first, so that there is no negative zero. */
static double rounded(double value, double parts)
{
    return (double)llround(value * parts) / parts;
}

static void write_measure(double value, char *out, size_t size)
{
    if (isnan(value))
        snprintf(out, size, "-");
    else
        snprintf(out, size, "%.1f", rounded(value, 10));
}

const char *fix_write(const struct fix *f, char out[FIX_TEXT])
{
    char measures[3][24];
    write_measure(f->accuracy_m, measures[0], sizeof(measures[0]));
    write_measure(f->speed_mps, measures[1], sizeof(measures[1]));
    write_measure(f->heading_deg, measures[2], sizeof(measures[2]));
    snprintf(out, FIX_TEXT, "%016lld %.7f %.7f %s %s %s", (long long)f->at,
             rounded(f->latitude, 1e7), rounded(f->longitude, 1e7), measures[0], measures[1],
             measures[2]);
    return out;
}

/* The word that begins at *at as a number, NAN for "-"; moves behind it and one space. */
static bool read_number(const char **at, double *out)
{
    char *end;
    if (**at == '-' && ((*at)[1] == ' ' || !(*at)[1])) {
        *out = NAN;
        end = (char *)(uintptr_t)(*at + 1);
    } else {
        *out = strtod(*at, &end);
    }
    if (end == *at || (*end && *end != ' '))
        return false;
    *at = *end ? end + 1 : end;
    return true;
}

static bool in_range(const struct fix *f)
{
    return f->at >= 0 && f->at <= TIME_MAX && fabs(f->latitude) <= 90 &&
           fabs(f->longitude) <= 180 && !(f->accuracy_m < 0) && !(f->accuracy_m > 1e6) &&
           !(f->speed_mps < 0) && !(f->speed_mps > 1e4) && !(f->heading_deg < 0) &&
           !(f->heading_deg > 360);
}

bool fix_read(const char *text, struct fix *out)
{
    char digits[17] = "", again[FIX_TEXT];
    struct fix f = *out;
    const char *at = text + 17;
    if (strnlen(text, 17) < 17 || text[16] != ' ')
        return false;
    memcpy(digits, text, 16);
    f.at = strtoll(digits, NULL, 10);
    if (!read_number(&at, &f.latitude) || !read_number(&at, &f.longitude) ||
        !read_number(&at, &f.accuracy_m) || !read_number(&at, &f.speed_mps) ||
        !read_number(&at, &f.heading_deg) || *at || !in_range(&f) ||
        !text_equal(fix_write(&f, again), text))
        return false;
    *out = f;
    return true;
}
