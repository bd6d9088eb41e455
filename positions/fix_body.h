/* fix_body.h -- a fix as a client sends it. */
#pragma once

#include "events/event.h"
#include "positions/fix.h"

/* `recorded_at` left out: at its receipt. What the place has besides its degrees is not kept. */
#define FixBody_FIELDS(F)                   \
    F(REQUIRED, PLACE, location, 0)         \
    F(OPTIONAL, EXTENT, accuracy_m, 100000) \
    F(OPTIONAL, EXTENT, speed_mps, 1000)    \
    F(OPTIONAL, EXTENT, heading_deg, 360)   \
    F(OPTIONAL, MOMENT, recorded_at, 0)

/* Puts the members of a fix and all others of a body into two objects; of none "". False: it is no
 * object that could be taken apart. */
bool fix_body_part(const char *json, size_t length, struct arena *a, struct text *fix,
                   struct text *rest);

/* Reads the body into all of *out but its unit, as received at `now`; texts live in `a` meanwhile.
 * Problems of shape_read and fix_check, naming the member. */
fallible fix_body_read(const char *json, size_t length, int64_t now, struct arena *a,
                       struct fix *out, struct fault *fault);
