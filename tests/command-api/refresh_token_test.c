/* refresh_token_test.c -- refresh tokens that were given out are good after an upgrade. The
 * expected values are Python's, hashlib.blake2b. */
#include "command-api/refresh_token.h"
#include "tests/support/harness.h"

#define SESSION "0195e9a0-0000-7000-8000-000000000001"
#define SECRET  "5555555555555555555555555555555555555555555555555555555555555555"
#define TAG     "3fcb020452bb59004e6ed035c641123520e1bd9f09a071f684e4710cb65bca8f"

static const unsigned char KEY[32] = "s";

TEST(a_token_of_an_older_release_is_read)
{
    struct refresh_token t;
    CHECK(refresh_token_read(KEY, SESSION "." SECRET "." TAG, &t));
    CHECK_TEXT(t.tag, TAG); /* what the database keeps */
    CHECK(!refresh_token_read(KEY, SESSION "." SECRET "." SECRET, &t));
}

TEST(its_successor_stays_the_same)
{
    struct refresh_token t, next;
    CHECK(refresh_token_read(KEY, SESSION "." SECRET "." TAG, &t));
    refresh_token_next(KEY, &t, &next);
    CHECK_TEXT(next.session, SESSION);
    CHECK_TEXT(next.secret, "1f898f08a8b1a994f822125566fcfd99fdf55177fe6209450743601507b852d2");
    CHECK_TEXT(next.tag, "ece244200f39b96102dcefc878a9bdeb4d35d66bf4a15de8bccef5202b1ae46e");
}
