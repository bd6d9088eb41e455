/* rollup.h -- requests that are alike become one record with a count: a bounded table. For one
 * thread at a time. */
#pragma once

#include "audit/record.h"

enum { ROLLUP_KINDS = 256, ROLLUP_SLOTS = 1024 };

struct rollup {
    struct text texts; /* of each entry its key and its canonical text without the count */
    struct rollup_entry {
        size_t key, text, end; /* in `texts` */
        int64_t count;
    } entries[ROLLUP_KINDS];
    int used;
    uint16_t slots[ROLLUP_SLOTS]; /* number of an entry, from 1 */
    unsigned char secret[16];     /* of the hash: nobody can aim at a slot */
    int64_t until;                /* monotonic: when all of it is to be told */
};

void rollup_init(struct rollup *t);
void rollup_release(struct rollup *t);

/* Counts one. `record` has no count. A table that is full is told first, into `out`; one that was
 * empty is due at `until`, monotonic. */
void rollup_add(struct rollup *t, const struct audit_record *record, int64_t until,
                struct text *out);

/* Appends the records, each with its line's end, and empties the table. */
void rollup_tell(struct rollup *t, struct text *out);
static inline bool rollup_is_due(const struct rollup *t, int64_t now)
{
    return t->used > 0 && now >= t->until;
}
