/* view_file_test.c -- what a view file may look like, and that a malformed one is refused at start.
 */
#include "tests/support/harness.h"

#include "view_engine/batch.h"
#include "base/text.h"
#include "events/sql_fragment.h"

#define TABLES "-- a view\n-- :tables\nCREATE TABLE t (k uuid PRIMARY KEY, version bigint);\n"

static const struct problem *parse(struct arena *a, const char *name, const char *text,
                                   struct view *v)
{
    return view_parse(&(struct embedded){name, text}, &event_language, a, v);
}

TEST(a_view_file_is_tables_statements_and_versions)
{
    scoped_arena a = {0};
    struct view v;
    CHECK_OK(parse(
        &a, "some_view.sql",
        TABLES
        "\n-- :on report.created, report.upvoted\n-- why\nINSERT INTO t SELECT 1 FROM batch;\n\n"
        "-- :version t k report\n\n-- :on report.upvoted\nWITH x AS (SELECT 1) SELECT 2 FROM x\n",
        &v));
    CHECK_TEXT(v.name, "some_view");
    CHECK_TEXT(v.home, "main");
    CHECK_TEXT(v.tables, "CREATE TABLE t (k uuid PRIMARY KEY, version bigint);\n\n");
    /* Python's hashlib.blake2b; a change would rebuild every view */
    CHECK_TEXT(v.digest, "e4d679c9e83f51dcb9bad1fc7b061b6dd46292aaaaf035c1d268d9a69b0fd1e8");
    CHECK_INT(v.count, 3);
    CHECK_TEXT(v.statements[0].types[1], "report.upvoted");
    CHECK(v.statements[0].types[2] == NULL);
    CHECK(text_starts(v.statements[0].sql.sql,
                      "WITH batch AS (SELECT position FROM (SELECT unnest($1::"));
    CHECK(strstr(v.statements[0].sql.sql, ") INSERT INTO t SELECT 1 FROM batch") != NULL);
    CHECK_TEXT(v.statements[1].prefix, "report-");
    CHECK_TEXT(v.statements[1].types[1], "report.upvoted"); /* named: not for :version */
    CHECK(strstr(v.statements[2].sql.sql, "), x AS (SELECT 1) SELECT 2 FROM x") != NULL);
    CHECK(!text_equal(v.statements[0].sql.name, v.statements[2].sql.name));
}

TEST(a_fragment_is_part_of_a_views_text)
{
    scoped_arena a = {0};
    struct view v, same;
    static const char begin[] = "-- :tables\nCREATE TABLE t (k uuid PRIMARY KEY, p text DEFAULT (";
    static const char end[] = ")[1]);\n-- :on report.created\nINSERT INTO t SELECT 1 FROM batch\n";
    scoped_text words = {0};
    sql_fragments[0].append(&words);
    CHECK_OK(parse(&a, "v.sql",
                   arena_printf(&a, "%s\n-- :fragment %s\n%s", begin, sql_fragments[0].name, end),
                   &v));
    CHECK_OK(
        parse(&a, "v.sql", arena_printf(&a, "%s\n%s\n%s", begin, text_value(&words), end), &same));
    CHECK_TEXT(v.tables, same.tables);
    CHECK_TEXT(v.digest, same.digest);
    CHECK(parse(&a, "v.sql", arena_printf(&a, "%s\n-- :fragment no_such\n%s", begin, end), &v) ==
          NOT_STARTED);
}

/* The columns of the only statement of a file. */
static const char *columns_of(struct arena *a, const char *text)
{
    struct view v;
    scoped_text out = {0};
    CHECK_OK(parse(a, "v.sql", text, &v));
    for (int i = 0; i < v.statements[0].column_count; i++)
        text_printf(&out, "%s ", v.statements[0].columns[i].name);
    return arena_text(a, text_value(&out));
}

TEST(a_batch_has_the_columns_that_its_statement_names)
{
    scoped_arena a = {0};
    static const char members[] = TABLES
        "-- :members k uuid, at timestamp with time zone\n-- :members note jsonb, k_id text\n"
        "-- :on report.created\n";
    struct view v;
    char text[1024];
    static const struct {
        const char *sql, *columns;
    } cases[] = {
        {"SELECT k FROM batch", "position k "},
        {"SELECT count(*) FROM batch", "position "},
        {"SELECT batch.NOTE, max(version) FROM batch", "position version note "},
        {"SELECT data->>'k_id', stream, type, time FROM batch",
         "position stream type time data k_id "},
        {"SELECT at_least, kk, notes, \"at\" FROM batch", "position at "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "%s%s", members, cases[i].sql);
        CHECK_TEXT(columns_of(&a, text), cases[i].columns);
    }
    snprintf(text, sizeof(text), "%sSELECT at, note, version FROM batch", members);
    CHECK_OK(parse(&a, "v.sql", text, &v));
    CHECK_TEXT(
        v.statements[0].sql.sql,
        "WITH batch AS (SELECT position, version, \"at\"::timestamp with time zone AS \"at\", "
        "\"note\"::jsonb AS \"note\" FROM (SELECT unnest($1::bigint[]) AS \"position\", "
        "unnest($2::bigint[]) AS \"version\", unnest($3::text[]) AS \"at\", "
        "unnest($4::text[]) AS \"note\") AS b) "
        "SELECT at, note, version FROM batch");
}

TEST(a_members_type_may_have_modifiers)
{
    scoped_arena a = {0};
    struct view v;
    CHECK_OK(parse(&a, "v.sql",
                   TABLES "-- :members price numeric(9,6), place geometry(Point, 4326)\n"
                          "-- :members at timestamp(3) with time zone,\n"
                          "-- :on report.created\nSELECT place, price, at FROM batch",
                   &v));
    CHECK_TEXT(v.statements[0].sql.sql,
               "WITH batch AS (SELECT position, \"price\"::numeric(9,6) AS \"price\", "
               "\"place\"::geometry(Point, 4326) AS \"place\", "
               "\"at\"::timestamp(3) with time zone AS \"at\" FROM (SELECT "
               "unnest($1::bigint[]) AS \"position\", unnest($2::text[]) AS \"price\", "
               "unnest($3::text[]) AS \"place\", unnest($4::text[]) AS \"at\") AS b) "
               "SELECT place, price, at FROM batch");
}

TEST(statements_see_their_types_and_versions_see_their_streams)
{
    scoped_arena a = {0};
    struct view v;
    CHECK_OK(
        parse(&a, "v.sql", TABLES "-- :on report.upvoted\nSELECT 1\n-- :version t k report\n", &v));
    struct batch_event vote = {.stream = "vote-1", .type = "report.upvoted"};
    struct batch_event named = {.stream = "report-1", .type = "report.upvoted"};
    struct batch_event edit = {.stream = "report-1", .type = "report.edited"};
    struct batch_event user = {.stream = "user-1", .type = "user.registered"};
    struct batch_event odd = {
        .stream = "user-1", .type = "user.forgotten", .unreadable = "unknown type"};
    CHECK(statement_wants(&v.statements[0], &vote) && !statement_wants(&v.statements[1], &vote));
    CHECK(statement_wants(&v.statements[0], &named) && !statement_wants(&v.statements[1], &named));
    CHECK(!statement_wants(&v.statements[0], &edit) && statement_wants(&v.statements[1], &edit));
    CHECK(view_wants(&v, &vote) && view_wants(&v, &edit) && !view_wants(&v, &user));
    CHECK(view_wants(&v, &odd));
}

TEST(malformed_files_are_refused)
{
    static const struct {
        const char *name, *text;
    } files[] = {
        {"v.sql", ""},
        {"v.sql", "-- only words\n"},
        {"v.sql", TABLES},
        {"v.sql", "CREATE TABLE t ();\n" TABLES "-- :on report.created\nSELECT 1\n"},
        {"v.sql", "-- :on report.created\nSELECT 1\n" TABLES},
        {"v.sql", TABLES "-- :tables\nCREATE TABLE u ();\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", "-- :tables\n-- nothing\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", "-- :tables t\nCREATE TABLE t ();\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :on\nSELECT 1\n"},
        {"v.sql", TABLES "-- :on report.creatd\nSELECT 1\n"},
        {"v.sql", TABLES "-- :on report.created\n-- nothing\n;\n"},
        {"v.sql", TABLES "-- :on report.created\n-- :on report.upvoted\nSELECT 1\n"},
        {"v.sql", TABLES "-- :when report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members\n-- :members k\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members k uuid, k text\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members version bigint\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members k uuid) --\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members k numeric(9,6\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members k numeric()\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members k numeric(9)(6)\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members k numeric(9;6)\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members k (9)\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members K uuid\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :members k uuid\nSELECT 1\n-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :version t k\n"},
        {"v.sql", TABLES "-- :version t k report more\n"},
        {"v.sql", TABLES "-- :version t \"k\" report\n"},
        {"v.sql", TABLES "-- :version t k report\nSELECT 1\n"},
        {"v.sql", "-- :lane\n" TABLES "-- :on report.created\nSELECT 1\n"},
        {"v.sql", "-- :lane a b\n" TABLES "-- :on report.created\nSELECT 1\n"},
        {"v.sql", "-- :lane A\n" TABLES "-- :on report.created\nSELECT 1\n"},
        {"v.sql", TABLES "-- :lane a\n-- :on report.created\nSELECT 1\n"},
        {"main.sql", TABLES "-- :on report.created\nSELECT 1\n"},
        {"pg_view.sql", TABLES "-- :on report.created\nSELECT 1\n"},
        {"View.sql", TABLES "-- :on report.created\nSELECT 1\n"},
        {"v.txt", TABLES "-- :on report.created\nSELECT 1\n"},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        scoped_arena a = {0};
        struct view v;
        const struct problem *p = parse(&a, files[i].name, files[i].text, &v);
        if (p != NOT_STARTED)
            printf("file %zu\n", i);
        CHECK_PROBLEM(p, NOT_STARTED);
    }
}
