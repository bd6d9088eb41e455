/* digest.c -- libsodium's hashes. */
#include "platform/identity/digest.h"

#include <sodium.h>
#include <string.h>

#include "base/text.h"
#include "base/banned.h"

_Static_assert(SHORT_KEY == crypto_shorthash_KEYBYTES && crypto_shorthash_BYTES == sizeof(uint64_t),
               "SipHash-2-4 has a key of 16 bytes and a value of 8");

void digest_parts(const unsigned char key[DIGEST_KEY], const char *const *parts, int count,
                  unsigned char out[DIGEST_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, DIGEST_KEY, DIGEST_BYTES);
    for (int i = 0; i < count; i++) {
        uint64_t length = strlen(parts[i]);
        crypto_generichash_update(&state, (const unsigned char *)&length, sizeof(length));
        crypto_generichash_update(&state, (const unsigned char *)parts[i], length);
    }
    crypto_generichash_final(&state, out, DIGEST_BYTES);
    sodium_memzero(&state, sizeof(state)); /* passwords are among the parts */
}

void digest_parts_hex(const unsigned char key[DIGEST_KEY], const char *const *parts, int count,
                      char out[DIGEST_TEXT])
{
    unsigned char bytes[DIGEST_BYTES];
    digest_parts(key, parts, count, bytes);
    text_hex(bytes, sizeof(bytes), out);
}

void digest_whole(const unsigned char *key, const void *at, size_t length, unsigned char *out,
                  size_t size)
{
    crypto_generichash(out, size, at, length, key, key ? DIGEST_KEY : 0);
}

uint64_t digest_short(const unsigned char key[SHORT_KEY], const void *at, size_t length)
{
    uint64_t n;
    unsigned char hash[sizeof(n)];
    crypto_shorthash(hash, at, length, key);
    memcpy(&n, hash, sizeof(n));
    return n;
}

/* The key tells where it goes on, and whether there is a value at all. */
static uint64_t go_on(uint64_t before, bool given, const void *at, size_t length)
{
    unsigned char key[SHORT_KEY] = {0};
    memcpy(key, &before, sizeof(before));
    key[sizeof(before)] = !given;
    return digest_short(key, at, length);
}

uint64_t digest_on(uint64_t before, const void *at, size_t length)
{
    return go_on(before, true, at, length);
}

uint64_t digest_on_text(uint64_t before, const char *s)
{
    return go_on(before, s != NULL, s ? s : "", s ? strlen(s) : 0);
}
