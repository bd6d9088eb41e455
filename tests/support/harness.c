/* harness.c -- main of every test program. */
#include "tests/support/harness.h"

#include <unistd.h>

#include "base/problem.h"
#include "base/text.h"

struct test *tests_registered;
const char *test_running;
int test_failures;

void test_fail(const char *file, int line, const char *what, const char *actual,
               const char *expected)
{
    test_failures++;
    printf("%s:%d: %s: %s\n", file, line, test_running, what);
    if (actual || expected)
        printf("    is       %s\n    expected %s\n", actual ? actual : "NULL",
               expected ? expected : "NULL");
}

void test_text(const char *file, int line, const char *what, const char *actual,
               const char *expected)
{
    if (!text_equal(actual, expected))
        test_fail(file, line, what, actual, expected);
}

void test_int(const char *file, int line, const char *what, long long actual, long long expected)
{
    char a[32], e[32];
    snprintf(a, sizeof(a), "%lld", actual);
    snprintf(e, sizeof(e), "%lld", expected);
    if (actual != expected)
        test_fail(file, line, what, a, e);
}

void test_problem(const char *file, int line, const char *what, const struct problem *actual,
                  const struct problem *expected)
{
    if (actual != expected)
        test_fail(file, line, what, actual ? actual->name : "no problem",
                  expected ? expected->name : "no problem");
}

int main(int argc, char **argv)
{
    const char *only = argc == 3 && text_equal(argv[1], "--only") ? argv[2] : "";
    int passed = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(argc == 3 ? 0 : 300); /* a test that hangs must not hang the run */
    struct test *in_order = NULL;
    for (struct test *t = tests_registered, *next; t; t = next) { /* registered last comes first */
        next = t->next;
        t->next = in_order;
        in_order = t;
    }
    for (struct test *t = in_order; t; t = t->next) {
        if (!strstr(t->name, only))
            continue;
        test_running = t->name;
        test_failures = 0;
        t->run();
        test_failures ? failed++ : passed++;
        if (test_failures)
            printf("FAILED %s\n", t->name);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed;
}
