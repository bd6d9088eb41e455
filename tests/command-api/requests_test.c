/* requests_test.c -- how a request is spelled makes no difference to what it asks for. */
#include "tests/support/harness.h"

#include "base/shape.h"
#include "base/time.h"
#include "command-api/commands.h"
#include "events/decision.h"
#include "writer/pending.h"
#include "writer/precondition.h"

static const unsigned char SECRET[32] = "s";

TEST(a_precondition_is_any_version_or_a_list_of_versions)
{
    static const struct {
        const char *header, *text; /* NULL: malformed */
    } rows[] = {
        {"*", "*"},
        {" * ", "*"},
        {"**", NULL},
        {"*, \"7\"", NULL},
        {"\"7\"", "7"},
        {"W/\"7\"", "7"},
        {"\"7-ab12\"", "7"},
        {"W/\"7-ab12\"", "7"},
        {"\"7\", W/\"9-ff\",\"12\"", "7,9,12"},
        {",\"7\",,", "7"},
        {"", NULL},
        {",", NULL},
        {"7", NULL},
        {"\"7", NULL},
        {"\"x\"", NULL},
        {"\"7\" \"8\"", NULL},
        {"\"7\", *", NULL},
        {"\"7x\"", NULL},
        {"\"0\"", NULL},
        {"\"7\", 8", NULL},
        {"\"99999999999999999999\"", NULL},
        {"\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\","
         "\"1\",\"1\",\"1\"",
         "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"},
        {"\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\","
         "\"1\",\"1\",\"1\",\"1\"",
         NULL},
    };
    scoped_arena a = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct precondition p = {0};
        bool ok = precondition_read(rows[i].header, &p);
        if (ok != (rows[i].text != NULL) ||
            (ok && !text_equal(precondition_text(&p, &a), rows[i].text)))
            test_fail(__FILE__, __LINE__, rows[i].header, ok ? precondition_text(&p, &a) : "no",
                      rows[i].text);
    }
}

static const char *digest_of(struct arena *a, int type, const char *json, const char *none_match)
{
    struct command c = {.type = type, .target = "roads"};
    struct fault f = {0};
    char *out = arena_alloc(a, DIGEST_TEXT);
    CHECK_OK(shape_read(command_shape(type), json, strlen(json), a, &c.CreateReport, &f));
    if (none_match)
        CHECK(precondition_read(none_match, &c.if_none_match));
    command_complete(&c, a);
    command_digest(SECRET, &c, "", out);
    return out;
}

TEST(what_is_left_out_and_its_default_are_the_same_wish)
{
    scoped_arena a = {0};
    const char *bare = digest_of(&a, CreateReport, "{\"content\":\"a\",\"category\":\"b\"}", NULL);
    static const char *const same[] = {
        "{\"content\":\"a\",\"category\":\"b\",\"visibility\":\"PUBLIC\"}",
        "{\"visibility\":null,\"category\":\"b\",\"content\":\"a\"}",
        "{ \"content\" : \"\\u0061\", \"category\":\"b\" }",
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        CHECK_TEXT(digest_of(&a, CreateReport, same[i], NULL), bare);
    CHECK(!text_equal(bare, digest_of(&a, CreateReport,
                                      "{\"content\":\"a\",\"category\":\"b\",\"visibility\":"
                                      "\"PRIVATE\"}",
                                      NULL)));
    CHECK(!text_equal(bare,
                      digest_of(&a, CreateReport, "{\"content\":\"a\",\"category\":\"b\"}", "*")));
}

/* The store compares it with that of the first request under the key. Python's hashlib.blake2b. */
TEST(the_stored_key_and_digest_of_a_command_stay_the_same)
{
    scoped_arena a = {0};
    char key[DIGEST_TEXT];
    command_key(SECRET, "a-key-of-a-client", "0195e9a0-0000-7000-8000-000000000001", key);
    CHECK_TEXT(key, "b6d6349b0dc063856a3c7bcab3e9317348ec366909a6b647a733af2eab08ed9d");
    const char *json = "{\"content\":\"a\",\"category\":\"b\"}";
    CHECK_TEXT(digest_of(&a, CreateReport, json, NULL),
               "6813802419dba092df90faabf911422ca59fff9be06eda4fe5697a10fd727d51");
    CHECK_TEXT(digest_of(&a, CreateReport, json, "*"),
               "57ab1c56bd6f3664953dee1ccbf6da7a3cc615c13e1ab3a075c08d7a6655f6db");
}

TEST(a_report_without_a_category_is_one_of_the_default)
{
    scoped_arena a = {0};
    CHECK_TEXT(digest_of(&a, CreateReport, "{\"content\":\"a\"}", NULL),
               digest_of(&a, CreateReport, "{\"content\":\"a\",\"category\":\"lainnya\"}", NULL));
}

TEST(the_order_of_names_and_the_form_of_a_time_make_no_other_wish)
{
    scoped_arena a = {0};
    CHECK_TEXT(digest_of(&a, DefineCategory,
                         "{\"names\":{\"id\":\"Jalan\",\"en\":\"Roads\"},\"agency\":\"A\","
                         "\"kind\":\"issue\",\"sensitive\":false,\"active\":true}",
                         NULL),
               digest_of(&a, DefineCategory,
                         "{\"names\":{\"en\":\"Roads\",\"id\":\"Jalan\"},\"agency\":\"A\","
                         "\"kind\":\"issue\",\"active\":true,\"sensitive\":false}",
                         NULL));
    CHECK_TEXT(digest_of(&a, CreateReport,
                         "{\"content\":\"a\",\"category\":\"b\",\"occurred_at\":"
                         "\"2026-01-02T20:00:00Z\"}",
                         NULL),
               digest_of(&a, CreateReport,
                         "{\"content\":\"a\",\"category\":\"b\",\"occurred_at\":"
                         "\"2026-01-02t21:00:00.0+01:00\"}",
                         NULL));
}

TEST(a_uuid_is_taken_in_either_case)
{
    char out[UUID_TEXT] = "before";
    CHECK(uuid_read("019B7F00-0000-7000-8000-00000000000A", out));
    CHECK_TEXT(out, "019b7f00-0000-7000-8000-00000000000a");
    CHECK(uuid_read(out, out));
    CHECK(!uuid_read("019G7F00-0000-7000-8000-000000000001", out));
    CHECK(!uuid_read("019B7F00-0000-7000-8000-0000000000011", out));
    CHECK(!uuid_read("019B7F00-0000-7000-8000-00000000000", out));
    CHECK(!uuid_read("", out));
    CHECK_TEXT(out, "019b7f00-0000-7000-8000-00000000000a");
}
