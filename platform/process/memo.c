/* memo.c -- sets of four places: a key is looked for in one set only, so nothing is ever moved. */
#include "platform/process/memo.h"

#include <sodium.h>
#include <string.h>

#include "base/arena.h"
#include "base/banned.h"

enum { WAYS = 4 };

struct place {
    unsigned char key[MEMO_KEY];
    int64_t expires; /* 0: free */
    _Alignas(max_align_t) unsigned char value[];
};

struct memo {
    size_t sets, place_size, value_size;
    unsigned char *places;
};

struct memo *memo_new(int max, size_t value_size)
{
    const size_t align = _Alignof(struct place);
    struct memo *m = must_alloc(1, sizeof(*m));
    m->sets = ((size_t)max + WAYS - 1) / WAYS;
    m->value_size = value_size;
    m->place_size = (sizeof(struct place) + value_size + align - 1) & ~(align - 1);
    m->places = must_alloc(m->sets * WAYS, m->place_size);
    return m;
}

void memo_free(struct memo *m)
{
    if (!m)
        return;
    sodium_memzero(m->places, m->sets * WAYS * m->place_size);
    free(m->places);
    free(m);
}

static struct place *place_at(const struct memo *m, const unsigned char *key, size_t way)
{
    uint64_t n;
    memcpy(&n, key, sizeof(n));
    return (struct place *)(void *)(m->places + (n % m->sets * WAYS + way) * m->place_size);
}

const void *memo_find(const struct memo *m, const unsigned char key[MEMO_KEY], int64_t now)
{
    for (size_t way = 0; way < WAYS; way++) {
        const struct place *p = place_at(m, key, way);
        if (p->expires > now && sodium_memcmp(p->key, key, MEMO_KEY) == 0)
            return p->value;
    }
    return NULL;
}

void memo_put(struct memo *m, const unsigned char key[MEMO_KEY], int64_t now, int64_t expires,
              const void *value)
{
    struct place *to = place_at(m, key, 0);
    for (size_t way = 0; way < WAYS; way++) {
        struct place *p = place_at(m, key, way);
        if (p->expires && memcmp(p->key, key, MEMO_KEY) == 0) {
            to = p;
            break;
        }
        if (p->expires < to->expires)
            to = p;
    }
    if (expires <= now)
        expires = 0;
    memcpy(to->key, key, MEMO_KEY);
    to->expires = expires;
    if (m->value_size)
        memcpy(to->value, value, m->value_size);
}
