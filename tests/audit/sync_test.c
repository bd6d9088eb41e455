/* sync_test.c -- after a failed fdatasync the kernel takes the pages for clean: what was not synced
 * is written once more before the next one is believed. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/audit/audit_fixture.h"
#include "tests/support/harness.h"

/* Instead of libc's: the disk fails as often as `failing` says, and where pages were made dirty
 * since the last fdatasync is kept. */
static int failing;
static int64_t dirty_from, dirty_to;

int fdatasync(int fd)
{
    if (failing && failing--) {
        dirty_from = dirty_to = 0;
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    dirty_from = dirty_to && dirty_from < at ? dirty_from : at;
    dirty_to = at + (int64_t)length > dirty_to ? at + (int64_t)length : dirty_to;
    return (ssize_t)syscall(SYS_pwrite64, fd, bytes, length, at);
}

static struct fake_mongo mongo;

TEST(what_a_failed_sync_has_lost_is_written_once_more)
{
    char folder[FOLDER_PATH];
    struct book_figures f;
    folder_make(folder);
    struct book *b = open_book(folder, MUCH);
    write_numbered(b, 1, 200);
    CHECK(book_sync(b));
    book_figures(b, &f);
    int64_t synced = f.bytes;
    write_numbered(b, 201, 400);
    book_figures(b, &f);
    for (failing = 2; failing;)
        CHECK(!book_sync(b));
    CHECK(book_sync(b));
    CHECK_INT(dirty_from, synced);
    CHECK_INT(dirty_to, f.bytes);
    dirty_from = dirty_to = 0;
    CHECK(book_sync(b));
    CHECK_INT(dirty_to, 0); /* once is enough */
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(check_chain(&mongo, "audit_requests", 400), 400);
    book_close(b);
    fake_release(&mongo);
    folder_remove(folder);
}

/* Nobody knows what a process before this one was told. */
TEST(what_an_earlier_process_has_left_is_written_once_more)
{
    char folder[FOLDER_PATH];
    struct book_figures f;
    folder_make(folder);
    struct book *b = open_book(folder, MUCH);
    write_numbered(b, 1, 200);
    book_close(b);
    b = open_book(folder, MUCH);
    dirty_from = dirty_to = 0;
    CHECK(book_sync(b));
    book_figures(b, &f);
    CHECK_INT(dirty_from, 0);
    CHECK_INT(dirty_to, f.bytes);
    book_close(b);
    folder_remove(folder);
}
