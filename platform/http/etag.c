/* etag.c -- see etag.h. */
#include "platform/http/etag.h"

#include <string.h>

#include "base/banned.h"

static const char SPACE[] = " \t", BETWEEN[] = " \t,";

bool etag_is_any(const char *header)
{
    header += strspn(header, SPACE);
    return *header == '*' && !header[1 + strspn(header + 1, SPACE)];
}

bool etag_next(const char **list, struct etag *out)
{
    const char *at = *list + strspn(*list, BETWEEN);
    *list = at;
    if (!*at)
        return false;
    if (strncmp(at, "W/", 2) == 0)
        at += 2;
    const char *quote = *at == '"' ? strchr(at + 1, '"') : NULL;
    const char *end = quote ? quote + 1 + strspn(quote + 1, SPACE) : NULL;
    *list = end && (!*end || *end == ',') ? end : NULL;
    if (!*list)
        return false;
    *out = (struct etag){at + 1, (size_t)(quote - at - 1)};
    return true;
}
