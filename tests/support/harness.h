/* harness.h -- tests that register themselves: TEST(a_sentence) { CHECK(…); }. One program a file;
 * `program --only word` runs those whose name holds the word. Prints "N passed, N failed". */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
    const char *name;
    void (*run)(void);
    struct test *next;
};
extern struct test *tests_registered;
extern const char *test_running;
extern int test_failures; /* of the running test */

#define TEST(sentence)                                                 \
    static void sentence(void);                                        \
    static struct test sentence##_row = {#sentence, sentence, NULL};   \
    __attribute__((constructor)) static void sentence##_register(void) \
    {                                                                  \
        sentence##_row.next = tests_registered;                        \
        tests_registered = &sentence##_row;                            \
    }                                                                  \
    static void sentence(void)

#define CHECK(condition)                                           \
    do {                                                           \
        if (!(condition))                                          \
            test_fail(__FILE__, __LINE__, #condition, NULL, NULL); \
    } while (0)
#define CHECK_TEXT(actual, expected) test_text(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_INT(actual, expected)  test_int(__FILE__, __LINE__, #actual, (actual), (expected))
/* Both are problems or NULL. */
#define CHECK_PROBLEM(actual, expected) \
    test_problem(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_OK(call) CHECK_PROBLEM((call), NULL)

struct problem;
void test_fail(const char *file, int line, const char *what, const char *actual,
               const char *expected);
void test_text(const char *file, int line, const char *what, const char *actual,
               const char *expected);
void test_int(const char *file, int line, const char *what, long long actual, long long expected);
void test_problem(const char *file, int line, const char *what, const struct problem *actual,
                  const struct problem *expected);
