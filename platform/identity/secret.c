/* secret.c -- secrets are files that nobody but their reader can open. What is checked is the file
 * that was opened, so that it cannot be exchanged in between. */
#include "platform/process/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/banned.h"

enum { TEXT_MAX = 4096 };

static inline void close_file(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define scoped_fd __attribute__((cleanup(close_file))) int

static const struct problem *refuse_file(const char *path, const char *reason)
{
    log_error("a secret cannot be used", KV("path", path), KV("reason", reason));
    return NOT_STARTED;
}

static fallible open_secret(const char *path, int *fd, size_t *size)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return refuse_file(path, errno == ELOOP ? "it is a link" : strerror(errno));
    if (fstat(*fd, &st) || !S_ISREG(st.st_mode))
        return refuse_file(path, "it is not a file");
    if (st.st_mode & 077)
        return refuse_file(path, "group or others may use it: it needs mode 0600 or 0400");
    *size = (size_t)st.st_size;
    return NULL;
}

static fallible read_whole(const char *path, int fd, void *out, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, (char *)out + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return refuse_file(path, n ? strerror(errno) : "it became shorter");
        done += (size_t)n;
    }
    return NULL;
}

fallible secret_read(const char *path, void *out, size_t size)
{
    scoped_fd fd = -1;
    size_t found;
    TRY(open_secret(path, &fd, &found));
    if (found != size) {
        log_error("a secret cannot be used", KV("path", path),
                  KV("reason", "it has the wrong size"), KV("bytes", found), KV("expected", size));
        return NOT_STARTED;
    }
    return read_whole(path, fd, out, size);
}

fallible secret_check(const char *path)
{
    scoped_fd fd = -1;
    size_t size;
    return open_secret(path, &fd, &size);
}

fallible secret_read_text(const char *path, char **out)
{
    scoped_fd fd = -1;
    size_t size;
    TRY(open_secret(path, &fd, &size));
    if (!size || size > TEXT_MAX)
        return refuse_file(path, "it is empty or larger than 4096 bytes");
    char *text = must_alloc(1, size + 1);
    const struct problem *p = read_whole(path, fd, text, size);
    text[strcspn(text, "\r\n")] = '\0';
    if (!p && (!*text || strlen(text) + 2 < size))
        p = refuse_file(path, "it is not one line of text");
    if (p) {
        free(text);
        return p;
    }
    *out = text;
    return NULL;
}
