/* fix_body.c -- see fix_body.h. */
#include "positions/fix_body.h"

#include <math.h>
#include <string.h>

#include "base/members.h"
#include "base/banned.h"

DEFINE_STRUCT(FixBody)
DEFINE_SHAPE(FixBody)

static double measured(const double *given)
{
    return given ? *given : NAN;
}

static bool is_of_fix(const struct span *name)
{
    const struct field *fields = FixBody_shape.fields();
    bool is = false;
    for (int i = 0; i < FixBody_shape.count; i++)
        is = is || (strlen(fields[i].name) == name->length &&
                    memcmp(fields[i].name, name->at, name->length) == 0);
    return is;
}

static void append_member(struct text *out, const struct member *m, struct arena *a)
{
    text_append(out, out->length ? "," : "{");
    text_append_json(out, arena_bytes(a, m->name.at, m->name.length));
    text_append(out, ":");
    text_append_bytes(out, m->json.at, m->json.length);
}

bool fix_body_part(const char *json, size_t length, struct arena *a, struct text *fix,
                   struct text *rest)
{
    struct members m;
    const char *copy = arena_bytes(a, json, length);
    if (strlen(copy) != length || !members_read(copy, a, &m))
        return false;
    for (int i = 0; i < m.count; i++)
        append_member(is_of_fix(&m.at[i].name) ? fix : rest, &m.at[i], a);
    text_append(fix, fix->length ? "}" : "");
    text_append(rest, rest->length ? "}" : "");
    return true;
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
