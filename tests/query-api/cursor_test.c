/* cursor_test.c -- cursors are read back as written, and only by the list they belong to. */
#include "query-api/cursor.h"
#include "tests/support/harness.h"

TEST(keys_are_read_back)
{
    char cursor[CURSOR_TEXT];
    int64_t keys[2];
    cursor_write(77, (int64_t[]){INT64_MAX, 12}, 2, cursor);
    CHECK_OK(cursor_read(cursor, 77, keys, 2));
    CHECK(keys[0] == INT64_MAX);
    CHECK_INT(keys[1], 12);
}

TEST(another_list_refuses_the_cursor)
{
    char cursor[CURSOR_TEXT];
    int64_t key;
    cursor_write(77, (int64_t[]){12}, 1, cursor);
    CHECK_PROBLEM(cursor_read(cursor, 78, &key, 1), BAD_CURSOR);
    CHECK_PROBLEM(cursor_read(cursor, 77, (int64_t[2]){0}, 2), BAD_CURSOR);
}

TEST(garbage_is_refused)
{
    static const char *const garbage[] = {"",
                                          "x",
                                          "null",
                                          "00000000000000",
                                          "000000000000004d 00000000000000c",
                                          "000000000000004D000000000000000c",
                                          "000000000000004dffffffffffffffff",
                                          "000000000000004d000000000000000c0",
                                          "000000000000004d00000000000000\xc3\xa9"};
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        int64_t key = 5;
        CHECK_PROBLEM(cursor_read(garbage[i], 77, &key, 1), BAD_CURSOR);
        CHECK_INT(key, 5);
    }
}
