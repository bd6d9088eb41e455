/* password.c -- see password.h. */
#include "platform/identity/password.h"

#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "base/text.h"
#include "base/banned.h"

_Static_assert(PASSWORD_HASH_TEXT == crypto_pwhash_STRBYTES, "libsodium's size of a hash");

#define OPS    crypto_pwhash_OPSLIMIT_INTERACTIVE
#define MEMORY crypto_pwhash_MEMLIMIT_INTERACTIVE

fallible password_hash(const char *password, char out[PASSWORD_HASH_TEXT])
{
    char hash[PASSWORD_HASH_TEXT];
    if (crypto_pwhash_str(hash, password, strlen(password), OPS, MEMORY) != 0)
        return QUEUE_FULL;
    memcpy(out, hash, sizeof(hash));
    return NULL;
}

/* Whether a call would have got its memory a moment ago. */
static bool has_memory(void)
{
    const size_t need = MEMORY + 65536;
    void *p = mmap(NULL, need, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return false;
    munmap(p, need);
    return true;
}

static bool is_argon2id(const char *hash)
{
    return text_starts(hash, crypto_pwhash_STRPREFIX) && strlen(hash) < PASSWORD_HASH_TEXT &&
           crypto_pwhash_str_needs_rehash(hash, OPS, MEMORY) >= 0;
}

fallible password_verify(const char *hash, const char *password, bool *right)
{
    if (!is_argon2id(hash))
        return INTERNAL;
    bool same = crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
    if (!same && !has_memory())
        return QUEUE_FULL;
    *right = same;
    return NULL;
}

bool password_needs_rehash(const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash, OPS, MEMORY) == 1;
}

void password_wipe(char *password)
{
    if (password)
        sodium_memzero(password, strlen(password));
}
