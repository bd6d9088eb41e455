/* base_test.c -- numbers, ids and memory as everything above writes, makes and uses them again. */
#include "tests/support/harness.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/log.h"
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

/* One byte among plain ones, at every place of a block that ends where the bytes end. */
static size_t run_of(size_t (*length_of)(const char *s, size_t bytes), int byte, size_t at)
{
    enum { LENGTH = 21 };
    char *s = must_alloc(LENGTH, 1);
    memset(s, 'a', LENGTH);
    s[at] = (char)byte;
    size_t length = length_of(s, LENGTH);
    free(s);
    return length == LENGTH ? SIZE_MAX : length;
}

TEST(runs_of_plain_bytes_end_at_the_first_other_one)
{
    for (int byte = 0; byte < 256; byte++)
        for (size_t at = 0; at < 21; at++) {
            bool ascii = byte >= ' ' && byte < 0x7f;
            bool plain = byte >= ' ' && byte != '"' && byte != '\\';
            CHECK(run_of(text_ascii, byte, at) == (ascii ? SIZE_MAX : at));
            CHECK(run_of(text_plain, byte, at) == (plain ? SIZE_MAX : at));
        }
}

TEST(a_text_in_json_is_escaped_where_it_must_be)
{
    scoped_text t = {0};
    text_append_json(&t, "eight plain bytes, then \"quotes\" and \\ and \x01\n and \xc3\xa9\x7f");
    CHECK_TEXT(text_value(&t),
               "\"eight plain bytes, then \\\"quotes\\\" and \\\\ and \\u0001\\u000a "
               "and \xc3\xa9\x7f\"");
    text_clear(&t);
    text_append_json(&t, "");
    text_append_json(&t, NULL);
    CHECK_TEXT(text_value(&t), "\"\"null");
}

/* Each in its own property of Unicode; and what has one beside it that shows something. */
TEST(a_text_of_characters_that_show_nothing_is_blank)
{
    static const char *const blank[] = {"",
                                        " ",
                                        "\t\n\v\f\r",
                                        "\x01\x1f\x7f",
                                        "\xc2\x85",
                                        "\u00a0",
                                        "\u00ad",
                                        "\u034f",
                                        "\u061c",
                                        "\u115f",
                                        "\u1160",
                                        "\u1680",
                                        "\u17b4",
                                        "\u180e",
                                        "\u2003",
                                        "\u200b",
                                        "\u200d",
                                        "\u2028",
                                        "\u202e",
                                        "\u2060",
                                        "\u2065",
                                        "\u2066",
                                        "\u2800",
                                        "\u3000",
                                        "\u3164",
                                        "\ufe0f",
                                        "\ufeff",
                                        "\uffa0",
                                        "\ufff0",
                                        "\ufffa",
                                        "\U00013441",
                                        "\U00016fe4",
                                        "\U0001bca0",
                                        "\U0001d159",
                                        "\U0001d173",
                                        "\U000e0001",
                                        "\U000e0020",
                                        "\U000e0fff",
                                        "\u3164\u200b \u2800\u3164"};
    static const char *const text[] = {
        ".",      "a\u3164",    "\u3164a",      "\u00a1", "\u0301",   "\u4f60",
        "\ufffd", "\U0001f6a7", "\u200b\u05d0", "\xff",   " \xe3\x85"};
    for (size_t i = 0; i < sizeof(blank) / sizeof(blank[0]); i++)
        if (!text_is_blank(blank[i]))
            test_fail(__FILE__, __LINE__, blank[i], "a text", "blank");
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
        if (text_is_blank(text[i]))
            test_fail(__FILE__, __LINE__, text[i], "blank", "a text");
}

TEST(what_steers_a_terminal_is_shown_escaped)
{
    scoped_text t = {0};
    text_append_visible(
        &t, "plain, \u00e9\u4f60, \x1b[2J\n\t\x7f \xc2\x9b \u202a\u202e\u2069\u200e\u061c"
            "\u2028 \xff\xe3\x85 end");
    CHECK_TEXT(text_value(&t), "plain, \u00e9\u4f60, \\u001b[2J\\u000a\\u0009\\u007f \\u009b "
                               "\\u202a\\u202e\\u2069\\u200e\\u061c\\u2028 \\xff\\xe3\\x85 end");
}

TEST(bytes_are_written_in_hexadecimal)
{
    unsigned char bytes[256];
    char ours[2 * 256 + 1], theirs[3];
    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    text_hex(bytes, sizeof(bytes), ours);
    for (int i = 0; i < 256; i++) {
        snprintf(theirs, sizeof(theirs), "%02x", (unsigned)i);
        CHECK(memcmp(ours + 2 * i, theirs, 2) == 0);
    }
    CHECK_INT((long long)strlen(ours), 512);
}

TEST(what_does_not_fit_is_left_out)
{
    char some[8];
    const char *end = some + sizeof(some);
    CHECK(text_put(text_put(some, end, "abc"), end, "defg") == some + 7);
    CHECK_TEXT(some, "abcdefg");
    CHECK(text_put(text_put(some, end, "abcd"), end, "efgh") == some + 7);
    CHECK_TEXT(some, "abcdefg");
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

/* ---- the log ---- */

/* Number of lines that have come through the pipe since the last call; *first: of which number. */
static int lines_in(int fd, int *first)
{
    char some[65536];
    ssize_t length = read(fd, some, sizeof(some) - 1);
    int lines = 0;
    some[length > 0 ? length : 0] = '\0';
    const char *number = strstr(some, "\"n\":");
    *first = number ? (int)strtol(number + 4, NULL, 10) : -1;
    for (const char *at = some; (at = strchr(at, '\n')); at++)
        lines++;
    CHECK(length <= 0 || some[length - 1] == '\n');
    return lines;
}

TEST(lines_that_are_held_back_go_out_whole_and_in_their_order)
{
    int ends[2], first, screen = dup(STDERR_FILENO);
    scoped_text held = {0};
    CHECK(pipe2(ends, O_NONBLOCK) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    log_hold(&held);
    log_info("held", KV("n", 1));
    int at_once = lines_in(ends[0], &first);
    log_warning("urgent", KV("n", 2));
    int with_warning = lines_in(ends[0], &first), led_by = first;
    for (int i = 0; i < 200; i++) {
        log_info("many", KV("n", i));
        if (held.length > 4096)
            break;
    }
    size_t most = held.length;
    log_release();
    int rest = lines_in(ends[0], &first);
    log_info("not held", KV("n", 3));
    int after = lines_in(ends[0], &first);
    dup2(screen, STDERR_FILENO);
    CHECK_INT(at_once, 0);
    CHECK_INT(with_warning, 2);
    CHECK_INT(led_by, 1);
    CHECK(most > 0 && most <= 4096 && held.length == 0);
    CHECK_INT(rest, 200);
    CHECK_INT(after, 1);
    close(screen);
    close(ends[0]);
    close(ends[1]);
}
