/* room_test.c -- where there is no room, or no disk, for records: the oldest stay, nothing fails,
 * and what was dropped is counted. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/audit/audit_fixture.h"
#include "tests/support/harness.h"

static struct fake_mongo mongo; /* of the running test */

/* The only gap: how many it stands for, 0 if there is none, -1 if there are two. */
static int64_t gap_of(const struct fake_mongo *f, int64_t *n)
{
    scoped_arena a = {0};
    int64_t count = 0;
    for (int i = 0; i < f->count; i++) {
        struct stored_record r;
        if (record_read(f->at[i].document, &a, &r) && text_equal(r.record.kind, "gap")) {
            CHECK(r.record.at > 0 && r.record.duration_us >= 0 &&
                  text_equal(r.record.service, "test"));
            count = count ? -1 : r.record.count;
            *n = r.n;
        }
    }
    return count;
}

/* Writes until nothing more fits, then `more` that do not; returns the last one that did. */
static int64_t fill(struct book *b, int64_t more)
{
    struct book_figures f = {.dropped = 0};
    int64_t n = head_of(b);
    while (!f.dropping) {
        write_numbered(b, n + 1, n + 1);
        book_figures(b, &f);
        n++;
    }
    for (int64_t i = 1; i < more; i++)
        write_numbered(b, 1, 1);
    book_figures(b, &f);
    CHECK_INT(f.dropped, more);
    CHECK(f.bytes <= LITTLE);
    return n - 1;
}

TEST(when_it_is_full_the_oldest_stay_and_one_gap_counts_the_others)
{
    char folder[FOLDER_PATH];
    int64_t gap = 0;
    folder_make(folder);
    struct book *b = open_book(folder, LITTLE);
    int64_t last = fill(b, 37);
    CHECK_INT(head_of(b), last);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(gap_of(&mongo, &gap), 0);
    book_write(b, "", 0); /* as the audit thread does where no request comes */
    write_numbered(b, last + 1, last + 5);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(gap_of(&mongo, &gap), 37);
    CHECK_INT(gap, last + 1);
    CHECK_INT(check_chain(&mongo, "audit_requests", last + 6), last + 5);
    book_close(b);
    fake_release(&mongo);
    folder_remove(folder);
}

TEST(a_gap_outlives_the_process_that_had_no_room)
{
    char folder[FOLDER_PATH];
    int64_t gap = 0;
    folder_make(folder);
    struct book *b = open_book(folder, LITTLE);
    int64_t last = fill(b, 12);
    for (int i = 0; i < 2; i++) { /* and is recorded once */
        book_close(b);
        b = open_book(folder, LITTLE);
        CHECK_OK(ship_all(b, &mongo));
        book_write(b, "", 0);
    }
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(gap_of(&mongo, &gap), 12);
    CHECK_INT(check_chain(&mongo, "audit_requests", last + 1), last);
    book_close(b);
    fake_release(&mongo);
    folder_remove(folder);
}

TEST(a_write_that_fails_in_the_middle_leaves_no_half_record)
{
    char folder[FOLDER_PATH];
    struct rlimit old, small;
    int64_t gap = 0;
    folder_make(folder);
    signal(SIGXFSZ, SIG_IGN);
    struct book *b = open_book(folder, MUCH);
    write_numbered(b, 1, 5);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 1000; /* the disk takes a part of the next one */
    setrlimit(RLIMIT_FSIZE, &small);
    write_numbered(b, 6, 20);
    setrlimit(RLIMIT_FSIZE, &old);
    int64_t last = head_of(b);
    CHECK(last >= 5 && last < 10);
    write_numbered(b, last + 1, last + 3);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(gap_of(&mongo, &gap), 20 - last);
    CHECK_INT(gap, last + 1);
    CHECK_INT(check_chain(&mongo, "audit_requests", last + 4), last + 3);
    book_close(b);
    b = open_book(folder, MUCH);
    CHECK_INT(head_of(b), last + 4);
    book_close(b);
    fake_release(&mongo);
    folder_remove(folder);
}

/* In a process of its own, as a user who may read there and not write. */
static int in_a_folder_that_cannot_be_written(const char *folder)
{
    struct book_figures f;
    char path[FOLDER_PATH + 8];
    snprintf(path, sizeof(path), "%s/b", folder);
    struct book_settings s = {path, "test", "test.requests", MUCH};
    struct book *b;
    if (seteuid(65534))
        return 2;
    if (book_open(&s, &b))
        return 3;
    write_numbered(b, 6, 9);
    book_figures(b, &f);
    book_close(b);
    return f.end.n == 5 && f.dropped == 4 ? 0 : 4;
}

TEST(in_a_folder_that_cannot_be_written_records_are_dropped_and_nothing_fails)
{
    char folder[FOLDER_PATH], path[FOLDER_PATH + 32];
    folder_make(folder);
    struct book *b = open_book(folder, MUCH);
    write_numbered(b, 1, 5);
    book_close(b);
    static const char *const files[] = {"b/000000000001.log", "b/writer", "b/dropped"};
    CHECK(!chmod(folder, 0755));
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        CHECK(!chmod(path, 0444));
    }
    snprintf(path, sizeof(path), "%s/b", folder);
    CHECK(!chmod(path, 0555));
    if (geteuid() == 0) { /* root may write everywhere */
        int status = 0;
        pid_t child = fork();
        if (!child)
            _exit(in_a_folder_that_cannot_be_written(folder));
        CHECK(waitpid(child, &status, 0) == child);
        CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
    } else {
        CHECK_INT(in_a_folder_that_cannot_be_written(folder), 0);
    }
    chmod(path, 0700);
    folder_remove(folder);
}
