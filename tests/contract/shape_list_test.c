/* shape_list_test.c -- members that are lists of objects, and amounts: what shape_read takes and
 * refuses of them, reading after writing, copies. */
#include "tests/support/harness.h"

#include "base/shape_copy.h"
#include "base/text.h"

static const char *const day_words[] = {"monday", "tuesday", NULL};
#define C_TYPE_DAY const char *
#define KIND_DAY   KIND_WORD
#define SUB_DAY    day_words

#define Break_FIELDS(F) F(REQUIRED, AMOUNT, minutes, 60) F(OPTIONAL, TEXT, place, 20)
DEFINE_STRUCT(Break)
DEFINE_SHAPE(Break)
#define C_TYPE_BREAKS const struct shape_list *
#define KIND_BREAKS   KIND_LIST
#define SUB_BREAKS    (&Break_shape)

#define Shift_FIELDS(F)          \
    F(REQUIRED, DAY, day, 0)     \
    F(REQUIRED, TEXT, from, 5)   \
    F(REQUIRED, BOOL, paid, 0)   \
    F(OPTIONAL, MOMENT, seen, 0) \
    F(OPTIONAL, BREAKS, breaks, 2)
DEFINE_STRUCT(Shift)
DEFINE_SHAPE(Shift)
#define C_TYPE_SHIFTS const struct shape_list *
#define KIND_SHIFTS   KIND_LIST
#define SUB_SHIFTS    (&Shift_shape)

#define Skill_FIELDS(F) F(REQUIRED, TEXT, name, 4)
DEFINE_STRUCT(Skill)
DEFINE_BARE_SHAPE(Skill)
#define C_TYPE_SKILLS const struct shape_list *
#define KIND_SKILLS   KIND_LIST
#define SUB_SKILLS    (&Skill_shape)

#define Roster_FIELDS(F)            \
    F(REQUIRED, SHIFTS, shifts, 20) \
    F(OPTIONAL, SHIFTS, spare, 3)   \
    F(OPTIONAL, AMOUNT, people, 0)  \
    F(OPTIONAL, TEXTS, names, 10)   \
    F(OPTIONAL, SKILLS, skills, 3)  \
    F(OPTIONAL, FLAG, open, 0)
DEFINE_STRUCT(Roster)
DEFINE_SHAPE(Roster)

static struct arena arena;
static struct fault fault;

static const struct problem *read_roster(const char *json, struct Roster *out)
{
    fault = (struct fault){0};
    return shape_read(&Roster_shape, json, strlen(json), &arena, out, &fault);
}

static void refused(const char *json, const struct problem *p, const char *field,
                    const char *detail)
{
    struct Roster roster;
    const struct problem *is = read_roster(json, &roster);
    if (is != p || !text_equal(fault.field, field))
        test_fail(__FILE__, __LINE__, json,
                  is ? arena_printf(&arena, "%s at %s", is->name, fault.field) : "taken",
                  arena_printf(&arena, "%s at %s", p->name, field));
    if (detail)
        CHECK_TEXT(fault.detail, detail);
}

#define ONE "{\"day\":\"monday\",\"from\":\"08:00\",\"paid\":true}"

TEST(elements_of_a_bare_shape_are_values_without_an_object)
{
    struct Roster r, copy;
    scoped_text out = {0};
    CHECK_OK(read_roster("{\"shifts\":[],\"skills\":[\"k9\", \"boat\"]}", &r));
    shape_copy(&Roster_shape, &r, &arena, &copy);
    shape_write(&Roster_shape, &copy, &out);
    CHECK_TEXT(text_value(&out), "{\"shifts\":[],\"skills\":[\"k9\",\"boat\"]}");
    refused("{\"shifts\":[],\"skills\":[\"k9\",\"boats\"]}", TOO_LONG, "skills[1]", NULL);
    refused("{\"shifts\":[],\"skills\":[{\"name\":\"k9\"}]}", WRONG_TYPE, "skills[0]", NULL);
    refused("{\"shifts\":[],\"skills\":[\" \"]}", BLANK, "skills[0]", NULL);
    refused("{\"shifts\":[],\"skills\":[\"a\",\"b\",\"c\",\"d\"]}", OUT_OF_RANGE, "skills", NULL);
}

TEST(a_flag_may_be_absent_and_false_is_not_absent)
{
    struct Roster r, copy;
    scoped_text out = {0};
    CHECK_OK(read_roster("{\"shifts\":[]}", &r));
    CHECK(!r.open);
    CHECK_OK(read_roster("{\"shifts\":[],\"open\":false}", &r));
    shape_copy(&Roster_shape, &r, &arena, &copy);
    CHECK(copy.open && copy.open != r.open);
    shape_write(&Roster_shape, &copy, &out);
    CHECK_TEXT(text_value(&out), "{\"shifts\":[],\"open\":false}");
    refused("{\"shifts\":[],\"open\":\"yes\"}", WRONG_TYPE, "open", NULL);
}

TEST(a_list_is_read_in_its_order)
{
    struct Roster r;
    CHECK_OK(read_roster("{\"shifts\":[" ONE
                         " , {\"from\":\"09:00\",\"day\":\"tuesday\",\"paid\":false,"
                         "\"breaks\":[{\"minutes\":30,\"place\":\"roof\"},{\"minutes\":1}]}]}",
                         &r));
    const struct Shift *shifts = r.shifts->at;
    CHECK_INT(r.shifts->count, 2);
    CHECK_TEXT(shifts[0].from, "08:00");
    CHECK(shifts[0].paid && !shifts[0].breaks && !shifts[1].paid);
    CHECK_TEXT(shifts[1].day, "tuesday");
    CHECK_INT(shifts[1].breaks->count, 2);
    CHECK_INT(((const struct Break *)shifts[1].breaks->at)[1].minutes, 1);
    CHECK_TEXT(((const struct Break *)list_item(shifts[1].breaks, &Break_shape, 0))->place, "roof");
    CHECK(!r.spare);
    arena_release(&arena);
}

TEST(a_list_may_be_empty_and_an_optional_one_null)
{
    struct Roster r;
    CHECK_OK(read_roster("{\"shifts\":[ ],\"spare\":null}", &r));
    CHECK_INT(r.shifts->count, 0);
    CHECK(!r.spare);
    refused("{}", MISSING_FIELD, "shifts", NULL);
    refused("{\"shifts\":null}", WRONG_TYPE, "shifts", NULL);
    arena_release(&arena);
}

TEST(what_is_wrong_in_a_list_is_named_by_its_place)
{
    refused("{\"shifts\":{}}", WRONG_TYPE, "shifts", "Expected an array.");
    refused("{\"shifts\":[" ONE ",7]}", WRONG_TYPE, "shifts[1]", "Expected an object.");
    refused("{\"shifts\":[null]}", WRONG_TYPE, "shifts[0]", "Expected an object.");
    refused("{\"shifts\":[" ONE "," ONE ",{\"day\":\"friday\",\"from\":\"08:00\"}]}", NOT_A_CHOICE,
            "shifts[2].day", NULL);
    refused("{\"shifts\":[" ONE ",{\"day\":\"monday\"}]}", MISSING_FIELD, "shifts[1].from", NULL);
    refused("{\"shifts\":[{\"day\":\"monday\",\"from\":\"8\",\"breaks\":[{\"minutes\":1},"
            "{\"minutes\":61}]}]}",
            OUT_OF_RANGE, "shifts[0].breaks[1].minutes", "Expected a value from 1 to 60.");
    refused("{\"shifts\":[{\"day\":\"monday\",\"from\":\"8\",\"x\":1}]}", UNKNOWN_FIELD,
            "shifts[0].x", NULL);
    refused("{\"shifts\":[" ONE ONE "]}", MALFORMED, "shifts", NULL);
    refused("{\"shifts\":[" ONE ",]}", MALFORMED, "shifts[1]", NULL);
    refused("{\"shifts\":[" ONE, MALFORMED, "shifts", NULL);
    arena_release(&arena);
}

/* `count` shifts of another `from` each. */
static const char *many(int count)
{
    scoped_text json = {0};
    text_append(&json, "{\"shifts\":[");
    for (int i = 0; i < count; i++)
        text_printf(&json, "%s{\"day\":\"monday\",\"from\":\"%d\",\"paid\":false}", i ? "," : "",
                    i);
    text_append(&json, "]}");
    return arena_text(&arena, text_value(&json));
}

TEST(a_list_has_at_most_so_many_and_is_written_as_it_was_read)
{
    for (int count = 0; count <= 20; count++) {
        struct Roster r;
        scoped_text out = {0};
        CHECK_OK(read_roster(many(count), &r));
        CHECK_INT(r.shifts->count, count);
        shape_write(&Roster_shape, &r, &out);
        CHECK_TEXT(text_value(&out), many(count));
    }
    refused(many(21), OUT_OF_RANGE, "shifts", "At most 20 items.");
    arena_release(&arena);
}

TEST(an_amount_is_an_integer_from_one_and_may_be_absent)
{
    struct Roster r;
    scoped_text out = {0};
    CHECK_OK(read_roster("{\"shifts\":[],\"people\":1000000000000000}", &r));
    CHECK_INT(r.people, INT64_C(1000000000000000));
    CHECK_OK(read_roster("{\"shifts\":[],\"people\":null}", &r));
    shape_write(&Roster_shape, &r, &out);
    CHECK_TEXT(text_value(&out), "{\"shifts\":[]}");
    refused("{\"shifts\":[],\"people\":0}", OUT_OF_RANGE, "people", NULL);
    refused("{\"shifts\":[],\"people\":-1}", OUT_OF_RANGE, "people", NULL);
    refused("{\"shifts\":[],\"people\":1.5}", WRONG_TYPE, "people", NULL);
    refused("{\"shifts\":[],\"people\":1e400}", OUT_OF_RANGE, "people", NULL);
    arena_release(&arena);
}

/* What it was copied from is released before the copy is looked at. */
TEST(a_copy_is_equal_and_its_own)
{
    static const char *const json =
        "{\"shifts\":[{\"day\":\"monday\",\"from\":\"8\",\"paid\":true,"
        "\"seen\":\"2026-01-02T20:00:00.000000Z\",\"breaks\":[{\"minutes\":5,\"place\":\"roof\"}]},"
        "{\"day\":\"tuesday\",\"from\":\"9\",\"paid\":false,\"breaks\":[]}],\"people\":3,"
        "\"names\":{\"en\":\"Day\"}}";
    scoped_arena kept = {0};
    scoped_text out = {0};
    struct Roster r, copy, other;
    CHECK_OK(read_roster(json, &r));
    shape_copy(&Roster_shape, &r, &kept, &copy);
    CHECK(shape_equal(&Roster_shape, &r, &copy));
    arena_release(&arena);
    shape_write(&Roster_shape, &copy, &out);
    CHECK_TEXT(text_value(&out), json);
    CHECK_OK(read_roster("{\"shifts\":[" ONE "]}", &other));
    CHECK(!shape_equal(&Roster_shape, &other, &copy));
    CHECK(!list_copy(&Shift_shape, NULL, &kept));
    CHECK_INT(list_copy(&Shift_shape, copy.shifts, &kept)->count, 2);
    arena_release(&arena);
}
