/* book.c -- see book.h. Segments are begun under the lock by who writes, and closed and deleted by
 * the audit thread alone, which so may read and sync them without it. */
#include "audit/book.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/book_internal.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/time.h"
#include "base/banned.h"

enum { SEGMENT_MAX = 4 * 1024 * 1024 };

/* ---- writing ---- */

static void append_record(struct chain_end *end, const char *canonical, size_t length,
                          struct text *out)
{
    char hash[CHAIN_HASH_TEXT];
    chain_add(end, canonical, length);
    text_hex(end->hash, CHAIN_HASH, hash);
    text_append_bytes(out, "r ", 2);
    text_append_int(out, end->n);
    text_append_char(out, ' ');
    text_append_bytes(out, hash, CHAIN_HASH_TEXT - 1);
    text_append_char(out, ' ');
    text_append_bytes(out, canonical, length);
    text_append_char(out, '\n');
}

static void append_gap(const struct book *b, struct chain_end *end, struct text *out)
{
    scoped_text gap = {0};
    record_write(&(struct audit_record){.at = b->gap.from,
                                        .kind = "gap",
                                        .service = b->service,
                                        .duration_us = b->gap.to - b->gap.from,
                                        .count = b->gap.count},
                 &gap);
    append_record(end, text_value(&gap), gap.length, out);
}

/* Lines of the spool for these texts; returns how many texts there are. */
static int64_t append_all(struct chain_end *end, const char *lines, size_t length, struct text *out)
{
    int64_t count = 0;
    for (const char *at = lines, *stop; at < lines + length; at = stop + 1, count++) {
        stop = memchr(at, '\n', (size_t)(lines + length - at));
        append_record(end, at, (size_t)(stop - at), out);
    }
    return count;
}

static void drop_locked(struct book *b, int64_t count, const char *reason)
{
    int64_t now = time_now();
    if (!count)
        return;
    if (!b->gap.count) {
        b->gap.from = now;
        log_error("the audit drops records", KV("folder", (const char *)b->folder),
                  KV("reason", reason));
    }
    b->gap.to = now;
    b->gap.count += count;
    b->dropped += count;
    spool_keep_dropped(&b->spool, b->end.n, &b->gap);
}

static void written_locked(struct book *b, const struct chain_end *next)
{
    if (b->end.n == b->sealed)
        b->unsealed_since = time_monotonic();
    if (b->end.n == b->shipped)
        b->behind_since = time_now();
    if (b->gap.count)
        log_warning("the audit has room again", KV("folder", (const char *)b->folder),
                    KV("dropped", b->gap.count));
    b->gap = (struct dropped){0};
    b->end = *next;
}

void book_write(struct book *b, const char *lines, size_t length)
{
    pthread_mutex_lock(&b->lock);
    struct chain_end next = b->end;
    text_clear(&b->out);
    if (b->gap.count)
        append_gap(b, &next, &b->out);
    int64_t count = append_all(&next, lines, length, &b->out);
    FAILPOINT(AUDIT_BEFORE_WRITE);
    if (!b->out.length)
        ; /* nothing to say */
    else if (b->spool.bytes + (int64_t)b->out.length > b->max_bytes)
        drop_locked(b, count, "AUDIT_SPOOL_BYTES are used up");
    else if (!spool_append(&b->spool, &b->end, &b->out, b->segment_max))
        drop_locked(b, count, strerror(errno));
    else
        written_locked(b, &next);
    FAILPOINT(AUDIT_AFTER_WRITE);
    pthread_mutex_unlock(&b->lock);
}

/* ---- seals ---- */

static bool is_due(const struct book *b, bool at_once)
{
    int64_t unsealed = b->end.n - b->sealed;
    return unsealed > 0 &&
           (at_once || unsealed >= SEAL_RECORDS || time_monotonic() - b->unsealed_since >= SEAL_US);
}

void book_seal(struct book *b, const struct seal_key *key, bool at_once)
{
    struct seal seal;
    pthread_mutex_lock(&b->lock);
    if (is_due(b, at_once)) {
        text_clear(&b->out);
        seal_sign(key, &b->end, time_now(), &seal);
        text_append_bytes(&b->out, "s ", 2);
        seal_write(&seal, &b->out);
        text_append_char(&b->out, '\n');
        if (spool_append(&b->spool, &b->end, &b->out, b->segment_max))
            b->sealed = b->end.n;
        FAILPOINT(AUDIT_AFTER_SEAL);
    }
    pthread_mutex_unlock(&b->lock);
}

/* ---- figures ---- */

void book_figures(struct book *b, struct book_figures *out)
{
    pthread_mutex_lock(&b->lock);
    double age = (double)(time_now() - b->behind_since) / 1e6;
    *out = (struct book_figures){
        .end = b->end,
        .shipped = b->shipped,
        .bytes = b->spool.bytes,
        .dropped = b->dropped,
        .dropping = b->gap.count > 0,
        .lag_seconds = b->end.n == b->shipped || age < 0 ? 0 : age,
    };
    pthread_mutex_unlock(&b->lock);
}

/* ---- life ---- */

fallible book_open(const struct book_settings *settings, struct book **out)
{
    struct spool_found found;
    struct book *b = must_alloc(1, sizeof(*b));
    pthread_mutex_init(&b->lock, NULL);
    b->folder = arena_text(&b->arena, settings->folder);
    b->service = arena_text(&b->arena, settings->service);
    b->max_bytes = settings->max_bytes;
    b->segment_max = b->max_bytes / 4 < SEGMENT_MAX ? b->max_bytes / 4 : SEGMENT_MAX;
    b->read_fd = -1;
    const struct problem *p = spool_open(b->folder, settings->name, &b->spool, &found);
    if (p) {
        book_close(b);
        return p;
    }
    b->end = found.end;
    b->writer = arena_text(&b->arena, found.end.writer);
    b->shipped = found.shipped;
    b->sealed = found.sealed;
    b->gap = found.dropped;
    b->dropped = found.dropped.count;
    b->behind_since = found.unshipped_at;
    b->unsealed_since = time_monotonic();
    *out = b;
    return NULL;
}

void book_close(struct book *b)
{
    if (!b)
        return;
    if (b->read_fd >= 0)
        close(b->read_fd);
    spool_close(&b->spool);
    text_release(&b->out);
    text_release(&b->in);
    arena_release(&b->arena);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
