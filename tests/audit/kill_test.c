/* kill_test.c -- the process is ended between any two steps from a record to MongoDB: afterwards
 * every record that it told of is there, once, in order. The test starts itself as that process. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/failpoint.h"
#include "tests/audit/audit_fixture.h"
#include "tests/support/harness.h"

enum { BOUND = 64 * 1024, ENDED = 137 };

/* Documents that the process handed over lie in this file, as a MongoDB would hold them. */
static fallible insert_into_file(void *file, const char *collection, const char *const *documents,
                                 int count)
{
    for (int i = 0; i < count; i++) {
        scoped_text line = {0};
        text_printf(&line, "%s %s\n", collection, documents[i]);
        if (write(*(int *)file, text_value(&line), line.length) != (ssize_t)line.length)
            abort();
    }
    return NULL;
}

static void ship_to_file(struct book *b, int *file)
{
    struct book_page page = {.count = 0};
    CHECK(book_sync(b));
    while (book_read_page(b, &page)) {
        CHECK_OK(insert_into_file(file, "audit_requests", page.documents, page.count));
        FAILPOINT(AUDIT_AFTER_INSERT);
        if (page.seal)
            CHECK_OK(insert_into_file(file, "audit_seals", &page.seal, 1));
        book_page_shipped(b, &page);
    }
    arena_release(&page.arena);
}

/* Does nothing unless the other test has started it. After each write it tells how far it is. */
TEST(writes_until_it_is_ended)
{
    const char *folder = getenv("AUDIT_TEST_FOLDER"), *told = getenv("AUDIT_TEST_TOLD");
    if (!folder || !told)
        return;
    struct seal_key key;
    char path[FOLDER_PATH + 8];
    snprintf(path, sizeof(path), "%s/mongo", folder);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600),
        telling = open(told, O_RDWR | O_CREAT, 0600);
    int64_t n = 0;
    CHECK(pread(telling, &n, sizeof(n), 0) >= 0);
    key_of_tests(&key);
    struct book *b = open_book(folder, BOUND);
    struct book_figures f;
    book_figures(b, &f);
    CHECK(f.end.n >= n);
    for (int i = 0; i < 2000; i++) {
        int64_t next = f.end.n + 1 + i;
        write_numbered(b, next, next);
        if (pwrite(telling, &next, sizeof(next), 0) != sizeof(next))
            abort();
        if (i % 10 == 9) {
            book_seal(b, &key, true);
            ship_to_file(b, &file);
        }
    }
    book_close(b);
}

/* In a child: the test that writes, silent, which only a signal or a failpoint ends. */
static void become_writer(const char *folder, const char *told)
{
    setenv("AUDIT_TEST_FOLDER", folder, 1);
    setenv("AUDIT_TEST_TOLD", told, 1);
    int quiet = open("/dev/null", O_WRONLY);
    dup2(quiet, 1);
    dup2(quiet, 2);
    execl("/proc/self/exe", "kill_test", "--only", "writes_until_it_is_ended", NULL);
    _exit(1);
}

static int run_until_ended(const char *folder, const char *told, const char *point, int times)
{
    char value[64];
    int status = 0;
    pid_t child = fork();
    if (!child) {
        snprintf(value, sizeof(value), "%s:exit@%d", point, times);
        setenv("ES_FAILPOINT", value, 1);
        become_writer(folder, told);
    }
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void read_mongo(const char *path, struct fake_mongo *out)
{
    char *line = NULL;
    size_t size = 0;
    FILE *f = fopen(path, "r");
    for (ssize_t n; f && (n = getline(&line, &size, f)) > 0;) {
        char *document = strchr(line, ' ');
        line[n - 1] = *document++ = '\0';
        CHECK_OK(fake_insert(out, line, (const char *const[]){document}, 1));
    }
    free(line);
    if (f)
        fclose(f);
}

static int64_t told_in(const char *path)
{
    int64_t n = 0;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || pread(fd, &n, sizeof(n), 0) != sizeof(n))
        n = 0;
    if (fd >= 0)
        close(fd);
    return n;
}

/* The process has begun to write, however busy the machine is. */
static void wait_until_told_more(const char *path)
{
    int64_t before = told_in(path);
    for (int i = 0; i < 30000 && told_in(path) == before; i++)
        usleep(1000);
}

static void ended_at(const char *point)
{
    static struct fake_mongo mongo;
    char folder[FOLDER_PATH], told[FOLDER_PATH + 8], path[FOLDER_PATH + 8];
    int64_t n = 0;
    folder_make(folder);
    snprintf(told, sizeof(told), "%s/told", folder);
    snprintf(path, sizeof(path), "%s/mongo", folder);
    for (int round = 1; round <= 4; round++)
        CHECK_INT(run_until_ended(folder, told, point, 3 * round), ENDED);
    n = told_in(told);
    CHECK(n > 0);
    read_mongo(path, &mongo);
    struct book *b = open_book(folder, BOUND);
    struct book_figures f;
    CHECK_OK(ship_all(b, &mongo));
    book_figures(b, &f);
    book_close(b);
    if (f.end.n != n && f.end.n != n + 1) /* the last one was written and not told of */
        test_fail(__FILE__, __LINE__, point, "records were lost or doubled", NULL);
    check_chain(&mongo, "audit_requests", f.end.n);
    fake_release(&mongo);
    folder_remove(folder);
}

TEST(no_step_loses_or_doubles_a_record)
{
    static const char *const points[] = {
        "audit.before_write", "audit.after_write",   "audit.after_seal",   "audit.after_sync",
        "audit.after_insert", "audit.after_shipped", "audit.before_delete"};
    if (getenv("AUDIT_TEST_FOLDER"))
        return;
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
        ended_at(points[i]);
}

/* At moments that nobody chose. */
TEST(a_kill_at_any_moment_loses_nothing_that_was_told)
{
    static struct fake_mongo mongo;
    char folder[FOLDER_PATH], told[FOLDER_PATH + 8], path[FOLDER_PATH + 8];
    int64_t n = 0;
    if (getenv("AUDIT_TEST_FOLDER"))
        return;
    folder_make(folder);
    snprintf(told, sizeof(told), "%s/told", folder);
    for (int round = 0; round < 12; round++) {
        pid_t child = fork();
        if (!child)
            become_writer(folder, told);
        wait_until_told_more(told);
        usleep((useconds_t)(7919 * round));
        kill(child, SIGKILL);
        CHECK(waitpid(child, NULL, 0) == child);
    }
    n = told_in(told);
    CHECK(n > 0);
    snprintf(path, sizeof(path), "%s/mongo", folder);
    read_mongo(path, &mongo);
    struct book *b = open_book(folder, BOUND);
    struct book_figures f;
    CHECK_OK(ship_all(b, &mongo));
    book_figures(b, &f);
    CHECK(f.end.n == n || f.end.n == n + 1);
    check_chain(&mongo, "audit_requests", f.end.n);
    book_close(b);
    fake_release(&mongo);
    folder_remove(folder);
}
