/* json.c -- one pass over the text; what a string's escapes stand for is made only where there are
 * some. */
#include "base/json.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "base/banned.h"

static const struct problem *wrong(struct json *j, const struct problem *p, const char *sentence)
{
    j->wrong = sentence;
    return p;
}

static void skip_space(struct json *j)
{
    while (*j->at == ' ' || *j->at == '\n' || *j->at == '\t' || *j->at == '\r')
        j->at++;
}

static bool take(struct json *j, char c)
{
    if (*j->at != c)
        return false;
    j->at++;
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

static fallible take_hex(struct json *j, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*j->at);
        if (digit < 0)
            return wrong(j, MALFORMED, "\\u needs four hexadecimal digits");
        *out = *out << 4 | (uint32_t)digit;
        j->at++;
    }
    return NULL;
}

/* Behind "\u": one character, or the two halves of one. */
static fallible take_code(struct json *j, uint32_t *out)
{
    static const char half[] = "a string holds half a surrogate pair";
    uint32_t low = 0;
    TRY(take_hex(j, out));
    if (!*out)
        return wrong(j, BAD_TEXT, "a string holds the character NUL");
    if (*out < 0xD800 || *out > 0xDFFF)
        return NULL;
    if (*out > 0xDBFF || j->at[0] != '\\' || j->at[1] != 'u')
        return wrong(j, BAD_TEXT, half);
    j->at += 2;
    TRY(take_hex(j, &low));
    if (low < 0xDC00 || low > 0xDFFF)
        return wrong(j, BAD_TEXT, half);
    *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
    return NULL;
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
static fallible take_escape(struct json *j, char *to, size_t *length)
{
    static const char escaped[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t code;
    if (take(j, 'u')) {
        TRY(take_code(j, &code));
        *length += put_utf8(to, code);
        return NULL;
    }
    const char *found = *j->at ? strchr(escaped, *j->at) : NULL;
    if (!found)
        return wrong(j, MALFORMED, "there is no such escape");
    *to = meant[found - escaped];
    ++*length;
    j->at++;
    return NULL;
}

/* Up to the quote, the backslash, or what may not stand in a string. */
static fallible skip_plain(struct json *j)
{
    size_t length = text_plain(j->at, (size_t)(j->end - j->at));
    if (text_characters(j->at, length) < 0)
        return wrong(j, BAD_TEXT, "the string that goes on here is not valid UTF-8");
    j->at += length;
    if (j->at == j->end)
        return wrong(j, MALFORMED, "a string does not end");
    if ((unsigned char)*j->at < 0x20)
        return wrong(j, BAD_TEXT, "a string holds a raw control character");
    return NULL;
}

/* From `begin`, with the escapes resolved: never longer than it is written. */
static fallible take_escaped(struct json *j, const char *begin, struct span *out)
{
    const char *last = j->at;
    while (last < j->end && *last != '"')
        last += *last == '\\' ? 2 : 1;
    char *to = arena_alloc(j->arena, (size_t)(last - begin) + 1);
    size_t length = 0;
    for (j->at = begin;;) {
        const char *plain = j->at;
        TRY(skip_plain(j));
        memcpy(to + length, plain, (size_t)(j->at - plain));
        length += (size_t)(j->at - plain);
        if (take(j, '"'))
            break;
        j->at++;
        TRY(take_escape(j, to + length, &length));
    }
    *out = (struct span){to, length};
    return NULL;
}

fallible json_take_string(struct json *j, struct span *out)
{
    if (!take(j, '"'))
        return wrong(j, MALFORMED, "expected a string in double quotes");
    const char *begin = j->at;
    TRY(skip_plain(j));
    if (*j->at == '\\')
        return take_escaped(j, begin, out);
    *out = (struct span){begin, (size_t)(j->at - begin)};
    j->at++;
    return NULL;
}

/* ---- numbers and words ---- */

static fallible take_digits(struct json *j)
{
    const char *begin = j->at;
    while (*j->at >= '0' && *j->at <= '9')
        j->at++;
    return j->at > begin ? NULL : wrong(j, MALFORMED, "a number lacks a digit here");
}

fallible json_take_number(struct json *j, struct span *out)
{
    const char *begin = j->at;
    take(j, '-');
    if (!take(j, '0'))
        TRY(take_digits(j));
    else if (*j->at >= '0' && *j->at <= '9')
        return wrong(j, MALFORMED, "a number has a needless 0 in front");
    if (take(j, '.'))
        TRY(take_digits(j));
    if (take(j, 'e') || take(j, 'E')) {
        if (!take(j, '-'))
            take(j, '+');
        TRY(take_digits(j));
    }
    *out = (struct span){begin, (size_t)(j->at - begin)};
    return NULL;
}

/* What follows it is looked at by who goes on. */
static fallible take_word(struct json *j, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(j->at, word, length) != 0)
        return wrong(j, MALFORMED, "the only words are true, false and null");
    j->at += length;
    return NULL;
}

fallible json_take_bool(struct json *j, bool *out)
{
    bool value = *j->at == 't';
    TRY(take_word(j, value ? "true" : "false"));
    *out = value;
    return NULL;
}

fallible json_take_null(struct json *j)
{
    return take_word(j, "null");
}

/* ---- values ---- */

struct json json_open(const char *text, size_t length, struct arena *a)
{
    return (struct json){.at = text, .end = text + length, .begin = text, .arena = a};
}

enum json_kind json_kind(struct json *j)
{
    skip_space(j);
    switch (*j->at) {
    case '"': return JSON_STRING;
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case 't':
    case 'f': return JSON_BOOL;
    case 'n': return JSON_NULL;
    default: return *j->at == '-' || (*j->at >= '0' && *j->at <= '9') ? JSON_NUMBER : JSON_NONE;
    }
}

/* Whether another element follows. */
static fallible take_comma(struct json *j, char end, bool *more)
{
    skip_space(j);
    *more = !take(j, end);
    if (*more && !take(j, ','))
        return wrong(j, MALFORMED, end == '}' ? "expected a comma or }" : "expected a comma or ]");
    return NULL;
}

static fallible take_name(struct json *j, struct span *name)
{
    skip_space(j);
    if (*j->at != '"')
        return wrong(j, MALFORMED, "expected the name of a member in double quotes");
    TRY(json_take_string(j, name));
    skip_space(j);
    if (!take(j, ':'))
        return wrong(j, MALFORMED, "expected a colon");
    skip_space(j);
    return NULL;
}

fallible json_take_member(struct json *j, bool *begun, bool *more, struct span *name)
{
    if (*begun) {
        TRY(take_comma(j, '}', more));
        return *more ? take_name(j, name) : NULL;
    }
    *begun = true;
    if (!take(j, '{'))
        return wrong(j, MALFORMED, "expected an object");
    skip_space(j);
    *more = !take(j, '}');
    return *more ? take_name(j, name) : NULL;
}

static fallible skip_object(struct json *j, int depth)
{
    struct span name;
    bool begun = false, more;
    TRY(json_take_member(j, &begun, &more, &name));
    while (more) {
        TRY(json_skip_value(j, depth));
        TRY(json_take_member(j, &begun, &more, &name));
    }
    return NULL;
}

fallible json_take_element(struct json *j, bool *begun, bool *more)
{
    if (*begun)
        return take_comma(j, ']', more);
    *begun = true;
    if (!take(j, '['))
        return wrong(j, MALFORMED, "expected an array");
    skip_space(j);
    *more = !take(j, ']');
    return NULL;
}

static fallible skip_array(struct json *j, int depth)
{
    bool begun = false, more;
    TRY(json_take_element(j, &begun, &more));
    while (more) {
        TRY(json_skip_value(j, depth));
        TRY(json_take_element(j, &begun, &more));
    }
    return NULL;
}

fallible json_skip_value(struct json *j, int depth)
{
    struct span ignored;
    bool value;
    enum json_kind kind = json_kind(j);
    if ((kind == JSON_OBJECT || kind == JSON_ARRAY) && depth <= 0)
        return wrong(j, MALFORMED, "arrays and objects are nested too deeply");
    switch (kind) {
    case JSON_STRING: return json_take_string(j, &ignored);
    case JSON_NUMBER: return json_take_number(j, &ignored);
    case JSON_OBJECT: return skip_object(j, depth - 1);
    case JSON_ARRAY: return skip_array(j, depth - 1);
    case JSON_BOOL: return json_take_bool(j, &value);
    case JSON_NULL: return json_take_null(j);
    case JSON_NONE: break;
    }
    return wrong(j, MALFORMED, "expected a value");
}

fallible json_take_end(struct json *j)
{
    skip_space(j);
    return j->at == j->end ? NULL : wrong(j, MALFORMED, "nothing may follow the value");
}

const char *json_detail(const struct json *j)
{
    unsigned char c = (unsigned char)*j->at;
    const char *found = "the end";
    if (j->at < j->end)
        found = arena_printf(j->arena, c < ' ' || c > '~' ? "0x%02x" : "%c", c);
    return arena_printf(j->arena, "At byte %td (%s): %s.", j->at - j->begin, found, j->wrong);
}
