/* ship_test.c -- the turns of the audit thread: each book comes to MongoDB, whatever becomes of the
 * other one, and what stands no longer in a spool as it was written ends nothing. */
#include <fcntl.h>
#include <unistd.h>

#include "audit/ship.h"
#include "tests/audit/audit_fixture.h"
#include "tests/support/harness.h"

enum { EACH = 7 };

static struct fake_mongo mongo; /* of the running test */
static const char *refused;     /* a collection */

static fallible insert_or_refuse(void *to, const char *collection, const char *const *documents,
                                 int count)
{
    return text_equal(collection, refused) ? MONGO_REFUSED
                                           : fake_insert(to, collection, documents, count);
}

static void no_tick(void *arg)
{
    (void)arg;
}

struct shipping {
    char folders[AUDIT_BOOKS][FOLDER_PATH];
    struct book *books[AUDIT_BOOKS];
    struct seal_key key;
    struct shipper *shipper;
};

static void begin(struct shipping *s)
{
    const struct audit_target target = {&mongo, insert_or_refuse};
    for (int i = 0; i < AUDIT_BOOKS; i++) {
        folder_make(s->folders[i]);
        s->books[i] = open_book(s->folders[i], MUCH);
        write_numbered(s->books[i], 1, EACH);
    }
    key_of_tests(&s->key);
    s->shipper = shipper_new(s->books, &s->key, &target, no_tick, NULL);
}

static void end(struct shipping *s)
{
    shipper_free(s->shipper);
    for (int i = 0; i < AUDIT_BOOKS; i++) {
        book_close(s->books[i]);
        folder_remove(s->folders[i]);
    }
    fake_release(&mongo);
    refused = NULL;
}

static int64_t shipped(struct book *b)
{
    struct book_figures f;
    book_figures(b, &f);
    return f.shipped;
}

TEST(a_book_that_is_refused_does_not_hold_up_the_other)
{
    struct shipping s;
    bool more;
    for (int i = 0; i < AUDIT_BOOKS; i++) {
        refused = audit_collection((enum audit_book)i);
        begin(&s);
        CHECK_PROBLEM(shipper_turn(s.shipper, false, &more), MONGO_REFUSED);
        CHECK(!more);
        for (int k = 0; k < AUDIT_BOOKS; k++)
            CHECK_INT(shipped(s.books[k]), k == i ? 0 : EACH);
        refused = NULL;
        CHECK_OK(shipper_turn(s.shipper, false, &more));
        CHECK_INT(shipped(s.books[i]), EACH);
        end(&s);
    }
}

TEST(while_mongodb_is_away_everything_waits)
{
    struct shipping s;
    bool more;
    mongo.away = true;
    begin(&s);
    CHECK_PROBLEM(shipper_turn(s.shipper, false, &more), DATABASE_UNAVAILABLE);
    for (int i = 0; i < AUDIT_BOOKS; i++)
        CHECK_INT(shipped(s.books[i]), 0);
    mongo.away = false;
    CHECK_OK(shipper_turn(s.shipper, false, &more));
    for (int i = 0; i < AUDIT_BOOKS; i++)
        CHECK_INT(shipped(s.books[i]), EACH);
    end(&s);
}

/* A disk does that, or somebody. */
static void damage(const struct shipping *s, int book, const char *bytes, long at)
{
    char path[FOLDER_PATH + 32];
    snprintf(path, sizeof(path), "%s/b/000000000001.log", s->folders[book]);
    int fd = open(path, O_WRONLY);
    CHECK(fd >= 0 && pwrite(fd, bytes, strlen(bytes), at) == (ssize_t)strlen(bytes));
    close(fd);
}

TEST(a_damaged_spool_ends_nothing_and_the_other_book_goes_on)
{
    static const char *const damages[] = {"r none of a number\n", "r 1 zz\n"};
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        struct shipping s;
        bool more;
        begin(&s);
        char path[FOLDER_PATH + 32], first[256] = "";
        snprintf(path, sizeof(path), "%s/b/000000000001.log", s.folders[0]);
        int fd = open(path, O_RDONLY);
        CHECK(fd >= 0 && read(fd, first, sizeof(first) - 1) > 0);
        close(fd);
        damage(&s, 0, damages[i], (long)(strchr(first, '\n') - first) + 1);
        CHECK_OK(shipper_turn(s.shipper, false, &more));
        CHECK(!more);
        CHECK_INT(shipped(s.books[0]), 0);
        CHECK_INT(shipped(s.books[1]), EACH);
        end(&s);
    }
}
