/* recover.c -- reads the segments that an earlier process has left: every hash is computed again,
 * and the first line that does not continue the chain ends it. Behind a loss of power that is what
 * had not been synced, so nobody has been told of it. */
#include "audit/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "audit/seal.h"
#include "base/banned.h"

struct recovery {
    struct spool_found *found;
    bool begun; /* a segment has said where the chain stands */
};

/* ---- lines ---- */

/* "b <writer> <n> <hash>": of the oldest segment it is believed, of others it must continue. */
static bool read_beginning(struct recovery *r, const char *line)
{
    struct chain_end *end = &r->found->end;
    char expected[2 * WRITER_TEXT + CHAIN_HASH_TEXT], hash[CHAIN_HASH_TEXT];
    size_t length = strlen(end->writer);
    if (r->begun) {
        text_hex(end->hash, CHAIN_HASH, hash);
        snprintf(expected, sizeof(expected), "b %s %lld %s", end->writer, (long long)end->n, hash);
        return text_equal(line, expected);
    }
    long long n;
    unsigned char bytes[CHAIN_HASH];
    if (!text_starts(line, "b ") || !text_starts(line + 2, end->writer) ||
        sscanf(line + 2 + length, " %lld %64s", &n, hash) != 2 || n < 0 ||
        !chain_hash_read(hash, bytes))
        return false;
    end->n = n;
    memcpy(end->hash, bytes, CHAIN_HASH);
    r->found->sealed = n; /* not known: at worst it is sealed again */
    return r->begun = true;
}

/* "r <n> <hash> <canonical text>" */
static bool read_record(struct recovery *r, const char *line, size_t length)
{
    struct chain_end next = r->found->end;
    char head[INT_TEXT + CHAIN_HASH_TEXT + 4], hash[CHAIN_HASH_TEXT];
    size_t size = (size_t)snprintf(head, sizeof(head), "r %lld ", (long long)next.n + 1);
    const size_t text = size + CHAIN_HASH_TEXT;
    if (length <= text || memcmp(line, head, size) != 0)
        return false;
    chain_add(&next, line + text, length - text);
    text_hex(next.hash, CHAIN_HASH, hash);
    if (memcmp(line + size, hash, CHAIN_HASH_TEXT - 1) != 0 || line[text - 1] != ' ')
        return false;
    r->found->end = next;
    if (next.n > r->found->shipped && !r->found->unshipped_at)
        sscanf(line + text, "{\"at\":%ld", &r->found->unshipped_at);
    return true;
}

static bool read_line(struct recovery *r, const char *line, size_t length)
{
    struct seal seal;
    if (text_starts(line, "r "))
        return read_record(r, line, length);
    if (!text_starts(line, "s ") || !seal_read(line + 2, &seal) || seal.end.n > r->found->end.n)
        return false;
    r->found->sealed = seal.end.n;
    return true;
}

/* How many bytes at the start of a segment continue the chain; 0: not even its first line. */
static size_t read_lines(struct recovery *r, char *bytes, size_t length)
{
    size_t done = 0;
    for (char *end; (end = memchr(bytes + done, '\n', length - done));
         done = (size_t)(end - bytes) + 1) {
        *end = '\0';
        const char *line = bytes + done;
        bool ok = done ? read_line(r, line, (size_t)(end - line)) : read_beginning(r, line);
        if (!ok)
            break;
    }
    return done;
}

/* ---- files ---- */

static char *read_file(int fd, size_t *length)
{
    struct stat st;
    if (fstat(fd, &st))
        return NULL;
    char *bytes = must_alloc(1, (size_t)st.st_size + 1);
    for (*length = 0; *length < (size_t)st.st_size;) {
        ssize_t n = pread(fd, bytes + *length, (size_t)st.st_size - *length, (off_t)*length);
        if (n <= 0)
            break;
        *length += (size_t)n;
    }
    return bytes;
}

static void add_segment(struct spool *s, struct spool_segment *segment)
{
    *(s->last ? &s->last->next : &s->first) = segment;
    s->last = segment;
    s->bytes += segment->length;
}

static void set_aside(struct spool *s, const char *name)
{
    char other[SEGMENT_NAME + 8];
    snprintf(other, sizeof(other), "%s.broken", name);
    log_error("the audit sets aside what it cannot read", KV("folder", s->path), KV("file", name));
    if (renameat(s->folder, name, s->folder, other))
        log_error("it cannot", KV("reason", (const char *)strerror(errno)));
}

/* True if all of it could be read: only then the next one can follow. */
static bool read_segment(struct spool *s, struct recovery *r, const char *name)
{
    struct spool_segment *segment = must_alloc(1, sizeof(*segment));
    size_t length = 0;
    snprintf(segment->name, sizeof(segment->name), "%s", name);
    segment->fd = segment_open(s, segment, O_RDWR);
    if (segment->fd < 0) /* on a disk that cannot be written */
        segment->fd = segment_open(s, segment, O_RDONLY);
    char *bytes = segment->fd < 0 ? NULL : read_file(segment->fd, &length);
    segment->length = bytes ? (int64_t)read_lines(r, bytes, length) : 0;
    segment->unsafe = true; /* nobody knows what the disk told the process before this one */
    bool empty = bytes && !length;
    free(bytes);
    if (!segment->length) {
        if (segment->fd >= 0)
            close(segment->fd);
        free(segment);
        if (!empty || unlinkat(s->folder, name, 0)) /* an empty one was just begun */
            set_aside(s, name);
        return false;
    }
    add_segment(s, segment);
    bool whole = segment->length == (int64_t)length;
    if (!whole) {
        log_warning("the audit cuts a torn tail", KV("folder", s->path), KV("file", name),
                    KV("bytes", length - (size_t)segment->length));
        segment->torn = ftruncate(segment->fd, segment->length) != 0;
    }
    return whole;
}

static int is_segment(const struct dirent *d)
{
    return strlen(d->d_name) == 16 && strspn(d->d_name, "0123456789") == 12 &&
           text_equal(d->d_name + 12, ".log");
}

static void drop_segments(struct spool *s)
{
    while (s->first) {
        set_aside(s, s->first->name);
        struct spool_segment *next = s->first->next;
        if (s->first->fd >= 0)
            close(s->first->fd);
        free(s->first);
        s->first = next;
    }
    s->last = NULL;
    s->bytes = 0;
}

bool spool_recover(struct spool *s, struct spool_found *found)
{
    struct recovery r = {.found = found};
    struct dirent **names = NULL;
    bool whole = true;
    int count = scandir(s->path, &names, is_segment, alphasort);
    for (int i = 0; i < count; i++) {
        if (whole)
            whole = read_segment(s, &r, names[i]->d_name);
        else
            set_aside(s, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    if (found->end.n >= found->shipped)
        return true;
    log_error("the end of an audit chain is gone; a new one begins", KV("folder", s->path),
              KV("writer", (const char *)found->end.writer), KV("shipped", found->shipped));
    drop_segments(s);
    return false;
}
