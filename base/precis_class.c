/* precis_class.c -- which characters a text may hold: the derived property of RFC 8264, section 8,
 * the contextual rules of RFC 5892, appendix A, and the Bidi Rule. Letters in the comments are
 * those of the categories in RFC 8264, section 9. */
#include "base/precis.h"

#include <stddef.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>

#include "base/banned.h"

enum derived { NEVER, VALID, FREE_ONLY, IN_CONTEXT };

#define ONE_OF(c, mask) ((U_GET_GC_MASK(c) & (mask)) != 0)

enum { VIRAMA = 9 }; /* canonical combining class */
enum {
    MIDDLE_DOT = 0xb7,
    KERAIA = 0x375,
    GERESH = 0x5f3,
    GERSHAYIM = 0x5f4,
    ARABIC_DIGIT = 0x660, /* and nine more */
    EXTENDED_DIGIT = 0x6f0,
    NON_JOINER = 0x200c,
    JOINER = 0x200d,
    KATAKANA_DOT = 0x30fb,
};

/* F */
static const struct exception {
    int32_t first, last;
    enum derived derived;
} exceptions[] = {
    {MIDDLE_DOT, MIDDLE_DOT, IN_CONTEXT},
    {0xdf, 0xdf, VALID},
    {KERAIA, KERAIA, IN_CONTEXT},
    {0x3c2, 0x3c2, VALID},
    {GERESH, GERSHAYIM, IN_CONTEXT},
    {0x640, 0x640, NEVER},
    {ARABIC_DIGIT, ARABIC_DIGIT + 9, IN_CONTEXT},
    {EXTENDED_DIGIT, EXTENDED_DIGIT + 9, IN_CONTEXT},
    {0x6fd, 0x6fe, VALID},
    {0x7fa, 0x7fa, NEVER},
    {0xf0b, 0xf0b, VALID},
    {0x3007, 0x3007, VALID},
    {0x302e, 0x302f, NEVER},
    {0x3031, 0x3035, NEVER},
    {0x303b, 0x303b, NEVER},
    {KATAKANA_DOT, KATAKANA_DOT, IN_CONTEXT},
};

static const struct exception *exception_of(int32_t c)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
        if (c >= exceptions[i].first && c <= exceptions[i].last)
            return &exceptions[i];
    return NULL;
}

/* I */
static bool is_old_hangul(int32_t c)
{
    int kind = u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);
    return kind == U_HST_LEADING_JAMO || kind == U_HST_VOWEL_JAMO || kind == U_HST_TRAILING_JAMO;
}

/* Q: its compatible form is another text. */
static bool has_compatible(int32_t c)
{
    UErrorCode e = U_ZERO_ERROR;
    UChar from[2], to[32];
    int32_t length = 0;
    U16_APPEND_UNSAFE(from, length, c);
    int32_t n = unorm2_normalize(unorm2_getNFKCInstance(&e), from, length, to, 32, &e);
    if (U_FAILURE(e) || n != length)
        return true;
    return from[0] != to[0] || (length == 2 && from[1] != to[1]);
}

static enum derived derive(int32_t c)
{
    const struct exception *x = exception_of(c);
    if (x)
        return x->derived;
    if (c >= 0x21 && c <= 0x7e) /* K */
        return VALID;
    if (c == NON_JOINER || c == JOINER) /* H */
        return IN_CONTEXT;
    if (!u_isdefined(c) || is_old_hangul(c) ||                                            /* J, I */
        u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||                     /* M */
        u_hasBinaryProperty(c, UCHAR_NONCHARACTER_CODE_POINT) || ONE_OF(c, U_GC_CC_MASK)) /* L */
        return NEVER;
    if (has_compatible(c))
        return FREE_ONLY;
    if (ONE_OF(c, U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK | U_GC_ND_MASK | U_GC_LM_MASK |
                      U_GC_MN_MASK | U_GC_MC_MASK)) /* A */
        return VALID;
    if (ONE_OF(c, U_GC_LT_MASK | U_GC_NL_MASK | U_GC_NO_MASK | U_GC_ME_MASK | U_GC_ZS_MASK |
                      U_GC_S_MASK | U_GC_P_MASK)) /* R, N, O, P */
        return FREE_ONLY;
    return NEVER;
}

/* ---- at its place ---- */

static bool has_script(int32_t c, UScriptCode script)
{
    UErrorCode e = U_ZERO_ERROR;
    return uscript_getScript(c, &e) == script && U_SUCCESS(e);
}

static bool is_after_virama(const int32_t *s, int i)
{
    return i > 0 && u_getCombiningClass(s[i - 1]) == VIRAMA;
}

/* Joins, past transparent characters, on the side that `step` goes to. */
static bool joins(const int32_t *s, int count, int i, int step, UJoiningType side)
{
    UJoiningType type = U_JT_TRANSPARENT;
    for (i += step; i >= 0 && i < count && type == U_JT_TRANSPARENT; i += step)
        type = (UJoiningType)u_getIntPropertyValue(s[i], UCHAR_JOINING_TYPE);
    return type == side || type == U_JT_DUAL_JOINING;
}

static bool holds(const int32_t *s, int count, int32_t first, int32_t last)
{
    for (int i = 0; i < count; i++)
        if (s[i] >= first && s[i] <= last)
            return true;
    return false;
}

static bool holds_japanese(const int32_t *s, int count)
{
    for (int i = 0; i < count; i++)
        if (s[i] != KATAKANA_DOT &&
            (has_script(s[i], USCRIPT_HIRAGANA) || has_script(s[i], USCRIPT_KATAKANA) ||
             has_script(s[i], USCRIPT_HAN)))
            return true;
    return false;
}

static bool fits(const int32_t *s, int count, int i)
{
    bool first = i == 0, last = i == count - 1;
    switch (s[i]) {
    case NON_JOINER:
        return is_after_virama(s, i) || (joins(s, count, i, -1, U_JT_LEFT_JOINING) &&
                                         joins(s, count, i, 1, U_JT_RIGHT_JOINING));
    case JOINER: return is_after_virama(s, i);
    case MIDDLE_DOT: return !first && !last && s[i - 1] == 'l' && s[i + 1] == 'l';
    case KERAIA: return !last && has_script(s[i + 1], USCRIPT_GREEK);
    case GERESH:
    case GERSHAYIM: return !first && has_script(s[i - 1], USCRIPT_HEBREW);
    case KATAKANA_DOT: return holds_japanese(s, count);
    default: /* digits of one kind only */
        return s[i] < EXTENDED_DIGIT ? !holds(s, count, EXTENDED_DIGIT, EXTENDED_DIGIT + 9)
                                     : !holds(s, count, ARABIC_DIGIT, ARABIC_DIGIT + 9);
    }
}

bool precis_allows(enum precis_class class, const int32_t *s, int count)
{
    for (int i = 0; i < count; i++) {
        enum derived d = derive(s[i]);
        if (d == NEVER || (d == FREE_ONLY && class != FREEFORM_CLASS) ||
            (d == IN_CONTEXT && !fits(s, count, i)))
            return false;
    }
    return true;
}

/* ---- from right to left ---- */

#define DIRECTION(name) (1u << U_##name)
enum {
    RIGHT = DIRECTION(RIGHT_TO_LEFT) | DIRECTION(RIGHT_TO_LEFT_ARABIC),
    NEUTRAL = DIRECTION(EUROPEAN_NUMBER) | DIRECTION(EUROPEAN_NUMBER_SEPARATOR) |
              DIRECTION(COMMON_NUMBER_SEPARATOR) | DIRECTION(EUROPEAN_NUMBER_TERMINATOR) |
              DIRECTION(OTHER_NEUTRAL) | DIRECTION(BOUNDARY_NEUTRAL) |
              DIRECTION(DIR_NON_SPACING_MARK),
};

static unsigned direction_of(int32_t c)
{
    return 1u << u_charDirection(c);
}

bool precis_is_directed(const int32_t *s, int count)
{
    unsigned all = 0, last = 0, first = direction_of(s[0]);
    for (int i = 0; i < count; i++) {
        unsigned d = direction_of(s[i]);
        all |= d;
        last = d == DIRECTION(DIR_NON_SPACING_MARK) ? last : d;
    }
    if (!(all & (RIGHT | DIRECTION(ARABIC_NUMBER))))
        return true;
    /* Of the six conditions those for a text from left to right cannot hold: one that has such a
     * character breaks the fifth. */
    unsigned numbers = DIRECTION(EUROPEAN_NUMBER) | DIRECTION(ARABIC_NUMBER);
    return first & RIGHT && !(all & ~(RIGHT | DIRECTION(ARABIC_NUMBER) | NEUTRAL)) &&
           last & (RIGHT | numbers) && (all & numbers) != numbers;
}
