/* schema_test.c -- events.def and the hand-written schemas are two opinions of the same facts: they
 * must agree on every member. Samples of every version ever shipped can be read, and read =
 * written. */
#include "tests/support/harness.h"

#include <dirent.h>
#include <math.h>

#include <cjson/cJSON.h>

#include "base/time.h"
#include "events/event.h"
#include "features/category/category.h"

static struct arena arena;

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *s = arena_alloc(&arena, 65536);
    size_t n = f ? fread(s, 1, 65535, f) : 0;
    if (f)
        fclose(f);
    s[n] = '\0';
    return s;
}

static const char *schema_path(const char *folder, const char *name, int version)
{
    return arena_printf(&arena, SOURCE_DIR "/events/schema/%s%s.v%d.json", folder, name, version);
}

static const cJSON *in(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static double number(const cJSON *o, const char *name)
{
    const cJSON *n = in(o, name);
    return cJSON_IsNumber(n) ? n->valuedouble : NAN;
}

static const char *string(const cJSON *o, const char *name)
{
    return cJSON_GetStringValue(in(o, name));
}

static bool lists(const cJSON *array, const char *word)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, array) if (text_equal(item->valuestring, word)) return true;
    return false;
}

static void is(bool condition, const char *member, const char *what)
{
    if (!condition)
        test_fail(__FILE__, __LINE__, member, "the schema disagrees", what);
}

static void compare(const struct shape *shape, const cJSON *schema, const char *path);

static void compare_text(const cJSON *s, int64_t limit, const char *at)
{
    is(text_equal(string(s, "type"), "string"), at, "type string");
    is(number(s, "minLength") == 1, at, "minLength 1");
    is(number(s, "maxLength") == (double)limit, at, "maxLength");
}

static void compare_amount(const cJSON *s, int64_t limit, const char *at)
{
    is(text_equal(string(s, "type"), "integer"), at, "type integer");
    is(number(s, "minimum") == 1, at, "minimum 1");
    is(number(s, "maximum") == (limit ? (double)limit : 1e15), at, "maximum");
}

static void compare_word(const cJSON *s, const char *const *words, const char *at)
{
    int count = 0;
    for (; words[count]; count++)
        is(lists(in(s, "enum"), words[count]), at, words[count]);
    is(cJSON_GetArraySize(in(s, "enum")) == count, at, "no other word");
}

static void compare_item(const struct shape *of, const cJSON *s, const char *at);

static void compare_member(const struct field *f, const cJSON *s, const char *at)
{
    is((cJSON_IsTrue(in(s, "x-personal")) != 0) == (f->flags & PERSONAL), at, "x-personal");
    switch (f->kind) {
    case KIND_TEXT: compare_text(s, f->limit, at); return;
    case KIND_UUID: is(text_equal(string(s, "format"), "uuid"), at, "format uuid"); return;
    case KIND_WORD: compare_word(s, f->sub, at); return;
    case KIND_TIME:
    case KIND_MOMENT:
        is(text_equal(string(s, "format"), "date-time"), at, "format date-time");
        return;
    case KIND_INT: is(text_equal(string(s, "type"), "integer"), at, "type integer"); return;
    case KIND_AMOUNT: compare_amount(s, f->limit, at); return;
    case KIND_NUMBER:
        is(number(s, "minimum") == -(double)f->limit, at, "minimum");
        is(number(s, "maximum") == (double)f->limit, at, "maximum");
        return;
    case KIND_EXTENT:
        is(number(s, "minimum") == 0 && number(s, "maximum") == (double)f->limit, at, "0 to limit");
        return;
    case KIND_BOOL:
    case KIND_FLAG: is(text_equal(string(s, "type"), "boolean"), at, "type boolean"); return;
    case KIND_OBJECT: compare(f->sub, s, at); return;
    case KIND_TEXTS:
        is(number(s, "minProperties") == 1 && number(s, "maxProperties") == 32, at,
           "1 to 32 members");
        compare_text(in(s, "additionalProperties"), f->limit, at);
        return;
    case KIND_LIST:
        is(text_equal(string(s, "type"), "array"), at, "type array");
        is(number(s, "maxItems") == (double)f->limit, at, "maxItems");
        compare_item(f->sub, in(s, "items"), arena_printf(&arena, "%s[]", at));
        return;
    }
}

/* An element of a list. */
static void compare_item(const struct shape *of, const cJSON *s, const char *at)
{
    if (of->bare)
        compare_member(of->fields(), s, at);
    else
        compare(of, s, at);
}

static void compare(const struct shape *shape, const cJSON *schema, const char *path)
{
    const cJSON *members = in(schema, "properties");
    is(cJSON_IsFalse(in(schema, "additionalProperties")), path, "additionalProperties false");
    is(cJSON_GetArraySize(members) == shape->count, path,
       "as many properties as _FIELDS of events.def has rows");
    for (int i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields()[i];
        const char *at = arena_printf(&arena, "%s.%s", path, f->name);
        const cJSON *member = in(members, f->name);
        is(member != NULL, at, "a member of that name under properties");
        is(lists(in(schema, "required"), f->name) == (f->presence == REQUIRED), at, "required");
        if (member)
            compare_member(f, member, at);
    }
}

static void has_sample(int type, int version)
{
    is(*read_file(schema_path("samples/", event_name(type), version)) == '{', event_name(type),
       arena_printf(&arena, "a sample: add events/schema/samples/%s.v%d.json, every member filled",
                    event_name(type), version));
}

static bool is_date(const char *s)
{
    int64_t moment;
    return s && strlen(s) == 10 && !time_read(arena_printf(&arena, "%sT00:00:00Z", s), &moment);
}

static void check_schema(const char *name, int version, const struct shape *shape)
{
    cJSON *schema = cJSON_Parse(read_file(schema_path("", name, version)));
    is(schema != NULL, name,
       arena_printf(&arena, "a file: add events/schema/%s.v%d.json", name, version));
    if (!schema)
        return;
    CHECK_TEXT(string(schema, "title"), name);
    CHECK_TEXT(string(schema, "$id"), arena_printf(&arena, "/schemas/%s/%d", name, version));
    is(is_date(string(schema, "x-published")), name, "x-published, a day");
    compare(shape, schema, name);
    cJSON_Delete(schema);
}

TEST(every_event_agrees_with_its_schema)
{
    for (int t = 0; t < EVENT_TYPES; t++)
        check_schema(event_name(t), event_version(t), event_shape(t));
    arena_release(&arena);
}

TEST(every_older_version_agrees_with_its_schema_and_has_a_step)
{
    for (int t = 0; t < EVENT_TYPES; t++)
        for (int version = 1; version < event_version(t); version++) {
            const struct upcaster *step = event_upcasters;
            while (step->name && (step->from != version || !text_equal(step->name, event_name(t))))
                step++;
            is(step->name != NULL, event_name(t),
               arena_printf(&arena, "a row of UPCASTERS from version %d in its feature", version));
            if (step->name)
                check_schema(step->name, version, step->old);
            has_sample(t, version);
        }
    arena_release(&arena);
}

TEST(a_report_filed_before_kinds_were_kept_has_none_and_reads_as_an_issue)
{
    const char *old = read_file(schema_path("samples/", "report.created", 1));
    struct event e;
    CHECK_OK(event_read("report.created", 1, old, &arena, &e));
    CHECK(!e.ReportCreated.kind);
    CHECK_INT(kind_from(e.ReportCreated.kind), ISSUE);
    CHECK_OK(event_read("report.created", 2,
                        read_file(schema_path("samples/", "report.created", 2)), &arena, &e));
    CHECK_TEXT(e.ReportCreated.kind, "issue");
    CHECK_INT(kind_from("crime"), CRIME);
    arena_release(&arena);
}

TEST(samples_of_every_version_are_read_and_written_the_same)
{
    DIR *folder = opendir(SOURCE_DIR "/events/schema/samples");
    int seen = 0;
    for (struct dirent *d; (d = readdir(folder));) {
        const char *v = strstr(d->d_name, ".v");
        if (!v)
            continue;
        const char *name = arena_bytes(&arena, d->d_name, (size_t)(v - d->d_name));
        const char *data =
            read_file(arena_printf(&arena, SOURCE_DIR "/events/schema/samples/%s", d->d_name));
        int version = (int)strtol(v + 2, NULL, 10);
        struct event e;
        CHECK_OK(event_read(name, version, data, &arena, &e));
        scoped_text again = {0};
        CHECK_OK(event_write(&e, &arena, &again, NULL));
        if (version == event_version(e.type))
            CHECK_TEXT(arena_printf(&arena, "%s\n", text_value(&again)), data);
        seen++;
    }
    closedir(folder);
    CHECK(seen >= EVENT_TYPES);
    arena_release(&arena);
}

/* Rules are younger than what they would refuse today: a text that shows nothing, a missing fix, a
 * time without decimals. */
TEST(what_was_stored_under_older_rules_is_read)
{
    static const char data[] =
        "{\"report_id\":\"019b7f00-0000-7000-8000-000000000001\",\"visibility\":\"PUBLIC\","
        "\"content\":\"\xe3\x85\xa4\",\"category\":\"lainnya\",\"owner_agency\":\"AGENCY\","
        "\"status\":\"RECEIVED\",\"location\":{\"latitude\":0,\"longitude\":0},"
        "\"created_at\":\"2026-01-02T20:00:00.5Z\"}";
    struct event e = {.type = ReportCreated};
    scoped_text again = {0};
    CHECK_OK(event_read("report.created", 1, data, &arena, &e));
    CHECK_TEXT(e.ReportCreated.content, "\xe3\x85\xa4");
    CHECK(e.ReportCreated.location != NULL);
    CHECK_OK(event_write(&e, &arena, &again, NULL));
    CHECK(strstr(text_value(&again), "\"created_at\":\"2026-01-02T20:00:00.500000Z\"") != NULL);
    arena_release(&arena);
}

TEST(an_id_in_upper_case_is_read_in_lower_case)
{
    struct event e;
    CHECK_OK(event_read("report.upvoted", 1,
                        "{\"report_id\":\"019B7F00-0000-7000-8000-00000000000A\","
                        "\"voter_user_id\":\"019b7f00-0000-7000-8000-00000000000B\","
                        "\"created_at\":\"2026-01-02T20:00:00Z\"}",
                        &arena, &e));
    CHECK_TEXT(e.ReportUpvoted.report_id, "019b7f00-0000-7000-8000-00000000000a");
    CHECK_TEXT(e.ReportUpvoted.voter_user_id, "019b7f00-0000-7000-8000-00000000000b");
    arena_release(&arena);
}

/* The current sample of the type, with each member in turn as a rule would leave it that forgot it.
 */
static void forget_each_member(int t)
{
    const struct shape *shape = event_shape(t);
    for (int i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields()[i];
        struct event e;
        struct fault fault = {0};
        scoped_text out = {0};
        bool can_be_absent = f->kind != KIND_INT && f->kind != KIND_NUMBER && f->kind != KIND_BOOL;
        const char *data = read_file(schema_path("samples/", event_name(t), event_version(t)));
        CHECK_OK(event_read(event_name(t), event_version(t), data, &arena, &e));
        memset((unsigned char *)&e.ReportCreated + f->offset, 0,
               can_be_absent ? sizeof(void *) : 0);
        const struct problem *p = event_write(&e, &arena, &out, &fault);
        bool must = f->presence == REQUIRED && can_be_absent;
        if (p != (must ? UNWRITABLE_EVENT : NULL) || (must && !text_equal(fault.field, f->name)) ||
            (must && out.length))
            test_fail(__FILE__, __LINE__, event_name(t), fault.field, f->name);
    }
}

TEST(an_event_without_a_required_member_is_not_written)
{
    for (int t = 0; t < EVENT_TYPES; t++)
        forget_each_member(t);
    arena_release(&arena);
}

TEST(an_event_is_not_written_that_could_not_be_read_again)
{
    static char long_text[70];
    memset(long_text, 'x', sizeof(long_text) - 1);
    const struct event events[] = {
        EVENT(ReportUpvoted, .report_id = "no uuid", .voter_user_id = NULL, .created_at = 1),
        EVENT(UserRegistered, .user_id = "019b7f00-0000-7000-8000-000000000001", .role = "KING",
              .registered_at = 1),
        EVENT(UserRegistered, .user_id = "019b7f00-0000-7000-8000-000000000001", .role = "ADMIN",
              .agency = long_text, .registered_at = 1),
        EVENT(UserRegistered, .user_id = "019b7f00-0000-7000-8000-000000000001", .role = "ADMIN",
              .agency = "\xff", .registered_at = 1),
    };
    static const char *const members[] = {"report_id", "role", "agency", NULL};
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        scoped_text out = {0};
        struct fault fault = {0};
        CHECK_PROBLEM(event_write(&events[i], &arena, &out, &fault), UNWRITABLE_EVENT);
        if (members[i])
            CHECK_TEXT(fault.field, members[i]);
    }
    arena_release(&arena);
}

TEST(every_event_has_a_sample)
{
    for (int t = 0; t < EVENT_TYPES; t++)
        has_sample(t, event_version(t));
    arena_release(&arena);
}

/* ---- the upcaster chain, on an event type of the tests: three versions ---- */

#define LightV1_FIELDS(F) F(REQUIRED, TEXT, lamp, 64)
#define LightV2_FIELDS(F) F(REQUIRED, TEXT, lamp, 64) F(REQUIRED, INT, lumen, 0)
#define LightV3_FIELDS(F) \
    F(REQUIRED, TEXT, lamp, 64) F(REQUIRED, INT, lumen, 0) F(REQUIRED, BOOL, bright, 0)
DEFINE_STRUCT(LightV1)
DEFINE_STRUCT(LightV2)
DEFINE_STRUCT(LightV3)
DEFINE_SHAPE(LightV1)
DEFINE_SHAPE(LightV2)
DEFINE_SHAPE(LightV3)

static void to_v2(struct arena *a, const void *old, void *next)
{
    const struct LightV1 *from = old;
    (void)a;
    *(struct LightV2 *)next = (struct LightV2){.lamp = from->lamp, .lumen = 800};
}

static void to_v3(struct arena *a, const void *old, void *next)
{
    const struct LightV2 *from = old;
    (void)a;
    *(struct LightV3 *)next = (struct LightV3){from->lamp, from->lumen, from->lumen > 500};
}

static const struct upcaster steps[] = {
    {"light.lit", 1, &LightV1_shape, &LightV2_shape, to_v2},
    {"light.lit", 2, &LightV2_shape, &LightV3_shape, to_v3},
    {.name = NULL},
};

TEST(an_old_event_climbs_step_by_step_to_the_current_version)
{
    const char *out;
    CHECK_OK(event_upcast(steps, "light.lit", 1, 3, "{\"lamp\":\"a\"}", &arena, &out));
    CHECK_TEXT(out, "{\"lamp\":\"a\",\"lumen\":800,\"bright\":true}");
    CHECK_OK(event_upcast(steps, "light.lit", 2, 3, "{\"lamp\":\"a\",\"lumen\":5}", &arena, &out));
    CHECK_TEXT(out, "{\"lamp\":\"a\",\"lumen\":5,\"bright\":false}");
    CHECK_OK(event_upcast(steps, "light.lit", 3, 3, "as it is", &arena, &out));
    CHECK_TEXT(out, "as it is");
    arena_release(&arena);
}

TEST(a_missing_step_a_newer_version_and_a_body_that_does_not_fit_are_unreadable)
{
    const char *out;
    CHECK_PROBLEM(event_upcast(steps, "light.lit", 1, 4, "{\"lamp\":\"a\"}", &arena, &out),
                  UNREADABLE_EVENT);
    CHECK_PROBLEM(event_upcast(steps, "light.lit", 4, 3, "{}", &arena, &out), UNREADABLE_EVENT);
    CHECK_PROBLEM(event_upcast(steps, "light.lit", 1, 3, "{\"lamp\":1}", &arena, &out),
                  UNREADABLE_EVENT);
    struct event e;
    CHECK_PROBLEM(event_read("never.heard.of", 1, "{}", &arena, &e), UNREADABLE_EVENT);
    CHECK_PROBLEM(event_read("report.upvoted", 2, "{}", &arena, &e), UNREADABLE_EVENT);
    arena_release(&arena);
}
