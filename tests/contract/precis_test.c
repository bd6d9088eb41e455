/* precis_test.c -- user names and passwords as RFC 8265 has them: the examples of its sections 3.5
 * and 4.3, and what the rules of RFC 8264 and 5892 say of single characters and their places. */
#include "tests/support/harness.h"

#include "base/precis.h"

static struct arena kept;

static const char *name(const char *s)
{
    return precis_user_name_key(&kept, s);
}

static void names_are(const char *s, const char *prepared)
{
    CHECK_TEXT(name(s), prepared);
}

/* Section 3.5, table 1. */
TEST(user_names_that_the_rfc_allows)
{
    names_are("juliet@example.com", "juliet@example.com");
    names_are("fussball", "fussball");
    names_are("fu\u00dfball", "fu\u00dfball"); /* another name than the one before */
    names_are("\u03c0", "\u03c0");
    names_are("\u03a3", "\u03c3"); /* the same name as the next */
    names_are("\u03c3", "\u03c3");
    names_are("\u03c2", "\u03c2"); /* another one */
}

/* Section 3.5, table 2. */
TEST(user_names_that_the_rfc_refuses)
{
    names_are("foo bar", NULL);
    names_are("", NULL);
    names_are("henry\u2163", NULL); /* ROMAN NUMERAL FOUR */
    names_are("\u265a", NULL);      /* BLACK CHESS KING */
}

TEST(names_that_look_the_same_are_the_same)
{
    names_are("Jos\u00e9", "jos\u00e9");
    names_are("JOSE\u0301", "jos\u00e9");          /* decomposed */
    names_are("\uff2a\uff4f\uff33\uff45", "jose"); /* full width */
    names_are("\uff76\uff9e", "\u30ac");           /* half width, voiced: composed afterwards */
    names_are("A\u030a", "\u00e5");
    names_are("\u212b", "\u00e5"); /* ANGSTROM SIGN */
    names_are("\u039d\u0399\u039a\u039f\u03a3",
              "\u03bd\u03b9\u03ba\u03bf\u03c2");                    /* a final sigma */
    names_are("\u1112\u1161\u11ab", "\ud55c");                      /* Hangul, decomposed */
    CHECK_TEXT(precis_user_name(&kept, "Jose\u0301"), "Jos\u00e9"); /* as it is shown */
    CHECK_TEXT(precis_user_name(&kept, "\uff2a"), "J");
}

TEST(what_shows_nothing_or_only_looks_like_a_letter_is_refused)
{
    static const char *const refused[] = {
        "a\tb",     "a\u00a0b", "a\u00adb",    "a\u200bb", "a\u202eb", "a\ufeffb",
        "a\u3164b", "a\u115fb", "a\u2028b",    "a\u0640b", "a\u3000b", "\u1100",
        "\ufb01x",  "\u00b2x",  "\u01c5",      "\u2460",   "\u20ac",   "\u00ab",
        "\ufffe",   "\u0378",   "x\U000e0041", "\xff",     "a\xc3",    "\xed\xa0\x80",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (name(refused[i]))
            test_fail(__FILE__, __LINE__, "allowed", refused[i], name(refused[i]));
}

/* RFC 5892, appendix A. */
TEST(some_characters_are_allowed_at_their_place_only)
{
    names_are("l\u00b7l", "l\u00b7l");
    names_are("a\u00b7l", NULL);
    names_are("\u00b7l", NULL);
    names_are("l\u00b7", NULL);
    names_are("\u0375\u03b1", "\u0375\u03b1");
    names_are("\u0375a", NULL);
    names_are("\u0375", NULL);
    names_are("\u05d0\u05f3", "\u05d0\u05f3");
    names_are("\u05f4\u05d0", NULL);
    names_are("\u30ab\u30fb", "\u30ab\u30fb");
    names_are("\u30fba", NULL);
    names_are("\u30fb", NULL);
    names_are("\u0628\u0660", "\u0628\u0660");
    names_are("\u0628\u06f0", "\u0628\u06f0");
    names_are("\u0628\u0660\u06f0", NULL);
    names_are("\u0915\u094d\u200d", "\u0915\u094d\u200d"); /* ZWJ after a virama */
    names_are("\u0915\u200d", NULL);
    names_are("\u0915\u094d\u200c", "\u0915\u094d\u200c");
    names_are("\u0628\u200c\u0628", "\u0628\u200c\u0628"); /* ZWNJ between what joins */
    names_are("\u0628\u064b\u200c\u064b\u0627", "\u0628\u064b\u200c\u064b\u0627");
    names_are("a\u200cb", NULL);
    names_are("\u0628\u200c", NULL);
}

/* RFC 5893, section 2. */
TEST(directions_are_not_mixed)
{
    names_are("\u05d0\u05d1", "\u05d0\u05d1");
    names_are("\u05d01", "\u05d01");
    names_are("\u05d0\u05b0", "\u05d0\u05b0"); /* ends in a mark after a letter */
    names_are("1\u05d0", NULL);
    names_are("a\u05d0", NULL);
    names_are("\u05d0a", NULL);
    names_are("\u05d0-", NULL);
    names_are("\u06281\u0660", NULL); /* two kinds of numbers */
    names_are("\u05b0\u05d0", NULL);
}

/* Section 4.3, table 3. */
TEST(passwords_that_the_rfc_allows)
{
    static const char *const pairs[][2] = {
        {"correct horse battery staple", "correct horse battery staple"},
        {"Correct Horse Battery Staple", "Correct Horse Battery Staple"},
        {"\u03c0\u00df\u00e5", "\u03c0\u00df\u00e5"},
        {"Jack of \u2666s", "Jack of \u2666s"},
        {"foo\u1680bar", "foo bar"}, /* OGHAM SPACE MARK */
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        CHECK_TEXT(precis_password(&kept, pairs[i][0]), pairs[i][1]);
}

/* Section 4.3, table 4. */
TEST(passwords_that_the_rfc_refuses)
{
    CHECK(!precis_password(&kept, ""));
    CHECK(!precis_password(&kept, "my cat is a \tby"));
}

TEST(a_password_is_the_same_however_it_was_composed)
{
    CHECK_TEXT(precis_password(&kept, "pa\u0301sswo\u0308rd"), "p\u00e1ssw\u00f6rd");
    CHECK_TEXT(precis_password(&kept, "\u1112\u1161\u11ab\u1100\u1173\u11af"), "\ud55c\uae00");
    CHECK_TEXT(precis_password(&kept, "a\u00a0b\u3000c\u2003d"), "a b c d");
    CHECK_TEXT(precis_password(&kept, "\uff21\u2163\ufb01"), "\uff21\u2163\ufb01"); /* as typed */
    CHECK_TEXT(precis_password(&kept, "A\u05d0b\u0628"), "A\u05d0b\u0628");
    CHECK(!precis_password(&kept, "a\u200bb"));
    CHECK(!precis_password(&kept, "a\x7f"
                                  "b"));
    CHECK(!precis_password(&kept, "a\xff"));
}

/* What a profile gives out it gives out unchanged; else a name could have two keys. */
TEST(a_prepared_text_is_its_own_prepared_form)
{
    uint32_t seed = 8265;
    int taken = 0;
    for (int i = 0; i < 60000; i++) {
        char text[64] = "";
        size_t at = 0;
        for (int k = 0; k < 4; k++) {
            static const uint32_t most[] = {0x250, 0x700, 0x3200, 0x1f000};
            seed = seed * 1664525 + 1013904223;
            uint32_t c = (seed >> 8) % most[(seed >> 3) % 4];
            if (c < 0x80)
                text[at++] = (char)(c ? c : 'a');
            else if (c < 0x800)
                at += (size_t)snprintf(text + at, 3, "%c%c", (int)(0xc0 | c >> 6),
                                       (int)(0x80 | (c & 63)));
            else if (c < 0x10000)
                at += (size_t)snprintf(text + at, 4, "%c%c%c", (int)(0xe0 | c >> 12),
                                       (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
            else
                at += (size_t)snprintf(text + at, 5, "%c%c%c%c", (int)(0xf0 | c >> 18),
                                       (int)(0x80 | (c >> 12 & 63)), (int)(0x80 | (c >> 6 & 63)),
                                       (int)(0x80 | (c & 63)));
        }
        scoped_arena a = {0};
        const char *key = precis_user_name_key(&a, text), *word = precis_password(&a, text);
        if (key)
            CHECK_TEXT(precis_user_name_key(&a, key), key);
        if (word)
            CHECK_TEXT(precis_password(&a, word), word);
        taken += key != NULL;
    }
    CHECK(taken > 100);
    arena_release(&kept);
}
