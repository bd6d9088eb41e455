/* cursor.h -- where a list goes on: the keys of the last row seen, and a digest of the list they
 * belong to. Opaque to clients: hexadecimal, fixed length. */
#pragma once

#include <stdint.h>

#include "base/problem.h"

enum { CURSOR_KEYS_MAX = 3, CURSOR_TEXT = 16 * (CURSOR_KEYS_MAX + 1) + 1 };

/* `list`: the digest of query and filters. Keys are 0 or greater. */
void cursor_write(uint64_t list, const int64_t *keys, int count, char out[CURSOR_TEXT]);

/* BAD_CURSOR: not of this form, or of another list. */
fallible cursor_read(const char *cursor, uint64_t list, int64_t *keys, int count);
