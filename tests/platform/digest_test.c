/* digest_test.c -- digests that are stored or handed out: a change of one must be seen here. The
 * expected values are Python's, hashlib.blake2b. */
#include "tests/support/harness.h"

#include "base/text.h"
#include "platform/identity/digest.h"
#include "platform/identity/token.h"

static const unsigned char SECRET[32] = "s";

TEST(parts_are_hashed_with_their_lengths)
{
    static const struct {
        const char *parts[2];
        int count;
        const char *hex;
    } rows[] = {
        {{"a", "bc"}, 2, "5f5220d3695265c53247e1f776c979df2b79cdb5e0602f3582b49274542b7d70"},
        {{"ab", "c"}, 2, "1e0fa1d2f41d59b058cceb1452c80fbe0a1bcb0399991e0d85dbcd95e348abb7"},
        {{""}, 1, "f45715fa0fdd983d148ed2a30f6e647ed582afef84f10c9e4c1c5275b8b45f5f"},
        {{NULL}, 0, "40cbac151e4d2eece361c92e5c26c8e3edb157a96bd2a0d1a61c95110740d63f"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char hex[DIGEST_TEXT];
        digest_parts_hex(SECRET, rows[i].parts, rows[i].count, hex);
        CHECK_TEXT(hex, rows[i].hex);
    }
}

/* BLAKE2b's own test vector of "abc", and that of a shorter value: another one, not its start. */
TEST(one_part_is_hashed_as_it_is)
{
    unsigned char out[64];
    char hex[2 * sizeof(out) + 1];
    digest_whole(NULL, "abc", 3, out, 64);
    text_hex(out, 64, hex);
    CHECK(text_starts(hex, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"));
    digest_whole(NULL, "abc", 3, out, 16);
    text_hex(out, 16, hex);
    CHECK_TEXT(hex, "cf4ab791c62b8d2b2109c90275287816");
}

TEST(the_pseudonym_of_a_user_stays)
{
    char pseudonym[PSEUDONYM_TEXT];
    pseudonym_of(SECRET, "0195e9a0-0000-7000-8000-000000000001", pseudonym);
    CHECK_TEXT(pseudonym, "9ef4f25efec65d36e89c2c7c84b35b7ceacdbe39b211b4ce0d112995e5a47757");
}

/* The first two rows of the reference's table: SipHash-2-4 under the key 0 to 15. */
TEST(the_hash_of_tables_is_siphash_under_the_key)
{
    unsigned char key[SHORT_KEY], other[SHORT_KEY] = {1};
    for (int i = 0; i < SHORT_KEY; i++)
        key[i] = (unsigned char)i;
    CHECK(digest_short(key, "", 0) == 0x726fdb47dd0e0e31u);
    CHECK(digest_short(key, "", 1) == 0x74f839c593dc67fdu); /* one byte: the NUL */
    CHECK(digest_short(other, "", 1) != digest_short(key, "", 1));
}

/* Cursors and ETags hold them. */
TEST(a_digest_goes_on_and_no_text_differs_from_an_empty_one)
{
    CHECK(digest_on(0, "abc", 3) == 0x3fc884964770eedeu);
    CHECK(digest_on_text(0, "abc") == digest_on(0, "abc", 3));
    CHECK(digest_on_text(digest_on_text(0, "a"), "bc") == 0x425ab5b3cf387189u);
    CHECK(digest_on_text(digest_on_text(0, "ab"), "c") == 0x6b7b5a92292fdf68u);
    CHECK(digest_on_text(7, NULL) == 0x232daae3cda415deu);
    CHECK(digest_on_text(7, "") == 0x7cd0c8309a138d01u);
}
