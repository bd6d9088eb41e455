/* cursor.h -- where a list goes on: the keys of the last row seen, and a digest of the list they
 * belong to. Opaque to clients: hexadecimal, fixed length. */
#pragma once

#include <stdint.h>

#include "base/problem.h"

enum { CURSOR_KEYS_MAX = 3, CURSOR_TEXT = 16 * (CURSOR_KEYS_MAX + 1) + 1 };

/* A digest of bytes, continued from `digest` (DIGEST_START first): FNV-1a, 64 bits. Says that two
 * things are the same by accident-free standards, not against an adversary. */
#define DIGEST_START 0xcbf29ce484222325u
uint64_t digest_bytes(uint64_t digest, const void *at, uint64_t length);
uint64_t digest_text(uint64_t digest, const char *s); /* NULL and "" differ */

/* `list`: the digest of query and filters. Keys are 0 or greater. */
void cursor_write(uint64_t list, const int64_t *keys, int count, char out[CURSOR_TEXT]);

/* BAD_CURSOR: not of this form, or of another list. */
fallible cursor_read(const char *cursor, uint64_t list, int64_t *keys, int count);
