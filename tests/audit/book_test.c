/* book_test.c -- a chain in its spool: continued by the next process, synced before it is shipped,
 * sealed, bounded, and deleted only when it is in MongoDB. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/audit/audit_fixture.h"
#include "tests/support/harness.h"

static struct fake_mongo mongo; /* of the running test */

TEST(the_next_process_continues_the_chain)
{
    char folder[FOLDER_PATH];
    folder_make(folder);
    for (int64_t n = 0; n < 50; n += 10) {
        struct book *b = open_book(folder, MUCH);
        CHECK_INT(head_of(b), n);
        write_numbered(b, n + 1, n + 10);
        if (n == 20)
            CHECK_OK(ship_all(b, &mongo));
        book_close(b);
    }
    struct book *b = open_book(folder, MUCH);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(check_chain(&mongo, "audit_requests", 50), 50);
    CHECK_INT(mongo.inserted, 50);
    book_close(b);
    fake_release(&mongo);
    folder_remove(folder);
}

TEST(only_what_is_synced_is_shipped)
{
    char folder[FOLDER_PATH];
    struct book_page page = {.count = 0};
    folder_make(folder);
    struct book *b = open_book(folder, MUCH);
    write_numbered(b, 1, 3);
    CHECK(!book_read_page(b, &page));
    CHECK(book_sync(b));
    write_numbered(b, 4, 5);
    CHECK(book_read_page(b, &page));
    CHECK_INT(page.count, 3);
    book_page_shipped(b, &page);
    CHECK(!book_read_page(b, &page));
    book_close(b);
    b = open_book(folder, MUCH); /* after kill -9 what was written may not be on disk either */
    CHECK(!book_read_page(b, &page));
    arena_release(&page.arena);
    book_close(b);
    folder_remove(folder);
}

TEST(shipping_again_is_harmless)
{
    char folder[FOLDER_PATH], path[2 * FOLDER_PATH];
    folder_make(folder);
    struct book *b = open_book(folder, MUCH);
    write_numbered(b, 1, 700);
    mongo.loses_answers = true; /* it has the first page, and nobody knows */
    CHECK(ship_all(b, &mongo) != NULL);
    mongo.loses_answers = false;
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(check_chain(&mongo, "audit_requests", 700), 700);
    CHECK_INT(mongo.inserted, 1200);
    book_close(b);
    snprintf(path, sizeof(path), "%s/b/shipped", folder);
    CHECK(!unlink(path)); /* not on disk when the power went */
    b = open_book(folder, MUCH);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(mongo.inserted, 1900);
    CHECK_INT(check_chain(&mongo, "audit_requests", 700), 700);
    book_close(b);
    fake_release(&mongo);
    folder_remove(folder);
}

TEST(a_segment_goes_when_it_is_shipped_and_never_the_newest)
{
    char folder[FOLDER_PATH], spool[FOLDER_PATH + 8];
    folder_make(folder);
    snprintf(spool, sizeof(spool), "%s/b", folder);
    struct book *b = open_book(folder, LITTLE); /* segments of 16 KiB */
    write_numbered(b, 1, 300);
    int segments = folder_count(spool, ".log");
    CHECK(segments >= 3);
    mongo.away = true;
    CHECK(ship_all(b, &mongo) != NULL);
    CHECK_INT(folder_count(spool, ".log"), segments);
    mongo.away = false;
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(folder_count(spool, ".log"), 1);
    book_close(b);
    b = open_book(folder, LITTLE);
    CHECK_INT(head_of(b), 300);
    write_numbered(b, 301, 310);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(check_chain(&mongo, "audit_requests", 310), 310);
    CHECK_INT(mongo.inserted, 310);
    book_close(b);
    fake_release(&mongo);
    folder_remove(folder);
}

TEST(of_two_processes_the_second_is_refused)
{
    char folder[FOLDER_PATH], path[FOLDER_PATH + 8];
    struct book *b, *other = NULL;
    folder_make(folder);
    b = open_book(folder, MUCH);
    snprintf(path, sizeof(path), "%s/b", folder);
    struct book_settings s = {path, "test", "test.requests", MUCH};
    CHECK_PROBLEM(book_open(&s, &other), NOT_STARTED);
    snprintf(path, sizeof(path), "%s/no/b", folder);
    CHECK_PROBLEM(book_open(&s, &other), NOT_STARTED);
    book_close(b);
    b = open_book(folder, MUCH);
    book_close(b);
    folder_remove(folder);
}

/* ---- a loss of power ---- */

/* A copy of the folder whose segment ends there; the chain must go on behind the last whole record.
 */
static void cut_at(const char *folder, const char *cut, off_t length, int64_t whole)
{
    char from[FOLDER_PATH + 8], to[FOLDER_PATH + 8], path[FOLDER_PATH + 32];
    snprintf(from, sizeof(from), "%s/b", folder);
    snprintf(to, sizeof(to), "%s/b", cut);
    folder_copy(from, to);
    snprintf(path, sizeof(path), "%s/000000000001.log", to);
    CHECK(!truncate(path, length));
    struct book *b = open_book(cut, MUCH);
    CHECK_INT(head_of(b), whole);
    write_numbered(b, whole + 1, 10);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(check_chain(&mongo, "audit_requests", 10), 10);
    book_close(b);
    fake_release(&mongo);
    folder_remove(to);
}

TEST(a_tail_cut_at_any_byte_ends_behind_the_last_whole_record)
{
    char folder[FOLDER_PATH], cut[FOLDER_PATH], path[FOLDER_PATH + 32];
    struct stat st[4];
    folder_make(folder);
    folder_make(cut);
    snprintf(path, sizeof(path), "%s/b/000000000001.log", folder);
    struct book *b = open_book(folder, MUCH);
    write_numbered(b, 1, 5);
    for (int64_t n = 0; n < 4; n++) {
        if (n)
            write_numbered(b, 5 + n, 5 + n);
        CHECK(!stat(path, &st[n]));
    }
    book_close(b);
    for (off_t length = st[0].st_size; length <= st[3].st_size; length++)
        cut_at(folder, cut, length,
               5 + (length >= st[1].st_size) + (length >= st[2].st_size) +
                   (length >= st[3].st_size));
    for (off_t length = 0; length < 150;
         length += 7) /* in the first line, or in the first record */
        cut_at(folder, cut, length, 0);
    folder_remove(cut);
    folder_remove(folder);
}

TEST(a_byte_that_was_changed_on_disk_ends_the_chain_there_and_is_set_aside)
{
    char folder[FOLDER_PATH], path[FOLDER_PATH + 32];
    struct stat st;
    folder_make(folder);
    struct book *b = open_book(folder, LITTLE);
    write_numbered(b, 1, 300);
    book_close(b);
    snprintf(path, sizeof(path), "%s/b/000000000001.log", folder);
    int fd = open(path, O_WRONLY);
    CHECK(pwrite(fd, "X", 1, 1000) == 1);
    close(fd);
    snprintf(path, sizeof(path), "%s/b", folder);
    b = open_book(folder, LITTLE);
    CHECK(head_of(b) > 2 && head_of(b) < 10);
    CHECK(folder_count(path, ".broken") >= 2);
    snprintf(path, sizeof(path), "%s/b/000000000001.log", folder);
    CHECK(!stat(path, &st) && st.st_size < 1100); /* what follows there is gone */
    book_close(b);
    folder_remove(folder);
}

TEST(a_chain_whose_shipped_end_is_gone_is_left_and_another_begins)
{
    char folder[FOLDER_PATH], path[FOLDER_PATH + 32];
    struct book_figures before, after;
    folder_make(folder);
    struct book *b = open_book(folder, MUCH);
    write_numbered(b, 1, 9);
    CHECK_OK(ship_all(b, &mongo));
    book_figures(b, &before);
    book_close(b);
    snprintf(path, sizeof(path), "%s/b/000000000001.log", folder);
    CHECK(!truncate(path, 500));
    b = open_book(folder, MUCH);
    book_figures(b, &after);
    CHECK(!text_equal(before.end.writer, after.end.writer));
    CHECK_INT(after.end.n, 0);
    fake_release(&mongo);
    write_numbered(b, 1, 3);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(check_chain(&mongo, "audit_requests", 3), 3);
    book_close(b);
    fake_release(&mongo);
    folder_remove(folder);
}

/* ---- seals ---- */

static int64_t seals_of(const struct fake_mongo *f, struct seal *last)
{
    int64_t count = 0;
    for (int i = 0; i < f->count; i++)
        count +=
            text_equal(f->at[i].collection, "audit_seals") && seal_read(f->at[i].document, last);
    return count;
}

TEST(a_seal_follows_its_record_and_is_made_when_it_is_due)
{
    char folder[FOLDER_PATH];
    struct seal_key key;
    struct seal seal;
    struct book_figures f;
    folder_make(folder);
    key_of_tests(&key);
    struct book *b = open_book(folder, MUCH);
    book_seal(b, &key, true); /* nothing to seal */
    write_numbered(b, 1, SEAL_RECORDS - 1);
    book_seal(b, &key, false);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(seals_of(&mongo, &seal), 0);
    write_numbered(b, SEAL_RECORDS, SEAL_RECORDS);
    book_seal(b, &key, false);
    book_seal(b, &key, true); /* it is sealed */
    book_figures(b, &f);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(seals_of(&mongo, &seal), 1);
    CHECK_INT(mongo.inserted, SEAL_RECORDS + 1);
    CHECK_INT(seal.end.n, SEAL_RECORDS);
    CHECK(memcmp(seal.end.hash, f.end.hash, CHAIN_HASH) == 0);
    CHECK(seal_is_signed_by(&seal, key.public_key));
    write_numbered(b, SEAL_RECORDS + 1, SEAL_RECORDS + 1);
    book_close(b);
    b = open_book(folder, MUCH);
    book_seal(b, &key, true);
    CHECK_OK(ship_all(b, &mongo));
    CHECK_INT(seals_of(&mongo, &seal), 2);
    CHECK_INT(seal.end.n, SEAL_RECORDS + 1);
    CHECK_INT(check_chain(&mongo, "audit_requests", SEAL_RECORDS + 1), SEAL_RECORDS + 1);
    book_close(b);
    fake_release(&mongo);
    folder_remove(folder);
}
