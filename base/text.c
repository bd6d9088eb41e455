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

/* Decodes one character at s; returns its length in bytes, 0 if invalid. */
static size_t utf8_decode(const unsigned char *s, size_t left, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
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
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *out = c;
    return n;
}

long text_characters(const char *s, size_t bytes)
{
    long count = 0;
    uint32_t c;
    for (size_t i = 0; i < bytes; count++) {
        size_t n = utf8_decode((const unsigned char *)s + i, bytes - i, &c);
        if (!n)
            return -1;
        i += n;
    }
    return count;
}

static bool is_invisible(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0, 0x20},        {0x7f, 0xa0},     {0xad, 0xad},     {0x2000, 0x200f},
        {0x2028, 0x202f}, {0x205f, 0x2064}, {0x3000, 0x3000}, {0xfeff, 0xfeff},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

bool text_is_blank(const char *s)
{
    size_t left = strlen(s);
    uint32_t c;
    while (left) {
        size_t n = utf8_decode((const unsigned char *)s, left, &c);
        if (!n || !is_invisible(c))
            return false;
        s += n;
        left -= n;
    }
    return true;
}

static void grow(struct text *t, size_t need)
{
    size_t size = t->size ? t->size : 128;
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

void text_append(struct text *t, const char *s)
{
    text_append_bytes(t, s, strlen(s));
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
    for (const char *plain = s;; s++) {
        unsigned char c = (unsigned char)*s;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        text_append_bytes(t, plain, (size_t)(s - plain));
        plain = s + 1;
        if (!c)
            break;
        if (c == '"' || c == '\\')
            text_printf(t, "\\%c", c);
        else
            text_printf(t, "\\u%04x", c);
    }
    text_append_char(t, '"');
}

void text_clear(struct text *t)
{
    t->length = 0;
    if (t->at)
        t->at[0] = '\0';
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
