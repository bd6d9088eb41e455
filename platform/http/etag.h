/* etag.h -- the lists of If-Match and If-None-Match, RFC 9110 13.1: "*", or entity tags, each with
 * or without W/, which makes no difference to anybody here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool etag_is_any(const char *header);

struct etag {
    const char *at; /* what stands between the quotes; not ended by NUL */
    size_t length;
};

/* Takes the next tag of the list and moves *list behind it. False at the end, where *list is an
 * empty text, and where the list is malformed: *list is NULL then. */
bool etag_next(const char **list, struct etag *out);
