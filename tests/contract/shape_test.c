/* shape_test.c -- what shape_read refuses (json_test.c has what is no JSON); reading after writing
 * is the identity. */
#include "tests/support/harness.h"

#include "base/time.h"
#include "events/command.h"

static struct arena arena;
static struct fault fault;

static const struct problem *read_bytes(const char *json, size_t length, struct CreateReport *out)
{
    fault = (struct fault){0};
    return shape_read(command_shape(CreateReport), json, length, &arena, out, &fault);
}

static const struct problem *read_text(const char *json)
{
    struct CreateReport body;
    return read_bytes(json, strlen(json), &body);
}

static void refused(const char *json, const struct problem *p, const char *field)
{
    const struct problem *is = read_text(json);
    if (is != p || !text_equal(fault.field, field))
        test_fail(__FILE__, __LINE__, json,
                  is ? arena_printf(&arena, "%s at %s", is->name, fault.field) : "taken",
                  arena_printf(&arena, "%s at %s", p->name, field));
}

#define GOOD "\"content\":\"a hole\",\"category\":\"infrastruktur\""

TEST(a_whole_body_is_read)
{
    const char *json =
        "{" GOOD ",\"visibility\":\"PRIVATE\",\"location\":{\"latitude\":-6.9,\"longitude\":107.6,"
        "\"city\":\"Bandung\"},\"occurred_at\":\"2026-01-02T20:00:00+07:00\"}";
    struct CreateReport body;
    char time[TIME_TEXT];
    CHECK_OK(read_bytes(json, strlen(json), &body));
    CHECK_TEXT(body.content, "a hole");
    CHECK_TEXT(body.visibility, "PRIVATE");
    CHECK_TEXT(body.location->city, "Bandung");
    CHECK(body.location->latitude > -6.91 && body.location->latitude < -6.89);
    CHECK_TEXT(time_format(*body.occurred_at, time), "2026-01-02T13:00:00.000000Z");
    arena_release(&arena);
}

TEST(members_that_are_unknown_missing_repeated_or_of_another_type_are_named)
{
    refused("{" GOOD ",\"colour\":\"red\"}", UNKNOWN_FIELD, "colour");
    refused("{" GOOD ",\"Content\":\"again\"}", UNKNOWN_FIELD, "Content");
    refused("{\"category\":\"infrastruktur\"}", MISSING_FIELD, "content");
    refused("{" GOOD ",\"content\":\"again\"}", DUPLICATE_FIELD, "content");
    refused("{\"content\":7,\"category\":\"x\"}", WRONG_TYPE, "content");
    refused("{\"content\":null,\"category\":\"x\"}", WRONG_TYPE, "content");
    refused("{" GOOD ",\"location\":[1,2]}", WRONG_TYPE, "location");
    refused("{" GOOD ",\"location\":{\"latitude\":1}}", MISSING_FIELD, "location.longitude");
    refused("{" GOOD ",\"location\":{\"latitude\":1,\"longitude\":2,\"x\":3}}", UNKNOWN_FIELD,
            "location.x");
    arena_release(&arena);
}

TEST(values_out_of_range_blank_or_too_long_are_named)
{
    refused("{" GOOD ",\"location\":{\"latitude\":90.01,\"longitude\":2}}", OUT_OF_RANGE,
            "location.latitude");
    refused("{" GOOD ",\"location\":{\"latitude\":1e400,\"longitude\":2}}", OUT_OF_RANGE,
            "location.latitude");
    refused("{" GOOD ",\"location\":{\"latitude\":1,\"longitude\":-180.5}}", OUT_OF_RANGE,
            "location.longitude");
    refused("{\"content\":\"\",\"category\":\"x\"}", BLANK, "content");
    refused("{\"content\":\" \\t\\n \",\"category\":\"x\"}", BLANK, "content");
    refused("{\"content\":\"\xe2\x80\x8b\xc2\xa0\",\"category\":\"x\"}", BLANK, "content");
    refused("{\"content\":\"\\u3164\\u2800\",\"category\":\"x\"}", BLANK, "content");
    refused("{" GOOD ",\"location\":{\"latitude\":1,\"longitude\":2,\"city\":\"\\u3164\"}}", BLANK,
            "location.city");
    refused("{" GOOD ",\"visibility\":\"public\"}", NOT_A_CHOICE, "visibility");
    refused("{" GOOD ",\"occurred_at\":\"yesterday\"}", BAD_TEXT, "occurred_at");
    refused("{" GOOD ",\"occurred_at\":\"2026-02-30T00:00:00Z\"}", OUT_OF_RANGE, "occurred_at");
    refused("{" GOOD ",\"occurred_at\":\"2026-02-03T25:00:00Z\"}", OUT_OF_RANGE, "occurred_at");
    arena_release(&arena);
}

TEST(a_location_of_0_0_is_a_missing_fix)
{
    refused("{" GOOD ",\"location\":{\"latitude\":0,\"longitude\":0}}", MISSING_FIX, "location");
    refused("{" GOOD ",\"location\":{\"longitude\":-0.0,\"latitude\":0e9,\"city\":\"x\"}}",
            MISSING_FIX, "location");
    refused("{" GOOD ",\"location\":{\"longitude\":0,\"latitude\":1e-999}}", MISSING_FIX,
            "location");
    CHECK_OK(read_text("{" GOOD ",\"location\":{\"latitude\":0,\"longitude\":107.6}}"));
    CHECK_OK(read_text("{" GOOD ",\"location\":{\"latitude\":-6.9,\"longitude\":0}}"));
    CHECK_OK(read_text("{" GOOD ",\"location\":{\"latitude\":0.000001,\"longitude\":0}}"));
    arena_release(&arena);
}

TEST(a_limit_counts_characters_not_bytes)
{
    scoped_text json = {0};
    for (int characters = 4000; characters <= 4001; characters++) {
        text_clear(&json);
        text_append(&json, "{\"category\":\"x\",\"content\":\"");
        for (int i = 0; i < characters; i++)
            text_append(&json, "\xf0\x9f\x9a\xa7");
        text_append(&json, "\"}");
        CHECK_PROBLEM(read_text(json.at), characters == 4000 ? NULL : TOO_LONG);
    }
    arena_release(&arena);
}

TEST(bytes_that_are_no_text_are_refused)
{
    refused("{\"content\":\"a\\u0000b\",\"category\":\"x\"}", BAD_TEXT, "content");
    refused("{\"content\":\"a\xff\",\"category\":\"x\"}", BAD_TEXT, "content");
    refused("{\"content\":\"a\nb\",\"category\":\"x\"}", BAD_TEXT, "content");
    refused("{\"content\":\"\xed\xa0\x80\",\"category\":\"x\"}", BAD_TEXT,
            "content");                                                            /* a surrogate */
    refused("{\"content\":\"\xc0\xaf\",\"category\":\"x\"}", BAD_TEXT, "content"); /* overlong */
    struct CreateReport body;
    CHECK_PROBLEM(read_bytes("{" GOOD "}\0{}", strlen("{" GOOD "}") + 3, &body), MALFORMED);
    CHECK_OK(read_text(
        "{\"content\":\"a\\\\u0000b\",\"category\":\"x\"}")); /* a backslash, then u0000 */
    arena_release(&arena);
}

TEST(what_is_not_one_json_object_is_refused)
{
    refused("", MALFORMED, NULL);
    refused("[]", MALFORMED, NULL);
    refused("\"text\"", MALFORMED, NULL);
    refused("{" GOOD, MALFORMED, NULL);
    refused("{" GOOD "} x", MALFORMED, NULL);
    refused("{" GOOD "}{}", MALFORMED, NULL);
    refused("\xef\xbb\xbf{" GOOD "}", MALFORMED, NULL);
    refused("{'content':1}", MALFORMED, NULL);
    refused("{" GOOD ",\"location\":{\"latitude\":01,\"longitude\":2}}", MALFORMED,
            "location.latitude");
    refused("{" GOOD ",\"location\":{\"latitude\":1;", MALFORMED, "location");
    scoped_text deep = {0};
    for (int i = 0; i < 1000; i++)
        text_append(&deep, "[");
    refused(deep.at, MALFORMED, NULL);
    arena_release(&arena);
}

TEST(reading_is_the_inverse_of_writing)
{
    struct Place place = {
        .latitude = 0.1, .longitude = -179.123456789, .street = "\"quoted\" \\ \t line"};
    struct CreateReport body = {.content = "\xe4\xbd\xa0\xe5\xa5\xbd \"x\"",
                                .category = "infrastruktur",
                                .visibility = "PUBLIC",
                                .location = &place,
                                .occurred_at = &(const int64_t){1767355200000001}};
    struct CreateReport again;
    scoped_text one = {0}, two = {0};
    shape_write(command_shape(CreateReport), &body, &one);
    CHECK_OK(read_bytes(one.at, one.length, &again));
    shape_write(command_shape(CreateReport), &again, &two);
    CHECK_TEXT(two.at, one.at);
    CHECK(again.location->longitude == place.longitude);
    arena_release(&arena);
}

static void edited_as(const char *json, bool place_cleared, bool time_cleared)
{
    struct EditReport body;
    scoped_text out = {0};
    CHECK_OK(shape_read(command_shape(EditReport), json, strlen(json), &arena, &body, &fault));
    CHECK(body.location_cleared == place_cleared && body.occurred_at_cleared == time_cleared);
    shape_write(command_shape(EditReport), &body, &out);
    CHECK_TEXT(text_value(&out), json);
    arena_release(&arena);
}

TEST(a_clearable_member_tells_null_from_what_is_left_out)
{
    edited_as("{}", false, false);
    edited_as("{\"location\":null}", true, false);
    edited_as("{\"content\":\"x\",\"occurred_at\":null}", false, true);
    edited_as("{\"location\":{\"latitude\":1,\"longitude\":2},\"occurred_at\":null}", false, true);
    struct EditReport body;
    const char *twice = "{\"location\":null,\"location\":{\"latitude\":1,\"longitude\":2}}";
    CHECK_PROBLEM(
        shape_read(command_shape(EditReport), twice, strlen(twice), &arena, &body, &fault),
        DUPLICATE_FIELD);
    arena_release(&arena);
}

/* Mutations of a good body: never a crash (the run is sanitized), never taken with other content.
 */
TEST(mutated_bodies_are_refused_or_read_but_never_crash)
{
    const char *good =
        "{" GOOD ",\"location\":{\"latitude\":1.5,\"longitude\":2e1},\"occurred_at\":"
        "\"2026-01-02T20:00:00.5Z\",\"visibility\":\"ANONYMOUS\"}";
    unsigned seed = 42;
    size_t length = strlen(good);
    for (int i = 0; i < 20000; i++) {
        char copy[512];
        memcpy(copy, good, length + 1);
        for (int k = rand_r(&seed) % 4; k >= 0; k--)
            copy[(size_t)rand_r(&seed) % length] = (char)(rand_r(&seed) % 256);
        struct CreateReport body;
        if (!read_bytes(copy, (size_t)rand_r(&seed) % (length + 1), &body))
            CHECK(body.content && body.category);
        arena_release(&arena);
    }
}

TEST(ids_and_integers_have_one_form)
{
    int64_t us;
    char out[UUID_TEXT], before[UUID_TEXT] = "";
    for (int i = 0; i < 5000; i++) {
        uuid_new(out);
        CHECK(uuid_is_valid(out) && out[14] == '7' && strcmp(before, out) < 0);
        memcpy(before, out, sizeof(before));
    }
    CHECK(!uuid_is_valid("019B7F00-0000-7000-8000-000000000001"));
    CHECK(!uuid_is_valid("019b7f00-0000-7000-8000-00000000000"));
    CHECK(text_to_int("9223372036854775807", &us) && us == INT64_MAX);
    CHECK(!text_to_int("9223372036854775808", &us));
    CHECK(!text_to_int("", &us) && !text_to_int("+1", &us) && !text_to_int(" 1", &us) &&
          !text_to_int("1x", &us));
}

/* ---- numbers ---- */

static void written_as_printf_does(double n)
{
    struct Place place = {.latitude = n};
    char digits[32];
    scoped_text ours = {0}, theirs = {0};
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, n);
        if (strtod(digits, NULL) == n)
            break;
    }
    shape_write(&Place_shape, &place, &ours);
    text_printf(&theirs, "{\"latitude\":%s,\"longitude\":0}", digits);
    CHECK_TEXT(text_value(&ours), text_value(&theirs));
}

TEST(a_number_is_written_in_its_shortest_form)
{
    static const double some[] = {0,      -0.0,    0.1,    -0.5,      0.05,       1e-4,
                                  9e-5,   1e-7,    1e14,   1e15,      1e16,       -6.914744,
                                  107.61, 1.0 / 3, 1e300,  -1e-300,   123456789,  0.0001234567,
                                  0.3,    1.1,     4.35,   2.675,     180,        999999999999999,
                                  -90,    1e5 / 3, 5e-324, 1.0000001, 99.99999999};
    uint64_t seed = 1;
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
        written_as_printf_does(some[i]);
    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        double unit = 1;
        for (uint64_t k = seed >> 60; k; k--)
            unit *= 10;
        written_as_printf_does((double)((int64_t)seed >> (8 + i % 50)) / unit);
        written_as_printf_does((double)((int64_t)seed >> 20) / 1e11 / 3);
    }
}
