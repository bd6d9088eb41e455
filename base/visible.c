/* visible.c -- what a character shows, by its properties in Unicode. */
#include "base/text.h"

#include <unicode/uchar.h>

#include "base/banned.h"

/* Characters that show nothing and have no property that says so: BRAILLE PATTERN BLANK, the three
 * of interlinear annotation, two blanks of EGYPTIAN HIEROGLYPH, KHITAN SMALL SCRIPT FILLER and
 * MUSICAL SYMBOL NULL NOTEHEAD. */
static bool is_filler(uint32_t c)
{
    return c == 0x2800 || (c >= 0xfff9 && c <= 0xfffb) || c == 0x13441 || c == 0x13442 ||
           c == 0x16fe4 || c == 0x1d159;
}

static bool shows_nothing(uint32_t c)
{
    UChar32 u = (UChar32)c;
    return u_hasBinaryProperty(u, UCHAR_WHITE_SPACE) || u_charType(u) == U_CONTROL_CHAR ||
           u_hasBinaryProperty(u, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) || is_filler(c);
}

bool text_is_blank(const char *s)
{
    if (*s > ' ' && *s < 0x7f)
        return false; /* nearly always */
    size_t left = strlen(s);
    while (left) {
        uint32_t c;
        size_t n = text_character(s, left, &c);
        if (!n || !shows_nothing(c))
            return false;
        s += n;
        left -= n;
    }
    return true;
}

static bool steers_a_terminal(uint32_t c)
{
    UChar32 u = (UChar32)c;
    return u_charType(u) == U_CONTROL_CHAR || u_hasBinaryProperty(u, UCHAR_BIDI_CONTROL) ||
           c == 0x2028 || c == 0x2029;
}

void text_append_visible(struct text *t, const char *s)
{
    for (size_t left = strlen(s), n; left; s += n, left -= n) {
        uint32_t c;
        n = text_ascii(s, left);
        if (n) {
            text_append_bytes(t, s, n);
            continue;
        }
        n = text_character(s, left, &c);
        if (!n)
            text_printf(t, "\\x%02x", (unsigned char)*s);
        else if (steers_a_terminal(c))
            text_printf(t, "\\u%04x", (unsigned)c);
        else
            text_append_bytes(t, s, n);
        n = n ? n : 1;
    }
}
