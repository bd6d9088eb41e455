/* memo.h -- a bounded memory of what was found out lately, by 32-byte key; for one thread. Past the
 * limit the entry that would end soonest makes room. Keys must be hashes that nobody can aim: their
 * first bytes choose the place. Beside platform/lru because entries end by time, lie in one piece
 * that is wiped, and cost no allocation. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { MEMO_KEY = 32 };

struct memo;

/* At most `max` entries (rounded up to 4) with a value of `value_size` bytes, which may be 0. */
struct memo *memo_new(int max, size_t value_size);
void memo_free(struct memo *m); /* wipes; NULL is allowed */

/* The value (not NULL even if values have no bytes), borrowed until the next memo_put; NULL if
 * there is no entry that ends after `now`. */
const void *memo_find(const struct memo *m, const unsigned char key[MEMO_KEY], int64_t now);

/* Remembers a copy of the value until `expires`, on the clock of `now`; replaces an equal key. */
void memo_put(struct memo *m, const unsigned char key[MEMO_KEY], int64_t now, int64_t expires,
              const void *value);
