/* rollup.c -- see rollup.h. */
#include "audit/rollup.h"

#include <sodium.h>

#include "platform/identity/digest.h"
#include "base/banned.h"

_Static_assert(sizeof(((struct rollup *)0)->secret) == SHORT_KEY, "a key of SipHash");

void rollup_init(struct rollup *t)
{
    *t = (struct rollup){.used = 0};
    randombytes_buf(t->secret, sizeof(t->secret));
}

void rollup_release(struct rollup *t)
{
    text_release(&t->texts);
}

static void empty_table(struct rollup *t)
{
    text_clear(&t->texts);
    memset(t->slots, 0, sizeof(t->slots));
    t->used = 0;
}

void rollup_tell(struct rollup *t, struct text *out)
{
    for (int i = 0; i < t->used; i++) {
        const struct rollup_entry *e = &t->entries[i];
        text_append_bytes(out, t->texts.at + e->text, e->end - e->text - 1); /* without its brace */
        text_append(out, ",\"count\":");
        text_append_int(out, e->count);
        text_append_bytes(out, "}\n", 2);
    }
    empty_table(t);
}

/* The slot of the key that `texts` ends with, from `at` on; its own or an empty one. */
static uint16_t *find_slot(struct rollup *t, size_t at)
{
    const char *key = t->texts.at + at;
    size_t length = t->texts.length - at;
    uint64_t slot = digest_short(t->secret, key, length);
    for (;; slot++) {
        uint16_t *found = &t->slots[slot % ROLLUP_SLOTS];
        const struct rollup_entry *e = *found ? &t->entries[*found - 1] : NULL;
        if (!e || (e->text - e->key == length && memcmp(t->texts.at + e->key, key, length) == 0))
            return found;
    }
}

void rollup_add(struct rollup *t, const struct audit_record *record, int64_t until,
                struct text *out)
{
    size_t at = t->texts.length;
    record_key(record, &t->texts);
    uint16_t *slot = find_slot(t, at);
    if (*slot) {
        t->entries[*slot - 1].count++;
        t->texts.length = at;
        return;
    }
    if (t->used == ROLLUP_KINDS) {
        t->texts.length = at;
        rollup_tell(t, out);
        rollup_add(t, record, until, out);
        return;
    }
    if (!t->used)
        t->until = until;
    size_t text = t->texts.length;
    record_write(record, &t->texts);
    t->entries[t->used] = (struct rollup_entry){at, text, t->texts.length, 1};
    *slot = (uint16_t)++t->used;
}
