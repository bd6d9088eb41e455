/* cursor.c -- fixed-width hexadecimal: nothing to parse, nothing to escape in a URL. */
#include "query-api/cursor.h"

#include "base/text.h"
#include "base/banned.h"

void cursor_write(uint64_t list, const int64_t *keys, int count, char out[CURSOR_TEXT])
{
    snprintf(out, CURSOR_TEXT, "%016llx", (unsigned long long)list);
    for (int i = 0; i < count; i++)
        snprintf(out + 16 * (i + 1), 17, "%016llx", (unsigned long long)keys[i]);
}

static bool read_word(const char *s, uint64_t *out)
{
    uint64_t n = 0;
    for (int i = 0; i < 16; i++) {
        const char *digit = strchr("0123456789abcdef", s[i]);
        n = n << 4 | (uint64_t)(digit ? digit - "0123456789abcdef" : 0);
        if (!digit || !s[i])
            return false;
    }
    *out = n;
    return true;
}

fallible cursor_read(const char *cursor, uint64_t list, int64_t *keys, int count)
{
    uint64_t words[CURSOR_KEYS_MAX + 1] = {0};
    if (strlen(cursor) != 16 * (size_t)(count + 1))
        return BAD_CURSOR;
    for (int i = 0; i <= count; i++)
        if (!read_word(cursor + 16 * i, &words[i]))
            return BAD_CURSOR;
    if (words[0] != list)
        return BAD_CURSOR;
    for (int i = 0; i < count; i++) {
        if (words[i + 1] > INT64_MAX)
            return BAD_CURSOR;
        keys[i] = (int64_t)words[i + 1];
    }
    return NULL;
}
