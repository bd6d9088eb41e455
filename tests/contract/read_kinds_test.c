/* read_kinds_test.c -- each query that shows one report says what kind of read that is, by the one
 * rule there is: nobody reads a private report without a record, and no record leads from an author
 * to theirs. */
#include "tests/support/harness.h"

#include "base/text.h"
#include "events/bindings.h"
#include "events/problems.h"
#include "events/query_text.h"
#include "events/words.h"

#include "events/bindings.def"

#define QUERY(verb, at, roles, name, kind, seconds, views, otherwise, ...) \
    {at, #name, {__VA_ARGS__}},
static const struct {
    const char *path, *file;
    struct binding bindings[BINDINGS_MAX];
} rows[] = {
#include "lists/routes.def"
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* By its path, or a parameter without which it shows nothing. */
static bool names_a_report(const struct binding *b)
{
    return (b->kind == BIND_PATH_ID && text_equal(b->stream_kind, "report")) ||
           (b->kind == BIND_ID && b->min && text_equal(b->name, "report_id"));
}

static bool is_about_one_report(int i, const char *sql)
{
    bool named = strstr(sql, "report_seen") != NULL;
    for (const struct binding *b = rows[i].bindings; b->kind; b++)
        named = named || names_a_report(b);
    return named;
}

TEST(each_query_about_one_report_says_what_kind_of_read_it_is)
{
    int count = 0;
    for (int i = 0; i < ROWS; i++) {
        scoped_text sql = {0};
        CHECK_OK(append_query(&sql, rows[i].file));
        const char *file = query_file(rows[i].file, strlen(rows[i].file));
        if (!is_about_one_report(i, text_value(&sql)))
            continue;
        count++;
        if (!strstr(file, "-- :include report_read\n") || !strstr(text_value(&sql), "AS read_kind"))
            test_fail(__FILE__, __LINE__, rows[i].path, rows[i].file, "report_read");
    }
    CHECK(count >= 7);
}

/* The rule takes $1, $2 and $3 for the report, who asks, and what stands for them. */
TEST(the_rule_of_reads_is_given_the_report_and_who_asks)
{
    static const enum binding_kind wanted[] = {BIND_ACTOR, BIND_PSEUDONYM};
    for (int i = 0; i < ROWS; i++) {
        const struct binding *b = rows[i].bindings;
        if (!strstr(query_file(rows[i].file, strlen(rows[i].file)), "-- :include report_read\n"))
            continue;
        if (!names_a_report(&b[0]) || b[1].kind != wanted[0] || b[2].kind != wanted[1])
            test_fail(__FILE__, __LINE__, rows[i].path, "another order", "report, user, pseudonym");
    }
}
