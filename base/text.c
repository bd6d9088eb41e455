/* text.c -- UTF-8 checks and the growing text. */
#include "base/text.h"

#include "base/banned.h"

bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool text_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_to_int(const char *s, int64_t *out)
{
    const char *digits = *s == '-' ? s + 1 : s;
    if (*digits < '0' || *digits > '9')
        return false;
    int64_t n = 0;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9' || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_sub_overflow(n, *digits - '0', &n)) /* negative: INT64_MIN has no twin */
            return false;
    }
    if (*s != '-' && n == INT64_MIN)
        return false;
    *out = *s == '-' ? n : -n;
    return true;
}

/* ---- runs of bytes that need no look of their own: eight of them at once ---- */

static const uint64_t ONES = 0x0101010101010101;

static uint64_t eight_bytes(const char *s)
{
    uint64_t n;
    memcpy(&n, s, sizeof(n));
    return n;
}

/* Is a byte of n less than `min`, at most 0x80? Bytes above 0x7f are not. */
static bool has_less(uint64_t n, unsigned char min)
{
    return (n - ONES * min) & ~n & ONES * 0x80;
}

static bool has_byte(uint64_t n, unsigned char c)
{
    return has_less(n ^ ONES * c, 1);
}

size_t text_ascii(const char *s, size_t bytes)
{
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
        uint64_t n = eight_bytes(s + i);
        if (n & ONES * 0x80 || has_less(n, ' ') || has_byte(n, 0x7f))
            break;
    }
    while (i < bytes && s[i] >= ' ' && s[i] < 0x7f)
        i++;
    return i;
}

size_t text_plain(const char *s, size_t bytes)
{
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
        uint64_t n = eight_bytes(s + i);
        if (has_less(n, ' ') || has_byte(n, '"') || has_byte(n, '\\'))
            break;
    }
    while (i < bytes && (unsigned char)s[i] >= ' ' && s[i] != '"' && s[i] != '\\')
        i++;
    return i;
}

/* ---- UTF-8 ---- */

size_t text_character(const char *at, size_t left, uint32_t *out)
{
    const unsigned char *s = (const unsigned char *)at;
    static const uint32_t min[] = {0, 0, 0x80, 0x800, 0x10000};
    if (s[0] < 0x80) {
        *out = s[0];
        return 1;
    }
    size_t n = s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
    if (!n || s[0] >= 0xf5 || n > left)
        return 0;
    uint32_t c = s[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    if (c < min[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *out = c;
    return n;
}

long text_characters(const char *s, size_t bytes)
{
    size_t count = 0, i = 0;
    uint32_t c;
    for (;;) {
        size_t plain = text_ascii(s + i, bytes - i);
        count += plain;
        i += plain;
        if (i == bytes)
            return (long)count;
        size_t n = text_character(s + i, bytes - i, &c);
        if (!n)
            return -1;
        i += n;
        count++;
    }
}

static void grow(struct text *t, size_t need)
{
    size_t size = t->size ? t->size : 256;
    while (size < need)
        size *= 2;
    t->at = realloc(t->at, size);
    if (!t->at)
        abort();
    t->size = size;
}

static inline void reserve(struct text *t, size_t more)
{
    if (t->length + more + 1 > t->size)
        grow(t, t->length + more + 1);
}

void text_append_bytes(struct text *t, const void *s, size_t length)
{
    reserve(t, length);
    if (length)
        memcpy(t->at + t->length, s, length);
    t->length += length;
    t->at[t->length] = '\0';
}

void text_append_char(struct text *t, char c)
{
    reserve(t, 1);
    t->at[t->length++] = c;
    t->at[t->length] = '\0';
}

const char *int_text(int64_t n, char out[INT_TEXT])
{
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
    char *at = out + INT_TEXT - 1;
    *at = '\0';
    do
        *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0)
        *--at = '-';
    return at;
}

static char hex_of(unsigned int nibble)
{
    return (char)(nibble + '0' + ((9 - nibble) >> 8 & ('a' - '0' - 10))); /* no branch, no table */
}

void text_hex(const unsigned char *bytes, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++) {
        *out++ = hex_of(bytes[i] >> 4);
        *out++ = hex_of(bytes[i] & 0xf);
    }
    *out = '\0';
}

char *text_put(char *at, const char *end, const char *s)
{
    size_t length = strnlen(s, (size_t)(end - at) - 1);
    memcpy(at, s, length);
    at[length] = '\0';
    return at + length;
}

void text_append_int(struct text *t, int64_t n)
{
    char digits[INT_TEXT];
    text_append(t, int_text(n, digits));
}

void text_printf(struct text *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    reserve(t, 0);
    size_t room = t->size - t->length;
    int length = vsnprintf(t->at + t->length, room, format, args);
    va_end(args);
    if (length < 0)
        abort();
    if ((size_t)length >= room) {
        reserve(t, (size_t)length);
        vsnprintf(t->at + t->length, (size_t)length + 1, format, again);
    }
    va_end(again);
    t->length += (size_t)length;
}

void text_append_json(struct text *t, const char *s)
{
    if (!s) {
        text_append(t, "null");
        return;
    }
    text_append_char(t, '"');
    for (size_t left = strlen(s);; s++, left--) {
        size_t plain = text_plain(s, left);
        text_append_bytes(t, s, plain);
        s += plain;
        left -= plain;
        if (!left)
            break;
        if (*s == '"' || *s == '\\')
            text_printf(t, "\\%c", *s);
        else
            text_printf(t, "\\u%04x", (unsigned char)*s);
    }
    text_append_char(t, '"');
}

void text_clear(struct text *t)
{
    t->length = 0;
    if (t->at)
        t->at[0] = '\0';
}

void text_drop(struct text *t, size_t length)
{
    if (!length)
        return;
    t->length -= length;
    memmove(t->at, t->at + length, t->length + 1);
}

void text_release(struct text *t)
{
    free(t->at);
    *t = (struct text){0};
}

const char *text_value(const struct text *t)
{
    return t->at ? t->at : "";
}

char *text_take(struct text *t)
{
    reserve(t, 0);
    t->at[t->length] = '\0';
    char *taken = t->at;
    *t = (struct text){0};
    return taken;
}

const char *text_expected(struct arena *a, const char *const *words)
{
    scoped_text list = {0};
    for (const char *const *w = words; *w; w++)
        text_printf(&list, "%s%s", w == words ? "" : ", ", *w);
    return arena_printf(a, "Expected one of %s.", text_value(&list));
}
