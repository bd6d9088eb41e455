/* base_test.c -- numbers, ids and memory as everything above writes, makes and uses them again. */
#include "tests/support/harness.h"

#include <inttypes.h>

#include "base/text.h"
#include "base/time.h"

TEST(an_integer_is_written_as_printf_writes_it)
{
    static const int64_t numbers[] = {0,  1,  9,  10,  -1,           -10,       99,
                                      42, -7, 50, 999, 1234567890LL, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        char ours[INT_TEXT], theirs[INT_TEXT];
        scoped_text t = {0};
        snprintf(theirs, sizeof(theirs), "%" PRId64, numbers[i]);
        CHECK_TEXT(int_text(numbers[i], ours), theirs);
        text_append_int(&t, numbers[i]);
        CHECK_TEXT(text_value(&t), theirs);
    }
}

/* Version 7, variant 10, the time in front, rising, none twice. */
TEST(ids_have_their_form_and_rise)
{
    char before[UUID_TEXT] = "", id[UUID_TEXT];
    for (int i = 0; i < 10000; i++) {
        int64_t now = time_now() / 1000;
        uuid_new(id);
        CHECK(uuid_is_valid(id) && id[14] == '7' && strchr("89ab", id[19]));
        char ms[13] = {0};
        memcpy(ms, id, 8);
        memcpy(ms + 8, id + 9, 4);
        int64_t made = strtoll(ms, NULL, 16);
        CHECK(made >= now - 1 && made <= now + 1000);
        CHECK(strcmp(before, id) < 0);
        memcpy(before, id, sizeof(id));
    }
}

TEST(an_arena_that_is_reset_is_empty_and_zeroed_and_keeps_one_block)
{
    scoped_arena a = {0};
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++) {
            unsigned char *p = arena_alloc(&a, 100);
            for (int k = 0; k < 100; k++)
                CHECK_INT(p[k], 0);
            memset(p, 0xaa, 100);
        }
        size_t before = arena_size(&a);
        arena_reset(&a);
        CHECK(arena_size(&a) > 0 && arena_size(&a) <= before);
        CHECK(round < 2 || arena_size(&a) == before);
    }
    arena_release(&a);
    arena_reset(&a);
    CHECK_INT((long long)arena_size(&a), 0);
}
