/* columns_test.c -- arrays in binary form arrive in PostgreSQL as they left. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "platform/postgres/columns.h"

static const struct pg_statement COUNT = {
    "count", "SELECT count(*), string_agg(coalesce(n::text, '-'), ',' ORDER BY place), "
             "string_agg(coalesce(t, '-'), '|' ORDER BY place) "
             "FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS x(n, t, place)"};

static void check(struct pg *db, struct column *numbers, struct column *texts, int rows,
                  const char *expected_numbers, const char *expected_texts)
{
    scoped_rows *found = NULL;
    const struct pg_value values[] = {column_end(numbers), column_end(texts)};
    CHECK_OK(pg_call_binary(db, &COUNT, 2, values, &found));
    CHECK_INT(rows_int(found, 0, 0), rows);
    CHECK_TEXT(rows_text(found, 0, 1), expected_numbers);
    CHECK_TEXT(rows_text(found, 0, 2), expected_texts);
}

static void begin(struct column *numbers, struct column *texts)
{
    column_begin(numbers, COLUMN_BIGINT);
    column_begin(texts, COLUMN_TEXT);
}

TEST(columns_arrive_as_they_left)
{
    struct pg *db = pg_new(test_database(), "test", NULL, 5000);
    struct column numbers = {0}, texts = {0};
    begin(&numbers, &texts);
    static const int64_t n[] = {0, -1, INT64_MAX, INT64_MIN, 4294967296};
    for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
        column_int(&numbers, n[i]);
    column_text(&texts, "a \"b\" {c},\\\n", 12);
    column_text(&texts, "", 0);
    column_text(&texts, NULL, 0);
    column_text(&texts, "NULL", 4);
    column_text(&texts, "\xc3\xa9tc", 3); /* as much of it as was said */
    check(db, &numbers, &texts, 5, "0,-1,9223372036854775807,-9223372036854775808,4294967296",
          "a \"b\" {c},\\\n||-|NULL|\xc3\xa9t");
    begin(&numbers, &texts); /* again, in the same memory; one of NULLs is padded */
    column_int(&numbers, 7);
    column_text(&texts, NULL, 0);
    column_int(&numbers, 8);
    column_text(&texts, NULL, 0);
    check(db, &numbers, &texts, 2, "7,8", "-|-");
    begin(&numbers, &texts);
    check(db, &numbers, &texts, 0, NULL, NULL);
    column_release(&numbers);
    column_release(&texts);
    pg_free(db);
}

static const struct pg_statement KINDS = {
    "kinds", "SELECT sum(n), bool_and(pg_typeof($1) = 'integer[]'::regtype), "
             "string_agg(j->>'a', ',' ORDER BY place), min(json_typeof(j)), "
             "string_agg(j::text, ' ' ORDER BY place) "
             "FROM unnest($1::int[], $2::json[]) WITH ORDINALITY AS x(n, j, place)"};

TEST(columns_of_int_and_json_arrive_as_such)
{
    struct pg *db = pg_new(test_database(), "test", NULL, 5000);
    struct column numbers = {0}, documents = {0};
    scoped_rows *found = NULL, *refused = NULL;
    column_begin(&numbers, COLUMN_INT);
    column_begin(&documents, COLUMN_JSON);
    column_int(&numbers, INT32_MAX);
    column_int(&numbers, INT32_MIN);
    column_text(&documents, "{\"a\": \"x\\\"y\"}", 13);
    column_text(&documents, "{\"a\":2,\n\"b\":null}", 17);
    struct pg_value values[] = {column_end(&numbers), column_end(&documents)};
    CHECK_OK(pg_call_binary(db, &KINDS, 2, values, &found));
    CHECK_INT(rows_int(found, 0, 0), -1);
    CHECK_TEXT(rows_text(found, 0, 1), "t");
    CHECK_TEXT(rows_text(found, 0, 2), "x\"y,2");
    CHECK_TEXT(rows_text(found, 0, 3), "object");
    CHECK_TEXT(rows_text(found, 0, 4), "{\"a\": \"x\\\"y\"} {\"a\":2,\n\"b\":null}");
    column_begin(&documents, COLUMN_JSON);
    column_text(&documents, "{", 1);
    values[1] = column_end(&documents);
    CHECK_PROBLEM(pg_call_binary(db, &KINDS, 2, values, &refused), STATEMENT_REFUSED);
    CHECK_TEXT(pg_sqlstate(db), "22P02");
    column_release(&numbers);
    column_release(&documents);
    pg_free(db);
}

static const struct pg_statement MOMENTS = {
    "moments", "SELECT bool_and(pg_typeof($1) = 'timestamptz[]'::regtype), "
               "string_agg(coalesce((extract(epoch FROM t) * 1000000)::bigint::text, '-'), ',' "
               "ORDER BY place), min(t) > '200000-01-01' FROM unnest($1::timestamptz[]) WITH "
               "ORDINALITY AS x(t, place)"};

TEST(moments_arrive_to_the_microsecond_and_none_as_null)
{
    static const int64_t at[] = {1,  0,         INT64_C(1767355200000001),
                                 -1, INT64_MIN, INT64_C(253402300799999999)};
    struct pg *db = pg_new(test_database(), "test", NULL, 5000);
    struct column moments = {0};
    scoped_rows *found = NULL, *late = NULL;
    column_begin(&moments, COLUMN_TIME);
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
        column_moment(&moments, at[i]);
    struct pg_value value = column_end(&moments);
    CHECK_OK(pg_call_binary(db, &MOMENTS, 1, &value, &found));
    CHECK_TEXT(rows_text(found, 0, 0), "t");
    CHECK_TEXT(rows_text(found, 0, 1), "1,-,1767355200000001,-,-,253402300799999999");
    column_begin(&moments, COLUMN_TIME);
    column_moment(&moments, INT64_MAX);
    value = column_end(&moments);
    CHECK_OK(pg_call_binary(db, &MOMENTS, 1, &value, &late));
    CHECK_TEXT(rows_text(late, 0, 2), "t");
    column_release(&moments);
    pg_free(db);
}
