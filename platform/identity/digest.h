/* digest.h -- the hashes of this system. BLAKE2b for what is stored, handed out or compared with
 * it: its values never change (tests/platform/digest_test.c). SipHash-2-4 for tables,
 * tags and cursors. Any thread.
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

/* SipHash-2-4: 64 bits, fast. For tables: under a key that is drawn at start nobody can aim at a
 * bucket. */
enum { SHORT_KEY = 16 };
uint64_t digest_short(const unsigned char key[SHORT_KEY], const void *at, size_t length);

/* The same under no secret, so that all processes agree, and continued: of these bytes after what
 * `before` is the digest of, 0 at first. For tags and cursors: two things are not the same by
 * accident, but somebody may find such two. */
uint64_t digest_on(uint64_t before, const void *at, size_t length);
uint64_t digest_on_text(uint64_t before, const char *s); /* NULL and "" differ */
