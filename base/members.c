/* members.c -- one pass over the text; what a string's escapes stand for is made only where there
 * are some. */
#include "base/members.h"

#include <stdint.h>
#include <string.h>

#include "base/banned.h"

struct scan {
    const char *at; /* ended by NUL, which is no part of any JSON */
    struct arena *arena;
};

static void skip_space(struct scan *s)
{
    while (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r')
        s->at++;
}

static bool take(struct scan *s, char c)
{
    if (*s->at != c)
        return false;
    s->at++;
    return true;
}

/* ---- strings ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool take_hex(struct scan *s, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*s->at);
        if (digit < 0)
            return false;
        *out = *out << 4 | (uint32_t)digit;
        s->at++;
    }
    return true;
}

/* Behind "\u": one character, or the two halves of one. */
static bool take_code(struct scan *s, uint32_t *out)
{
    uint32_t low;
    if (!take_hex(s, out) || !*out || (*out >= 0xDC00 && *out <= 0xDFFF))
        return false;
    if (*out < 0xD800 || *out > 0xDBFF)
        return true;
    if (!take(s, '\\') || !take(s, 'u') || !take_hex(s, &low) || low < 0xDC00 || low > 0xDFFF)
        return false;
    *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static size_t put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3F));
    to[0] = (char)(lead[n] | c);
    return n;
}

/* Behind the backslash. */
static bool take_escape(struct scan *s, char *to, size_t *length)
{
    static const char escaped[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t code;
    if (take(s, 'u')) {
        if (!take_code(s, &code))
            return false;
        *length += put_utf8(to, code);
        return true;
    }
    const char *found = *s->at ? strchr(escaped, *s->at) : NULL;
    if (!found)
        return false;
    *to = meant[found - escaped];
    ++*length;
    s->at++;
    return true;
}

/* Up to the quote, the backslash, or what may not stand in a string. */
static void skip_plain(struct scan *s)
{
    while ((unsigned char)*s->at >= 0x20 && *s->at != '"' && *s->at != '\\')
        s->at++;
}

/* From `begin`, with the escapes resolved: never longer than it is written. */
static bool take_escaped(struct scan *s, const char *begin, struct span *out)
{
    const char *end = s->at;
    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    char *to = arena_alloc(s->arena, (size_t)(end - begin) + 1);
    *out = (struct span){to, 0};
    for (s->at = begin;;) {
        const char *plain = s->at;
        skip_plain(s);
        memcpy(to + out->length, plain, (size_t)(s->at - plain));
        out->length += (size_t)(s->at - plain);
        if (take(s, '"'))
            return true;
        if (!take(s, '\\') || !take_escape(s, to + out->length, &out->length))
            return false;
    }
}

/* Behind the first quote. */
static bool take_string(struct scan *s, struct span *out)
{
    const char *begin = s->at;
    skip_plain(s);
    if (*s->at == '\\')
        return take_escaped(s, begin, out);
    *out = (struct span){begin, (size_t)(s->at - begin)};
    return take(s, '"');
}

/* ---- values ---- */

static bool take_digits(struct scan *s)
{
    const char *begin = s->at;
    s->at += strspn(s->at, "0123456789");
    return s->at > begin;
}

static bool take_number(struct scan *s)
{
    take(s, '-');
    if (!take(s, '0') && !take_digits(s))
        return false;
    if (take(s, '.') && !take_digits(s))
        return false;
    if (!take(s, 'e') && !take(s, 'E'))
        return true;
    if (!take(s, '-'))
        take(s, '+');
    return take_digits(s);
}

static bool take_word(struct scan *s)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t n = strlen(words[i]);
        if (strncmp(s->at, words[i], n) == 0) {
            s->at += n;
            return true;
        }
    }
    return false;
}

static bool take_name(struct scan *s, struct span *out)
{
    skip_space(s);
    if (!take(s, '"') || !take_string(s, out))
        return false;
    skip_space(s);
    return take(s, ':');
}

/* Is there another element? False at the end, too, which *ended tells from a fault. */
static bool take_comma(struct scan *s, char end, bool *ended)
{
    skip_space(s);
    *ended = take(s, end);
    return !*ended && take(s, ',');
}

static bool skip_value(struct scan *s, int depth, struct span *string);

/* An array, or an object that is no matter of ours; behind its bracket. */
static bool skip_inside(struct scan *s, int depth, char end)
{
    struct span ignored;
    bool ended;
    if (depth > MEMBERS_DEPTH)
        return false;
    skip_space(s);
    if (take(s, end))
        return true;
    do {
        if (end == '}' && !take_name(s, &ignored))
            return false;
        if (!skip_value(s, depth, &ignored))
            return false;
    } while (take_comma(s, end, &ended));
    return ended;
}

/* *string is set if the value is one. */
static bool skip_value(struct scan *s, int depth, struct span *string)
{
    skip_space(s);
    switch (*s->at) {
    case '"': s->at++; return take_string(s, string);
    case '{': s->at++; return skip_inside(s, depth + 1, '}');
    case '[': s->at++; return skip_inside(s, depth + 1, ']');
    case 't':
    case 'f':
    case 'n': return take_word(s);
    default: return take_number(s);
    }
}

/* ---- the object ---- */

static bool take_member(struct scan *s, struct member *m)
{
    struct span string = {NULL, 0};
    if (!take_name(s, &m->name))
        return false;
    skip_space(s);
    const char *begin = s->at;
    if (!skip_value(s, 1, &string))
        return false;
    m->json = (struct span){begin, (size_t)(s->at - begin)};
    if (*begin == '"')
        m->text = string;
    else if (*begin != 'n')
        m->text = m->json;
    return true;
}

static bool take_object(struct scan *s, struct member *found, int *count)
{
    bool ended;
    skip_space(s);
    if (!take(s, '{'))
        return false;
    skip_space(s);
    if (take(s, '}'))
        return true;
    do {
        if (*count == MEMBERS_MAX || !take_member(s, &found[*count]))
            return false;
        ++*count;
    } while (take_comma(s, '}', &ended));
    return ended;
}

bool members_read(const char *json, struct arena *a, struct members *out)
{
    struct scan s = {json, a};
    struct member found[MEMBERS_MAX] = {0};
    int count = 0;
    if (!take_object(&s, found, &count))
        return false;
    skip_space(&s);
    if (*s.at)
        return false;
    *out = (struct members){count, arena_array(a, (size_t)count, sizeof(*found))};
    memcpy(out->at, found, (size_t)count * sizeof(*found));
    return true;
}

const struct member *members_find(const struct members *m, const char *name)
{
    size_t length = strlen(name);
    for (int i = m->count; i-- > 0;)
        if (m->at[i].name.length == length && memcmp(m->at[i].name.at, name, length) == 0)
            return &m->at[i];
    return NULL;
}
