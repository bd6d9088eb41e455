/* digest_test.c -- digests that are stored or handed out: a change of one must be seen here. The
 * expected values are Python's, hashlib.blake2b. */
#include "tests/support/harness.h"

#include "platform/store.h"
#include "platform/token.h"

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
        char hex[HASH_TEXT];
        store_hash(SECRET, rows[i].parts, rows[i].count, hex);
        CHECK_TEXT(hex, rows[i].hex);
    }
}

TEST(the_pseudonym_of_a_user_stays)
{
    char pseudonym[PSEUDONYM_TEXT];
    pseudonym_of(SECRET, "0195e9a0-0000-7000-8000-000000000001", pseudonym);
    CHECK_TEXT(pseudonym, "9ef4f25efec65d36e89c2c7c84b35b7ceacdbe39b211b4ce0d112995e5a47757");
}
