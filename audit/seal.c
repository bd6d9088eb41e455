/* seal.c -- see seal.h. */
#include "audit/seal.h"

#include <sodium.h>

#include "base/members.h"
#include "base/planted.h"
#include "platform/process/settings.h"
#include "base/banned.h"

_Static_assert(sizeof(((struct seal_key *)0)->secret) == crypto_sign_SECRETKEYBYTES &&
                   SEAL_PUBLIC == crypto_sign_PUBLICKEYBYTES && SEAL_SIGNATURE == crypto_sign_BYTES,
               "the sizes of Ed25519");

fallible seal_key_read(const char *path, struct seal_key *out)
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    const struct problem *p = secret_read(path, seed, sizeof(seed));
    if (!p)
        crypto_sign_seed_keypair(out->public_key, out->secret, seed);
    sodium_memzero(seed, sizeof(seed));
    return p;
}

void seal_key_wipe(struct seal_key *k)
{
    sodium_memzero(k, sizeof(*k));
}

static void append_signed(const struct chain_end *end, int64_t at, struct text *out)
{
    char hash[CHAIN_HASH_TEXT];
    text_hex(end->hash, CHAIN_HASH, hash);
    text_printf(out, "citywatch audit seal 1\n%s\n%lld\n%s\n%lld\n", end->writer, (long long)end->n,
                hash, (long long)at);
}

void seal_sign(const struct seal_key *k, const struct chain_end *end, int64_t at, struct seal *out)
{
    scoped_text said = {0};
    append_signed(end, at, &said);
    *out = (struct seal){.end = *end, .at = at};
    memcpy(out->public_key, k->public_key, SEAL_PUBLIC);
    crypto_sign_detached(out->signature, NULL, (const unsigned char *)text_value(&said),
                         said.length, k->secret);
    if (PLANTED(SEAL_SIGNED_BY_ANOTHER))
        out->signature[0] ^= 1;
}

bool seal_is_signed_by(const struct seal *s, const unsigned char public_key[SEAL_PUBLIC])
{
    scoped_text said = {0};
    append_signed(&s->end, s->at, &said);
    return crypto_sign_verify_detached(s->signature, (const unsigned char *)text_value(&said),
                                       said.length, public_key) == 0;
}

void seal_write(const struct seal *s, struct text *out)
{
    char hash[CHAIN_HASH_TEXT], public_key[2 * SEAL_PUBLIC + 1], signature[2 * SEAL_SIGNATURE + 1];
    text_hex(s->end.hash, CHAIN_HASH, hash);
    text_hex(s->public_key, SEAL_PUBLIC, public_key);
    text_hex(s->signature, SEAL_SIGNATURE, signature);
    text_printf(out,
                "{\"_id\":\"%s:%012lld\",\"writer\":\"%s\",\"n\":%lld,\"hash\":\"%s\",\"at\":%lld,"
                "\"public_key\":\"%s\",\"signature\":\"%s\"}",
                s->end.writer, (long long)s->end.n, s->end.writer, (long long)s->end.n, hash,
                (long long)s->at, public_key, signature);
}

/* A member as it is written, without the quotes; NULL if there is none. */
static const char *plain_member(const struct members *m, const char *name, struct arena *a)
{
    const struct member *found = members_find(m, name);
    return found && found->text.at ? arena_bytes(a, found->text.at, found->text.length) : NULL;
}

static bool bytes_of(const struct members *m, const char *name, struct arena *a, unsigned char *out,
                     size_t size)
{
    const char *hex = plain_member(m, name, a);
    size_t found = 0;
    return hex && strlen(hex) == 2 * size &&
           !sodium_hex2bin(out, size, hex, 2 * size, NULL, &found, NULL) && found == size;
}

static bool number_of(const struct members *m, const char *name, struct arena *a, int64_t *out)
{
    const char *n = plain_member(m, name, a);
    return n && text_to_int(n, out);
}

bool seal_read(const char *document, struct seal *out)
{
    scoped_arena a = {0};
    struct members m;
    struct seal s = {.at = 0};
    if (!members_read(document, &a, &m))
        return false;
    const char *writer = plain_member(&m, "writer", &a);
    if (!writer || strlen(writer) >= WRITER_TEXT || !number_of(&m, "n", &a, &s.end.n) ||
        s.end.n < 1 || s.end.n > RECORD_NUMBER_MAX || !number_of(&m, "at", &a, &s.at) ||
        !bytes_of(&m, "hash", &a, s.end.hash, CHAIN_HASH) ||
        !bytes_of(&m, "public_key", &a, s.public_key, SEAL_PUBLIC) ||
        !bytes_of(&m, "signature", &a, s.signature, SEAL_SIGNATURE))
        return false;
    snprintf(s.end.writer, sizeof(s.end.writer), "%s", writer);
    *out = s;
    return true;
}
