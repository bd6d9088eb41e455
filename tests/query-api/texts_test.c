/* texts_test.c -- texts for people come in the language that the client wants, and no cache
 * mixes them up. */
#include "tests/query-api/fixture.h"

#define ID "Accept-Language: id, en;q=0.5\r\n"

static void check_language(const struct response *r, const char *language, const char *vary)
{
    char value[64];
    CHECK_INT(r->status, 200);
    CHECK_TEXT(header(r, "Content-Language", value, sizeof(value)), language);
    CHECK_TEXT(header(r, "Vary", value, sizeof(value)), vary);
}

#define PLAIN "Accept-Language, Accept-Encoding"

TEST(a_name_is_in_the_language_of_the_request_and_the_cache_keeps_them_apart)
{
    query_start(1, 1 << 20);
    views_sql("INSERT INTO category_list.category_list VALUES ('jalan', 1, '{\"id\": \"Jalan\", "
              "\"en\": \"Roads\"}', 'A', 'issue', false, true)");
    views_sql("INSERT INTO agency_list.agency_list VALUES "
              "('A', 1, '{\"id\": \"Dinas\", \"en\": \"Works\"}', NULL, true), "
              "('B', 1, '{\"jv\": \"Kantor\"}', NULL, true)");
    for (int i = 0; i < 3; i++) {
        scoped_response en = get("/categories", NULL, NULL), id = get("/categories", NULL, ID);
        check_language(&en, "en", PLAIN);
        check_language(&id, "id", PLAIN);
        CHECK(has(&en, "\"name\":\"Roads\"") && has(&id, "\"name\":\"Jalan\""));
    }
    scoped_response en = get("/agencies", NULL, NULL), id = get("/agencies", NULL, ID);
    CHECK(has(&en, "\"name\":\"Works\"") && has(&id, "\"name\":\"Dinas\""));
    CHECK(has(&en, "\"name\":\"Kantor\"") && has(&id, "\"name\":\"Kantor\"")); /* the only one */
    query_stop();
}

TEST(the_texts_of_all_states_are_listed_in_each_language)
{
    query_start(1, 1 << 20);
    scoped_response en = get("/statuses", NULL, NULL), id = get("/statuses", NULL, ID);
    check_language(&en, "en", PLAIN);
    check_language(&id, "id", PLAIN);
    CHECK_INT(occurrences(&en, "\"code\""), STATUS_COUNT);
    CHECK_INT(occurrences(&id, "\"code\""), STATUS_COUNT);
    CHECK(has(&en, "\"code\" : \"IN_PROGRESS\", \"text\" : \"In progress\""));
    CHECK(has(&id, "\"code\" : \"IN_PROGRESS\", \"text\" : \"Sedang dikerjakan\""));
    query_stop();
}

TEST(a_problem_is_explained_in_the_language_of_the_request)
{
    query_start(1, 1 << 20);
    scoped_response en = get("/problems/no-such-item", NULL, NULL);
    scoped_response id = get("/problems/no-such-item", NULL, ID);
    scoped_response page = get("/problems/no-such-item", NULL, ID "Accept: text/html\r\n");
    check_language(&en, "en", "Accept, " PLAIN);
    check_language(&id, "id", "Accept, " PLAIN);
    CHECK(has(&en, "There is no such item.") && has(&en, "Nothing was changed."));
    CHECK(has(&id, "Hal itu tidak ada.") && has(&id, "Tidak ada yang diubah."));
    CHECK(has(&page, "<html lang=\"id\">") && has(&page, "Hal itu tidak ada."));
    scoped_response all = get("/problems", NULL, ID);
    check_language(&all, "id", "Accept, " PLAIN);
    CHECK(has(&all, "Hal itu tidak ada."));
    query_stop();
}

/* A response that is the same in all languages does not say it depends on one. */
TEST(what_holds_no_such_text_does_not_vary)
{
    start_with_reports(1, 1);
    scoped_response feed = get("/reports/public", NULL, ID);
    check_language(&feed, "", "Accept-Encoding");
    scoped_response root = get("/", NULL, ID);
    check_language(&root, "", "Accept, Accept-Encoding");
    query_stop();
}
