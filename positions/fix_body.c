/* fix_body.c -- see fix_body.h. */
#include "positions/fix_body.h"

#include <math.h>

#include "base/banned.h"

DEFINE_STRUCT(FixBody)
DEFINE_SHAPE(FixBody)

static double measured(const double *given)
{
    return given ? *given : NAN;
}

fallible fix_body_read(const char *json, size_t length, int64_t now, struct arena *a,
                       struct fix *out, struct fault *fault)
{
    struct FixBody body;
    TRY(shape_read(&FixBody_shape, json, length, a, &body, fault));
    out->received = now;
    out->at = body.recorded_at ? *body.recorded_at : now;
    out->latitude = body.location->latitude;
    out->longitude = body.location->longitude;
    out->accuracy_m = measured(body.accuracy_m);
    out->speed_mps = measured(body.speed_mps);
    out->heading_deg = measured(body.heading_deg);
    return fix_check(out, fault);
}
