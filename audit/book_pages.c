/* book_pages.c -- from the spool to MongoDB: what is synced is read page by page, and a segment
 * goes when its last line is shipped and its successor is on disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/book_internal.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/time.h"
#include "base/banned.h"

enum { PAGE_BYTES = 1024 * 1024 };

/* ---- sync ---- */

struct sync_step {
    struct spool_segment
        *segment; /* the oldest of which not all is on disk, up to `last`; NULL: none */
    struct spool_segment *last; /* the newest one when the sync began */
    int64_t length;             /* what it holds now */
    bool folder_changed;
};

static void find_next(struct book *b, struct sync_step *step)
{
    struct spool_segment *segment, *newest;
    pthread_mutex_lock(&b->lock);
    newest = b->spool.last;
    step->last = step->last ? step->last : newest;
    for (segment = b->spool.first; segment && segment->synced == segment->length;
         segment = segment->next)
        if (segment != newest && segment->fd >= 0) {
            close(segment->fd); /* nobody writes there any more */
            segment->fd = -1;
        }
    step->segment = segment;
    step->length = segment ? segment->length : 0;
    step->folder_changed = b->spool.folder_changed;
    if (segment && segment->fd < 0)
        segment->fd = segment_open(&b->spool, segment, O_RDWR);
    pthread_mutex_unlock(&b->lock);
}

static void set_synced(struct book *b, const struct sync_step *step)
{
    pthread_mutex_lock(&b->lock);
    step->segment->synced = step->length;
    step->segment->unsafe = false;
    if (step->segment == b->spool.last)
        b->spool.folder_changed = false;
    pthread_mutex_unlock(&b->lock);
}

/* `synced` and `unsafe` are the audit thread's to change. */
static bool sync_segment(struct book *b, const struct sync_step *step)
{
    struct spool_segment *segment = step->segment;
    if (segment->fd < 0 ||
        (segment->unsafe && !spool_rewrite(segment->fd, segment->synced, step->length)))
        return false;
    segment->unsafe = fdatasync(segment->fd) != 0;
    return !segment->unsafe && (!step->folder_changed || !fsync(b->spool.folder));
}

bool book_sync(struct book *b)
{
    struct sync_step step = {.segment = NULL};
    do { /* what is begun meanwhile waits for the next sync, or a busy service would keep us here */
        find_next(b, &step);
        if (!step.segment)
            break;
        if (!sync_segment(b, &step)) {
            log_warning("the audit cannot be brought to disk", KV("folder", b->folder),
                        KV("reason", (const char *)strerror(errno)));
            return false;
        }
        set_synced(b, &step);
    } while (step.segment != step.last);
    FAILPOINT(AUDIT_AFTER_SYNC);
    return true;
}

/* ---- one page ---- */

/* Goes to the segment behind, and deletes the one that is done. */
static void go_on(struct book *b, struct spool_segment *next)
{
    FAILPOINT(AUDIT_BEFORE_DELETE);
    if (b->read_fd >= 0)
        close(b->read_fd);
    b->read_fd = -1;
    pthread_mutex_lock(&b->lock);
    struct spool_segment *done = spool_take_first(&b->spool);
    pthread_mutex_unlock(&b->lock);
    spool_delete(&b->spool, done); /* not under the lock, which the loops need */
    b->reading = next;
    b->offset = 0;
}

/* How many synced bytes are left to read in the segment where we are; moves on to where there are
 * some. */
static int64_t bytes_ahead(struct book *b)
{
    for (;;) {
        pthread_mutex_lock(&b->lock);
        struct spool_segment *segment = b->reading ? b->reading : b->spool.first;
        int64_t ahead = segment ? segment->synced - b->offset : 0;
        struct spool_segment *next =
            segment && !ahead && segment->synced == segment->length ? segment->next : NULL;
        if (next && !next->synced)
            next = NULL;
        pthread_mutex_unlock(&b->lock);
        b->reading = segment;
        if (!next)
            return ahead;
        go_on(b, next);
    }
}

static bool read_bytes(struct book *b, int64_t ahead)
{
    size_t size = ahead < PAGE_BYTES ? (size_t)ahead : PAGE_BYTES;
    char *bytes = must_alloc(1, size);
    if (b->read_fd < 0)
        b->read_fd = segment_open(&b->spool, b->reading, O_RDONLY);
    ssize_t n = b->read_fd < 0 ? -1 : pread(b->read_fd, bytes, size, b->offset);
    text_clear(&b->in);
    if (n > 0)
        text_append_bytes(&b->in, bytes, (size_t)n);
    else
        log_error("the audit cannot read its spool", KV("folder", b->folder),
                  KV("reason", (const char *)strerror(errno)));
    free(bytes);
    return n > 0;
}

/* "r <n> <hash> <canonical text>", written by us. False: it is none. */
static bool take_record(const struct book *b, char *line, struct book_page *out)
{
    struct chain_end end;
    char hash[CHAIN_HASH_TEXT];
    long long n;
    int length;
    if (sscanf(line, "r %lld %64s %n", &n, hash, &length) != 2 || !chain_hash_read(hash, end.hash))
        return false;
    snprintf(end.writer, sizeof(end.writer), "%s", b->writer);
    end.n = out->last = n;
    if (n <= b->shipped)
        return true;
    sscanf(line + length, "{\"at\":%ld", &out->last_at);
    scoped_text document = {0};
    record_document(&end, line + length, &document);
    out->documents[out->count++] = arena_bytes(&out->arena, text_value(&document), document.length);
    return true;
}

/* What was written is not what stands there: a disk, or somebody, has changed it. Nothing is
 * shipped past it by this process; the next one sets the segment aside when it starts. */
static bool say_damaged(const struct book *b, int64_t at)
{
    log_error("the spool of the audit is damaged", KV("folder", b->folder),
              KV("file", (const char *)b->reading->name), KV("byte", at));
    return false;
}

bool book_read_page(struct book *b, struct book_page *out)
{
    arena_release(&out->arena);
    *out = (struct book_page){.count = 0};
    int64_t ahead = bytes_ahead(b);
    if (!ahead || !read_bytes(b, ahead))
        return false;
    char *at = b->in.at;
    for (char *end; !out->seal && out->count < PAGE_RECORDS && (end = strchr(at, '\n'));
         at = end + 1) {
        *end = '\0';
        if (*at == 'r' && !take_record(b, at, out))
            return say_damaged(b, b->offset + (at - b->in.at));
        else if (*at == 's')
            out->seal = arena_text(&out->arena, at + 2);
    }
    out->end = b->offset + (at - b->in.at);
    return out->end > b->offset || say_damaged(b, b->offset);
}

void book_page_shipped(struct book *b, const struct book_page *page)
{
    char line[INT_TEXT + 1];
    b->offset = page->end;
    if (page->last <= b->shipped)
        return;
    snprintf(line, sizeof(line), "%lld\n", (long long)page->last);
    if (!spool_replace(&b->spool, "shipped", line, false))
        log_warning("the audit cannot keep what is shipped; it may be shipped again",
                    KV("folder", b->folder), KV("reason", (const char *)strerror(errno)));
    FAILPOINT(AUDIT_AFTER_SHIPPED);
    pthread_mutex_lock(&b->lock);
    b->shipped = page->last;
    if (page->last_at > b->behind_since)
        b->behind_since = page->last_at;
    pthread_mutex_unlock(&b->lock);
}
