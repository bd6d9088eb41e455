/* digest.h -- the hashes of this system. BLAKE2b for what is stored, handed out or compared with
 * it: its values never change (tests/platform/digest_test.c). SipHash-2-4 for tables. Any thread.
 * It stands here and not in base because rules link without libsodium. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    DIGEST_KEY = 32,                   /* bytes */
    DIGEST_BYTES = 32,                 /* BLAKE2b-256 */
    DIGEST_TEXT = 2 * DIGEST_BYTES + 1 /* as lower-case hexadecimal, with the NUL */
};

/* BLAKE2b-256 under the key of `count` texts, each behind its length: "a", "bc" is not "ab", "c".
 */
void digest_parts(const unsigned char key[DIGEST_KEY], const char *const *parts, int count,
                  unsigned char out[DIGEST_BYTES]);
void digest_parts_hex(const unsigned char key[DIGEST_KEY], const char *const *parts, int count,
                      char out[DIGEST_TEXT]);

/* BLAKE2b of these bytes and nothing else, `size` bytes of 16 to 64. One part needs no length, and
 * values that were stored have none. `key` NULL: anybody can compute it. */
void digest_whole(const unsigned char *key, const void *at, size_t length, unsigned char *out,
                  size_t size);

/* For tables in memory: under a key that is drawn at start nobody can aim at a bucket. */
enum { TABLE_KEY = 16 };
uint64_t table_hash(const unsigned char key[TABLE_KEY], const void *at, size_t length);
