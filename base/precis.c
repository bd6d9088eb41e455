/* precis.c -- the rules of the profiles, in the order of RFC 8264, section 7. */
#include "base/precis.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/text.h"
#include "base/banned.h"

static const struct profile {
    enum precis_class class;
    bool width;  /* full and half width become the ordinary ones */
    bool spaces; /* every space is the ASCII one */
    bool lower;
    bool directed;
} preserved = {IDENTIFIER_CLASS, true, false, false, true},
  mapped = {IDENTIFIER_CLASS, true, false, true, true},
  opaque = {FREEFORM_CLASS, false, true, false, false};

/* Again and again until nothing changes; what has not settled then is refused. */
enum { ROUNDS = 4 };
/* No rule makes a text more than three times as long in UTF-16 (Unicode, FAQ on normalization). */
enum { GROWTH = 3 };

/* UTF-16, as ICU takes it. */
struct units {
    UChar *at;
    int32_t length;
};

static struct units room_for(struct arena *a, int32_t length)
{
    return (struct units){arena_array(a, (size_t)length + 1, sizeof(UChar)), 0};
}

static int32_t *points_of(struct arena *a, struct units s, int32_t *count)
{
    UErrorCode e = U_ZERO_ERROR;
    int32_t *points = arena_array(a, (size_t)s.length + 1, sizeof(*points));
    u_strToUTF32(points, s.length + 1, count, s.at, s.length, &e);
    return points;
}

/* One character in the BMP, as those of full and half width all become. */
static int32_t ordinary_width(int32_t c)
{
    UErrorCode e = U_ZERO_ERROR;
    UChar unit[1];
    int kind = u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE);
    bool other = kind == U_DT_WIDE || kind == U_DT_NARROW;
    return other && unorm2_getRawDecomposition(unorm2_getNFKCInstance(&e), c, unit, 1, &e) == 1
               ? unit[0]
               : c;
}

static struct units map_characters(struct arena *a, const struct profile *p, struct units in,
                                   UErrorCode *e)
{
    int32_t count;
    int32_t *points = points_of(a, in, &count);
    struct units out = room_for(a, in.length);
    for (int32_t i = 0; i < count; i++) {
        if (p->width)
            points[i] = ordinary_width(points[i]);
        if (p->spaces && u_charType(points[i]) == U_SPACE_SEPARATOR)
            points[i] = ' ';
    }
    u_strFromUTF32(out.at, in.length + 1, &out.length, points, count, e);
    return out;
}

static struct units compose(struct arena *a, struct units in, UErrorCode *e)
{
    struct units out = room_for(a, in.length * GROWTH);
    out.length = unorm2_normalize(unorm2_getNFCInstance(e), in.at, in.length, out.at,
                                  in.length * GROWTH + 1, e);
    return out;
}

static struct units lower(struct arena *a, struct units in, UErrorCode *e)
{
    struct units out = room_for(a, in.length * GROWTH);
    out.length = u_strToLower(out.at, in.length * GROWTH + 1, in.at, in.length, "", e);
    return out;
}

static struct units apply(struct arena *a, const struct profile *p, struct units s, UErrorCode *e)
{
    s = map_characters(a, p, s, e);
    if (p->lower)
        s = lower(a, s, e);
    return compose(a, s, e);
}

static bool same(struct units s, struct units t)
{
    return s.length == t.length && memcmp(s.at, t.at, (size_t)s.length * sizeof(*s.at)) == 0;
}

/* False: it still changes after ROUNDS. */
static bool apply_until_stable(struct arena *a, const struct profile *p, struct units *s)
{
    UErrorCode e = U_ZERO_ERROR;
    for (int i = 0; i < ROUNDS; i++) {
        struct units next = apply(a, p, *s, &e);
        bool done = same(*s, next);
        if (U_FAILURE(e))
            return false;
        *s = next;
        if (done)
            return true;
    }
    return false;
}

static bool is_allowed(struct arena *a, const struct profile *p, struct units s)
{
    int32_t count;
    const int32_t *points = points_of(a, s, &count);
    return count && precis_allows(p->class, points, count) &&
           (!p->directed || precis_is_directed(points, count));
}

static const char *prepare(struct arena *a, const struct profile *p, const char *s)
{
    UErrorCode e = U_ZERO_ERROR;
    size_t bytes = strlen(s);
    if (bytes > INT32_MAX / 64 || text_characters(s, bytes) < 0)
        return NULL;
    struct units u = room_for(a, (int32_t)bytes);
    u_strFromUTF8(u.at, (int32_t)bytes + 1, &u.length, s, (int32_t)bytes, &e);
    if (U_FAILURE(e) || !apply_until_stable(a, p, &u) || !is_allowed(a, p, u))
        return NULL;
    char *out = arena_alloc(a, (size_t)u.length * 3 + 1);
    u_strToUTF8(out, u.length * 3 + 1, NULL, u.at, u.length, &e);
    return U_FAILURE(e) ? NULL : out;
}

const char *precis_user_name(struct arena *a, const char *s)
{
    return prepare(a, &preserved, s);
}

const char *precis_user_name_key(struct arena *a, const char *s)
{
    return prepare(a, &mapped, s);
}

const char *precis_password(struct arena *a, const char *s)
{
    return prepare(a, &opaque, s);
}
