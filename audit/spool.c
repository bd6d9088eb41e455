/* spool.c -- see spool.h. */
#include "audit/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/log.h"
#include "base/banned.h"

enum { SMALL_FILE = 128, DROPPED_LINE = 96, WRITER_RANDOM = 6 };

static bool write_all(int fd, const char *bytes, size_t length, int64_t at)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = pwrite(fd, bytes + done, length - done, at + (int64_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

bool spool_rewrite(int fd, int64_t from, int64_t to)
{
    char bytes[16384];
    while (from < to) {
        int64_t left = to - from;
        size_t wanted = left < (int64_t)sizeof(bytes) ? (size_t)left : sizeof(bytes);
        ssize_t n = pread(fd, bytes, wanted, from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || !write_all(fd, bytes, (size_t)n, from))
            return false;
        from += n;
    }
    return true;
}

/* ---- small files ---- */

/* The first line; false if there is none. */
static bool read_small(const struct spool *s, const char *name, char out[SMALL_FILE])
{
    int fd = openat(s->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : pread(fd, out, SMALL_FILE - 1, 0);
    if (fd >= 0)
        close(fd);
    out[n > 0 ? n : 0] = '\0';
    char *end = strchr(out, '\n');
    if (end)
        *end = '\0';
    return end != NULL;
}

bool spool_replace(const struct spool *s, const char *name, const char *content, bool synced)
{
    char other[SEGMENT_NAME + 8];
    snprintf(other, sizeof(other), "%s.new", name);
    int fd = openat(s->folder, other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, content, strlen(content), 0) && (!synced || !fsync(fd));
    close(fd);
    return ok && !renameat(s->folder, other, s->folder, name) && (!synced || !fsync(s->folder));
}

static fallible refuse_folder(const struct spool *s, const char *reason)
{
    log_error("the audit cannot use its folder", KV("folder", s->path), KV("reason", reason));
    return NOT_STARTED;
}

/* ---- what was dropped ---- */

void spool_keep_dropped(const struct spool *s, int64_t n, const struct dropped *d)
{
    char line[DROPPED_LINE + 1];
    int length = snprintf(line, sizeof(line), "%lld %lld %lld %lld", (long long)n,
                          (long long)d->count, (long long)d->from, (long long)d->to);
    memset(line + length, ' ', (size_t)(DROPPED_LINE - length));
    line[DROPPED_LINE - 1] = '\n';
    if (s->dropped_fd >= 0 && !write_all(s->dropped_fd, line, DROPPED_LINE, 0))
        log_warning("the audit cannot keep how much it has dropped", KV("folder", s->path),
                    KV("reason", (const char *)strerror(errno)));
}

/* A gap that was recorded has moved the chain on, behind the record that the file names. */
static void read_dropped(struct spool *s, struct spool_found *found)
{
    char line[SMALL_FILE];
    long long n, count, from, to;
    if (read_small(s, "dropped", line) &&
        sscanf(line, "%lld %lld %lld %lld", &n, &count, &from, &to) == 4 && n == found->end.n &&
        count > 0)
        found->dropped = (struct dropped){count, from, to};
    s->dropped_fd = openat(s->folder, "dropped", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->dropped_fd >= 0)
        spool_keep_dropped(s, found->end.n, &found->dropped); /* its room is taken now */
}

/* ---- the writer ---- */

static fallible new_writer(struct spool *s, const char *name, struct chain_end *end)
{
    unsigned char random[WRITER_RANDOM];
    char hex[2 * WRITER_RANDOM + 1], writer[WRITER_TEXT], line[WRITER_TEXT + 1];
    randombytes_buf(random, sizeof(random));
    text_hex(random, sizeof(random), hex);
    snprintf(writer, sizeof(writer), "%.60s-%s", name, hex);
    snprintf(line, sizeof(line), "%s\n", writer);
    if (!spool_replace(s, "writer", line, true))
        return refuse_folder(s, strerror(errno));
    chain_begin(end, writer);
    return NULL;
}

static fallible read_writer(struct spool *s, const char *name, struct spool_found *found)
{
    char line[SMALL_FILE];
    if (!read_small(s, "writer", line))
        return new_writer(s, name, &found->end);
    if (!*line || strlen(line) >= WRITER_TEXT)
        return refuse_folder(s, "its file \"writer\" holds no id");
    chain_begin(&found->end, line);
    if (read_small(s, "shipped", line) && !text_to_int(line, &found->shipped))
        found->shipped = 0; /* shipped again, which changes nothing */
    return NULL;
}

/* ---- open and close ---- */

static fallible lock_folder(struct spool *s)
{
    if (mkdir(s->path, 0700) && errno != EEXIST)
        return refuse_folder(s, strerror(errno));
    s->folder = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder < 0)
        return refuse_folder(s, strerror(errno));
    if (flock(s->folder, LOCK_EX | LOCK_NB))
        return refuse_folder(s, errno == EWOULDBLOCK ? "another process keeps its audit there"
                                                     : strerror(errno));
    return NULL;
}

static fallible read_folder(struct spool *s, const char *name, struct spool_found *found)
{
    TRY(lock_folder(s));
    TRY(read_writer(s, name, found));
    if (!spool_recover(s, found)) {
        *found = (struct spool_found){.shipped = 0};
        TRY(new_writer(s, name, &found->end));
        if (!spool_replace(s, "shipped", "0\n", true))
            return refuse_folder(s, strerror(errno));
    }
    read_dropped(s, found);
    return NULL;
}

fallible spool_open(const char *path, const char *name, struct spool *s, struct spool_found *found)
{
    /* who made its newest file may have been killed before the folder was on disk */
    *s = (struct spool){.path = path, .folder = -1, .dropped_fd = -1, .folder_changed = true};
    *found = (struct spool_found){.shipped = 0};
    const struct problem *p = read_folder(s, name, found);
    if (p)
        spool_close(s);
    return p;
}

static void segment_free(struct spool_segment *segment)
{
    if (segment->fd >= 0)
        close(segment->fd);
    free(segment);
}

void spool_close(struct spool *s)
{
    for (struct spool_segment *next, *segment = s->first; segment; segment = next) {
        next = segment->next;
        segment_free(segment);
    }
    if (s->dropped_fd >= 0)
        close(s->dropped_fd);
    if (s->folder >= 0)
        close(s->folder);
    *s = (struct spool){.path = NULL, .folder = -1, .dropped_fd = -1};
}

/* ---- segments ---- */

int segment_open(const struct spool *s, const struct spool_segment *segment, int flags)
{
    return openat(s->folder, segment->name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static bool segment_write(struct spool_segment *segment, const struct text *bytes)
{
    if (segment->torn && ftruncate(segment->fd, segment->length))
        return false;
    segment->torn = !write_all(segment->fd, text_value(bytes), bytes->length, segment->length);
    if (!segment->torn) {
        segment->length += (int64_t)bytes->length;
        return true;
    }
    int reason = errno;
    segment->torn = ftruncate(segment->fd, segment->length) != 0;
    errno = reason;
    return false;
}

/* A segment that begins with these lines; none if they cannot be written. */
static bool begin_segment(struct spool *s, const struct chain_end *before, const struct text *lines)
{
    scoped_text bytes = {0};
    char hash[CHAIN_HASH_TEXT];
    struct spool_segment *segment = must_alloc(1, sizeof(*segment));
    snprintf(segment->name, sizeof(segment->name), "%012lld.log", (long long)before->n + 1);
    text_hex(before->hash, CHAIN_HASH, hash);
    text_printf(&bytes, "b %s %lld %s\n", before->writer, (long long)before->n, hash);
    text_append_bytes(&bytes, text_value(lines), lines->length);
    segment->fd = segment_open(s, segment, O_RDWR | O_CREAT | O_TRUNC);
    if (segment->fd < 0 || !segment_write(segment, &bytes)) {
        int reason = errno;
        if (segment->fd >= 0)
            unlinkat(s->folder, segment->name, 0);
        segment_free(segment);
        errno = reason;
        return false;
    }
    *(s->last ? &s->last->next : &s->first) = segment;
    s->last = segment;
    s->bytes += segment->length;
    s->folder_changed = true;
    return true;
}

bool spool_append(struct spool *s, const struct chain_end *before, const struct text *lines,
                  int64_t segment_max)
{
    struct spool_segment *last = s->last;
    if (!last || last->length + (int64_t)lines->length > segment_max) {
        if (last && last->torn && ftruncate(last->fd, last->length))
            return false; /* only the newest one may end in the middle of a line */
        return begin_segment(s, before, lines);
    }
    if (last->fd < 0 && (last->fd = segment_open(s, last, O_RDWR)) < 0)
        return false;
    if (!segment_write(last, lines))
        return false;
    s->bytes += (int64_t)lines->length;
    return true;
}

struct spool_segment *spool_take_first(struct spool *s)
{
    struct spool_segment *segment = s->first;
    s->first = segment->next;
    s->bytes -= segment->length;
    return segment;
}

void spool_delete(const struct spool *s, struct spool_segment *segment)
{
    if (unlinkat(s->folder, segment->name, 0) && errno != ENOENT)
        log_warning("the audit cannot remove what is shipped", KV("folder", s->path),
                    KV("file", (const char *)segment->name),
                    KV("reason", (const char *)strerror(errno)));
    segment_free(segment);
}
