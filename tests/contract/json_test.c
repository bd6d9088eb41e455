/* json_test.c -- what is JSON and what is not: the cases of the public JSONTestSuite (RFC 8259;
 * names as there: y is taken, n refused, i is left to the reader), each as a value of its own, as a
 * member of an object for base/members, and as the body of a command for base/shape. */
#include "tests/support/harness.h"

#include "base/json.h"
#include "base/members.h"
#include "base/text.h"
#include "events/command.h"
#include "base/banned.h"

struct example {
    const char *name, *text;
    size_t length;
};
#define Y(name, text) {"y_" name, text, sizeof(text) - 1},
#define N(name, text) {"n_" name, text, sizeof(text) - 1},
#define I(name, text) {"i_" name, text, sizeof(text) - 1},

static const struct example taken[] = {
#include "tests/contract/json_taken.def"
};
static const struct example refused[] = {
#include "tests/contract/json_refused.def"
};
enum { TAKEN = sizeof(taken) / sizeof(*taken), REFUSED = sizeof(refused) / sizeof(*refused) };

static const struct problem *read_value(const char *text, size_t length)
{
    scoped_arena a = {0};
    char *copy = arena_bytes(&a, text, length);
    struct json j = json_open(copy, length, &a);
    TRY(json_skip_value(&j, 32));
    return json_take_end(&j);
}

/* The text between `before` and `after`, handed on. */
static const struct problem *wrapped(const struct example *e, const char *before, const char *after,
                                     const struct problem *(*read)(const char *, size_t))
{
    scoped_text t = {0};
    text_append(&t, before);
    text_append_bytes(&t, e->text, e->length);
    text_append(&t, after);
    return read(t.at, t.length);
}

static const struct problem *read_members(const char *text, size_t length)
{
    scoped_arena a = {0};
    struct members m;
    if (strlen(text) < length) /* its texts have no NUL */
        return MALFORMED;
    return members_read(text, &a, &m) ? NULL : MALFORMED;
}

static struct fault fault;
static char said[256];

static const struct problem *read_report(const char *text, size_t length)
{
    scoped_arena a = {0};
    struct CreateReport body;
    fault = (struct fault){0};
    const struct problem *p =
        shape_read(command_shape(CreateReport), text, length, &a, &body, &fault);
    snprintf(said, sizeof(said), "%s", fault.detail ? fault.detail : "");
    fault = (struct fault){0};
    return p;
}

static bool is_of_json(const struct problem *p)
{
    return p == MALFORMED || p == BAD_TEXT;
}

TEST(what_is_json_is_taken)
{
    for (int i = 0; i < TAKEN; i++) {
        const struct problem *value = read_value(taken[i].text, taken[i].length);
        const struct problem *member = wrapped(&taken[i], "{\"m\":", "}", read_members);
        if (value || member)
            test_fail(__FILE__, __LINE__, taken[i].name, "refused", "taken");
    }
    CHECK(TAKEN > 90);
}

TEST(what_is_not_json_is_refused_and_said_to_be)
{
    for (int i = 0; i < REFUSED; i++) {
        const struct problem *value = read_value(refused[i].text, refused[i].length);
        const struct problem *member = wrapped(&refused[i], "{\"m\":", "}", read_members);
        if (!is_of_json(value) || !member)
            test_fail(__FILE__, __LINE__, refused[i].name, "taken", "refused");
    }
    CHECK(REFUSED > 180);
}

/* Without the brackets of an array around it. */
static struct example inside(const struct example *e)
{
    bool array = e->length > 2 && e->text[0] == '[' && e->text[e->length - 1] == ']';
    return (struct example){e->name, e->text + array, e->length - 2 * array};
}

/* In a good body, in the place of a number, of texts, before the body and behind it. */
TEST(a_body_with_it_is_400_and_says_where)
{
    static const char *const places[][2] = {
        {"{\"category\":\"x\",\"content\":\"x\",\"location\":{\"longitude\":2,\"latitude\":", "}}"},
        {"{\"category\":\"x\",\"content\":", "}"},
        {"{\"category\":\"x\",\"content\":\"x\",\"occurred_at\":", "}"},
        {"", "{\"category\":\"x\",\"content\":\"x\"}"},
        {"{\"category\":\"x\",\"content\":\"x\"", "}"},
        {"{\"category\":\"x\",\"content\":\"x\"}", ""},
    };
    for (int i = 0; i < REFUSED; i++)
        for (size_t k = 0; k < sizeof(places) / sizeof(*places); k++) {
            if (strspn(refused[i].text, " ") == refused[i].length)
                continue; /* nothing, which may stand in some of the places */
            struct example e = inside(&refused[i]);
            const struct problem *p = wrapped(&e, places[k][0], places[k][1], read_report);
            if (!p || p->kind != INVALID)
                test_fail(__FILE__, __LINE__, e.name, "taken", "refused");
            else if (is_of_json(p) && !*said)
                test_fail(__FILE__, __LINE__, e.name, "nothing is said", "what is wrong");
        }
}

static void says(const char *json, const char *detail)
{
    CHECK(is_of_json(read_report(json, strlen(json))));
    CHECK_TEXT(said, detail);
}

TEST(what_is_wrong_is_named_with_its_place)
{
    says("{\"content\":\"x\",\"location\":{\"latitude\":01",
         "At byte 39 (1): a number has a needless 0 in front.");
    says("{\"location\":{\"latitude\":1.,", "At byte 26 (,): a number lacks a digit here.");
    says("{\"location\":{\"latitude\":+1}}", "At byte 24 (+): expected a value.");
    says("{\f\"content\":\"x\"}",
         "At byte 1 (0x0c): expected the name of a member in double quotes.");
    says("{\"content\":\"x\" \"category\"", "At byte 15 (\"): expected a comma or }.");
    says("{\"content\":\"a\tb\"}", "At byte 13 (0x09): a string holds a raw control character.");
    says("{\"content\":\"\\ud800\"}", "At byte 18 (\"): a string holds half a surrogate pair.");
    says("{\"content\":\"\\u0000\"}", "At byte 18 (\"): a string holds the character NUL.");
    says("{\"content\":\"a", "At byte 13 (the end): a string does not end.");
    says("{\"content\":\"x\",\"category\":\"x\"}}",
         "At byte 30 (}): nothing may follow the value.");
    says("\xef\xbb\xbf{}", "The body begins with a byte order mark.");
}

TEST(depth_has_a_limit_and_costs_no_stack_beyond_it)
{
    static const char *const units[] = {"[", "[{\"\":", "{\"a\":"};
    for (size_t i = 0; i < 3; i++) {
        scoped_text t = {0};
        for (int k = 0; k < 100000; k++)
            text_append(&t, units[i]);
        CHECK_PROBLEM(read_value(t.at, t.length), MALFORMED);
        CHECK_PROBLEM(read_report(t.at, t.length), i < 2 ? MALFORMED : UNKNOWN_FIELD);
    }
}
