/* members_test.c -- where the members of a JSON object lie: told from cJSON's reading of the same
 * text, over what it takes, what it refuses and what is made at random. */
#include "tests/support/harness.h"

#include <cjson/cJSON.h>

#include "base/members.h"
#include "base/text.h"
#include "base/banned.h"

static const char *copy(struct arena *a, const struct span *s)
{
    return s->at ? arena_bytes(a, s->at, s->length) : NULL;
}

static const struct member *find(struct members *m, struct arena *a, const char *json,
                                 const char *name)
{
    *m = (struct members){0};
    CHECK(members_read(json, a, m));
    const struct member *found = members_find(m, name);
    CHECK(found != NULL);
    return found;
}

TEST(a_member_has_its_characters_and_its_json)
{
    static const struct {
        const char *json, *text, *written;
    } cases[] = {
        {"{\"m\":\"plain\"}", "plain", "\"plain\""},
        {" {\n\"a\" : 1 ,\t\"m\" : \"x\" } ", "x", "\"x\""},
        {"{\"m\":\"\"}", "", "\"\""},
        {"{\"m\":\"a\\\"b\\\\c\\/\\b\\f\\n\\r\\t\"}", "a\"b\\c/\b\f\n\r\t",
         "\"a\\\"b\\\\c\\/\\b\\f\\n\\r\\t\""},
        {"{\"m\":\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00z\"}",
         "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z", "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00z\""},
        {"{\"m\":\"\xc3\xa9\"}", "\xc3\xa9", "\"\xc3\xa9\""},
        {"{\"m\":null}", NULL, "null"},
        {"{\"m\":true}", "true", "true"},
        {"{\"m\":-12.50e+3 }", "-12.50e+3", "-12.50e+3"},
        {"{\"m\":{\"m\":[1,{\"x\":\"}\"}]},\"n\":1}", "{\"m\":[1,{\"x\":\"}\"}]}",
         "{\"m\":[1,{\"x\":\"}\"}]}"},
        {"{\"m\":[]}", "[]", "[]"},
        {"{\"m\":1,\"m\":2}", "2", "2"},
        {"{\"\\u006d\":3}", "3", "3"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        scoped_arena a = {0};
        struct members all;
        const struct member *m = find(&all, &a, cases[i].json, "m");
        CHECK_TEXT(copy(&a, &m->text), cases[i].text);
        CHECK_TEXT(copy(&a, &m->json), cases[i].written);
    }
    scoped_arena a = {0};
    struct members none = {0};
    CHECK(members_read("{}", &a, &none));
    CHECK(!members_find(&none, "m"));
    CHECK(members_read("{\"mm\":1,\"M\":1}", &a, &none));
    CHECK(!members_find(&none, "m"));
}

TEST(what_is_no_object_is_refused)
{
    static const char *const refused[] = {"",
                                          "null",
                                          "[]",
                                          "\"m\"",
                                          "{",
                                          "}",
                                          "{\"m\"}",
                                          "{\"m\":}",
                                          "{\"m\":1,}",
                                          "{,}",
                                          "{\"m\":1}x",
                                          "{\"m\":1}{}",
                                          "{m:1}",
                                          "{'m':1}",
                                          "{\"m\" 1}",
                                          "{\"m\":1 \"n\":2}",
                                          "{\"m\":tru}",
                                          "{\"m\":truex}",
                                          "{\"m\":nul}",
                                          "{\"m\":01}",
                                          "{\"m\":-}",
                                          "{\"m\":1.}",
                                          "{\"m\":.5}",
                                          "{\"m\":1e}",
                                          "{\"m\":+1}",
                                          "{\"m\":0x1}",
                                          "{\"m\":NaN}",
                                          "{\"m\":\"}",
                                          "{\"m\":\"\\\"}",
                                          "{\"m\":\"\\x\"}",
                                          "{\"m\":\"\\u12\"}",
                                          "{\"m\":\"\\u0000\"}",
                                          "{\"m\":\"\\ud800\"}",
                                          "{\"m\":\"\\udc00\"}",
                                          "{\"m\":\"\\ud800\\u0041\"}",
                                          "{\"m\":\"a\nb\"}",
                                          "{\"m\":\"\x01\"}",
                                          "{\"m\":[1,]}",
                                          "{\"m\":[1}",
                                          "{\"m\":{\"a\":1]}",
                                          "{\"m\":{\"a\"}}",
                                          "{\"m\":[[]}",
                                          "\xef\xbb\xbf{}",
                                          "{\"m\":\"\\",
                                          "{\"m\":[\"\\u00",
                                          "{\"m\":1"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        scoped_arena a = {0};
        struct members m = {.count = -1};
        bool taken = members_read(refused[i], &a, &m);
        if (taken)
            printf("taken: %s\n", refused[i]);
        CHECK(!taken);
        CHECK_INT(m.count, -1);
    }
}

/* An array of arrays, `depth` of them, in a member; or that many members. */
static bool reads(const char *begin, const char *open, const char *close, int count,
                  const char *end)
{
    scoped_text json = {0};
    scoped_arena a = {0};
    struct members m;
    text_append(&json, begin);
    for (int i = 0; i < count; i++)
        text_printf(&json, open, i);
    for (int i = 0; i < count; i++)
        text_append(&json, close);
    text_append(&json, end);
    return members_read(text_value(&json), &a, &m);
}

TEST(depth_and_number_have_a_limit)
{
    CHECK(reads("{\"m\":", "[", "]", MEMBERS_DEPTH - 1, "}"));
    CHECK(!reads("{\"m\":", "[", "]", MEMBERS_DEPTH, "}"));
    CHECK(!reads("{\"m\":", "[", "]", 1000000, "}"));
    CHECK(reads("{", "\"m%d\":1,", "", MEMBERS_MAX - 1, "\"last\":1}"));
    CHECK(!reads("{", "\"m%d\":1,", "", MEMBERS_MAX, "\"last\":1}"));
}

/* ---- against cJSON ---- */

static void check_like_cjson(const char *json, const cJSON *tree)
{
    scoped_arena a = {0};
    struct members m = {0};
    CHECK(members_read(json, &a, &m));
    CHECK_INT(m.count, cJSON_GetArraySize(tree));
    const cJSON *item = tree->child;
    for (int i = 0; i < m.count && item; i++, item = item->next) {
        CHECK_TEXT(copy(&a, &m.at[i].name), item->string);
        if (cJSON_IsString(item))
            CHECK_TEXT(copy(&a, &m.at[i].text), item->valuestring);
        cJSON *again = cJSON_ParseWithOpts(copy(&a, &m.at[i].json), NULL, 1);
        char *expected = cJSON_PrintUnformatted(item), *is = cJSON_PrintUnformatted(again);
        CHECK_TEXT(is, expected);
        free(expected);
        free(is);
        cJSON_Delete(again);
    }
}

/* Bytes of a sample exchanged, left out and put in: whatever comes out is read as cJSON reads it,
 * or is not JSON. cJSON itself takes some that is not, so nothing is asked of what is refused here.
 */
TEST(texts_made_at_random_are_read_as_cjson_reads_them)
{
    static const char sample[] =
        "{\"report_id\":\"0\\u00e9\",\"n\":-1.5e2,\"place\":{\"a\":[1,null,\"x\\\\\"],\"b\":{}},"
        "\"t\":true,\"e\":\"\",\"z\":null}";
    static const char bytes[] = "{}[]\",:\\u0a1e-.tn ";
    unsigned seed = 11;
    int taken = 0;
    for (int i = 0; i < 20000; i++) {
        char json[sizeof(sample)];
        memcpy(json, sample, sizeof(sample));
        for (int k = rand_r(&seed) % 4; k-- > 0;)
            json[(size_t)rand_r(&seed) % (sizeof(sample) - 1)] =
                bytes[(size_t)rand_r(&seed) % (sizeof(bytes) - 1)];
        scoped_arena a = {0};
        struct members m;
        if (!members_read(json, &a, &m))
            continue;
        cJSON *tree = cJSON_ParseWithOpts(json, NULL, 1);
        CHECK(tree != NULL);
        if (tree)
            check_like_cjson(json, tree);
        cJSON_Delete(tree);
        taken++;
    }
    CHECK(taken > 3000);
}
