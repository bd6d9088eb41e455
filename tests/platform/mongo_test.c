/* mongo_test.c -- documents go in and come out, the same with the stand-in and with a real server.
 */
#include "tests/platform/mongo_fixture.h"

#include <unistd.h>

/* A server, and how it is taken away and brought back with its data. */
struct server {
    const char *(*uri)(void);
    void (*stop)(void);
    void (*start)(void);
};

static void stand_in_down(void)
{
    CHECK_TEXT(stand_in("down"), "ok");
}
static void stand_in_up(void)
{
    CHECK_TEXT(stand_in("up"), "ok");
}
static const struct server STAND_IN = {stand_in_uri, stand_in_down, stand_in_up};
static const struct server REAL = {real_mongo_uri, real_mongo_stop, real_mongo_start};

/* One sentence, two servers. */
#define WITH_BOTH(sentence)                          \
    static void sentence##_(const struct server *s); \
    TEST(sentence)                                   \
    {                                                \
        sentence##_(&STAND_IN);                      \
    }                                                \
    TEST(sentence##_of_a_real_server)                \
    {                                                \
        if (has_real_mongo())                        \
            sentence##_(&REAL);                      \
    }                                                \
    static void sentence##_(const struct server *s)

WITH_BOTH(what_was_inserted_is_found_with_exact_integers)
{
    static const char *const documents[] = {
        "{\"_id\":\"a:1\",\"n\":9223372036854775807,\"text\":\"\\u00e9 \\\"q\\\"\\n\"}",
        "{\"_id\":\"a:2\",\"n\":9007199254740993,\"in\":{\"list\":[1,{\"deep\":-2}]}}",
        "{\"_id\":\"a:3\",\"n\":-9223372036854775808,\"yes\":true,\"none\":null}",
    };
    scoped_mongo *m = client_of(s->uri());
    const char *c = new_collection();
    CHECK_OK(mongo_insert(m, c, documents, 3));
    CHECK_FOUND(
        m, c, "{}", "{\"n\":-1}", 10,
        "{ \"_id\" : \"a:1\", \"n\" : 9223372036854775807, \"text\" : \"é \\\"q\\\"\\n\" }\n"
        "{ \"_id\" : \"a:2\", \"n\" : 9007199254740993, "
        "\"in\" : { \"list\" : [ 1, { \"deep\" : -2 } ] } }\n"
        "{ \"_id\" : \"a:3\", \"n\" : -9223372036854775808, \"yes\" : true, "
        "\"none\" : null }\n");
    CHECK_FOUND(m, c, "{\"n\":9007199254740992}", NULL, 10, "");
}

WITH_BOTH(every_integer_is_kept_as_64_bits)
{
    scoped_mongo *m = client_of(s->uri());
    const char *c = new_collection();
    CHECK_OK(insert_numbers(m, c, 7, 1));
    CHECK_FOUND(m, c, "{\"n\":{\"$type\":\"long\"}}", NULL, 10,
                "{ \"_id\" : \"w:0007\", \"n\" : 7 }\n");
}

WITH_BOTH(an_id_that_is_there_is_success_and_left_as_it_is)
{
    static const char *const other[] = {"{\"_id\":\"w:0002\",\"n\":77}",
                                        "{\"_id\":\"w:0009\",\"n\":9}"};
    scoped_mongo *m = client_of(s->uri());
    const char *c = new_collection();
    CHECK_OK(insert_numbers(m, c, 1, 3));
    CHECK_OK(insert_numbers(m, c, 1, 3));
    CHECK_OK(insert_numbers(m, c, 2, 5)); /* 2 and 3 are there, 4 to 6 are not */
    CHECK_OK(mongo_insert(m, c, other, 2));
    CHECK_INT(count_all(m, c), 7);
    CHECK_FOUND(m, c, "{\"_id\":\"w:0002\"}", NULL, 10, "{ \"_id\" : \"w:0002\", \"n\" : 2 }\n");
}

WITH_BOTH(more_than_a_page_is_found_in_order_up_to_the_limit)
{
    scoped_mongo *m = client_of(s->uri());
    const char *c = new_collection();
    int n = 0;
    CHECK_OK(insert_numbers(m, c, 1, 250));
    CHECK_OK(mongo_find(m, c, "{\"n\":{\"$gt\":10}}", "{\"n\":1}", 1000, count_one, &n));
    CHECK_INT(n, 240);
    n = 0;
    CHECK_OK(mongo_find(m, c, "{}", "{\"n\":1}", 205, count_one, &n));
    CHECK_INT(n, 205);
    CHECK_FOUND(m, c, "{}", "{\"n\":-1}", 2,
                "{ \"_id\" : \"w:0250\", \"n\" : 250 }\n{ \"_id\" : \"w:0249\", \"n\" : 249 }\n");
}

static bool three_of_them(const char *document, void *arg)
{
    return count_one(document, arg) && *(int *)arg < 3;
}

WITH_BOTH(who_has_seen_enough_ends_a_search)
{
    scoped_mongo *m = client_of(s->uri());
    const char *c = new_collection();
    int n = 0;
    CHECK_OK(insert_numbers(m, c, 1, 250));
    CHECK_OK(mongo_find(m, c, "{}", NULL, 250, three_of_them, &n));
    CHECK_INT(n, 3);
    CHECK_INT(count_all(m, c), 250); /* the connection is as good as before */
}

WITH_BOTH(deleting_takes_the_lowest_ids_and_no_more_than_the_limit)
{
    scoped_mongo *m = client_of(s->uri());
    const char *c = new_collection();
    int64_t deleted = -1;
    CHECK_OK(insert_numbers(m, c, 1, 300));
    CHECK_OK(mongo_delete(m, c, "{\"n\":{\"$lte\":250}}", 200, &deleted));
    CHECK_INT(deleted, 200);
    CHECK_FOUND(m, c, "{}", "{\"n\":1}", 1, "{ \"_id\" : \"w:0201\", \"n\" : 201 }\n");
    CHECK_OK(mongo_delete(m, c, "{\"n\":{\"$lte\":250}}", 200, &deleted));
    CHECK_INT(deleted, 50);
    CHECK_OK(mongo_delete(m, c, "{\"n\":{\"$lte\":250}}", 200, &deleted));
    CHECK_INT(deleted, 0);
    CHECK_INT(count_all(m, c), 50);
}

/* A message of the driver holds fewer documents than this. */
WITH_BOTH(a_long_list_is_stored_whole)
{
    scoped_mongo *m = client_of(s->uri());
    const char *c = new_collection();
    CHECK_OK(insert_numbers(m, c, 1, 2500));
    CHECK_OK(insert_numbers(m, c, 1, 2500));
    CHECK_INT(count_all(m, c), 2500);
}

/* The driver does not try again for 5 s. */
static void answers_again(struct mongo *m)
{
    const struct problem *p = NULL;
    int64_t began = time_monotonic();
    while ((p = mongo_ping(m)) && ms_since(began) < 8000)
        usleep(100000);
    CHECK_OK(p);
}

WITH_BOTH(a_server_that_was_killed_has_what_it_acknowledged)
{
    scoped_mongo *m = client_of(s->uri());
    const char *c = new_collection();
    CHECK_OK(insert_numbers(m, c, 1, 20));
    s->stop();
    CHECK_PROBLEM(insert_numbers(m, c, 11, 20), MONGO_UNAVAILABLE);
    CHECK_PROBLEM(mongo_ping(m), MONGO_UNAVAILABLE);
    s->start();
    answers_again(m);
    CHECK_OK(insert_numbers(m, c, 11, 20));
    CHECK_INT(count_all(m, c), 30);
}

TEST(a_real_server_refuses_what_it_does_not_know)
{
    int n = 0;
    if (!has_real_mongo())
        return;
    scoped_mongo *m = client_of(real_mongo_uri());
    const char *c = new_collection();
    CHECK_OK(insert_numbers(m, c, 1, 1));
    CHECK_PROBLEM(mongo_find(m, c, "{\"n\":{\"$nonsense\":1}}", NULL, 1, count_one, &n),
                  MONGO_REFUSED);
    CHECK_OK(mongo_ping(m));
}

/* Ids with what JSON escapes are not for FerretDB: see ferretdb.patch. */
WITH_BOTH(bounds_of_ids_are_those_of_texts)
{
    static const char *const documents[] = {
        "{\"_id\":\"a\",\"n\":1}",  "{\"_id\":\"a b\",\"n\":2}", "{\"_id\":\"a!\",\"n\":3}",
        "{\"_id\":\"a$\",\"n\":4}", "{\"_id\":\"a#\",\"n\":5}",  "{\"_id\":\"ab\",\"n\":6}",
    };
    static const struct {
        const char *bounds;
        int found;
    } rows[] = {
        {"\"$gt\":\"a\"", 5},   {"\"$gte\":\"a\"", 6}, {"\"$lt\":\"a \"", 1},
        {"\"$lte\":\"a\"", 1},  {"\"$lt\":\"a#\"", 3}, {"\"$lte\":\"a#\"", 4},
        {"\"$gt\":\"a b\"", 4}, {"\"$gt\":\"a!\"", 3}, {"\"$gt\":\"a~\"", 0},
        {"\"$lt\":\"a!\"", 2},  {"\"$lt\":\"a~\"", 6}, {"\"$gt\":\"a\",\"$lt\":\"ab\"", 4},
        {"\"$gte\":\"b\"", 0},
    };
    scoped_mongo *m = client_of(s->uri());
    const char *c = new_collection();
    CHECK_OK(mongo_insert(m, c, documents, 6));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char filter[128];
        int n = 0;
        snprintf(filter, sizeof(filter), "{\"_id\":{%s}}", rows[i].bounds);
        CHECK_OK(mongo_find(m, c, filter, NULL, 10, count_one, &n));
        test_int(__FILE__, __LINE__, filter, n, rows[i].found);
    }
}

/* The quickest of three, us, of the 20 greatest ids of a collection. */
static int64_t time_of_the_greatest(struct mongo *m, const char *collection)
{
    int64_t best = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        int n = 0;
        int64_t begun = time_monotonic();
        CHECK_OK(mongo_find(m, collection, "{\"_id\":{\"$gt\":\"w:\",\"$lt\":\"w;\"}}",
                            "{\"_id\":-1}", 20, count_one, &n));
        int64_t taken = time_monotonic() - begun;
        CHECK_INT(n, 20);
        best = taken < best ? taken : best;
    }
    return best;
}

TEST(a_real_server_finds_by_the_index_of_ids_what_is_asked_for_in_their_order)
{
    enum { FEW = 100, PART = 2000, PARTS = 4 };
    if (!has_real_mongo())
        return;
    scoped_mongo *m = client_of(real_mongo_uri());
    const char *small = new_collection();
    CHECK_OK(insert_numbers(m, small, 1, FEW));
    int64_t of_few = time_of_the_greatest(m, small);
    const char *large = new_collection();
    for (int i = 0; i < PARTS; i++)
        CHECK_OK(insert_numbers(m, large, 1 + i * PART, PART));
    CHECK(time_of_the_greatest(m, large) < 10 * of_few + 20000);
}

TEST(nothing_is_a_list_too)
{
    int64_t deleted = -1;
    scoped_mongo *m = client_of(stand_in_uri());
    const char *c = new_collection();
    CHECK_OK(mongo_insert(m, c, NULL, 0));
    CHECK_FOUND(m, c, "{}", "{\"n\":1}", 5, "");
    CHECK_OK(mongo_delete(m, c, "{}", 5, &deleted));
    CHECK_INT(deleted, 0);
    CHECK_PROBLEM(mongo_delete(m, c, "{}", 0, &deleted), INTERNAL);
}

TEST(what_is_no_uri_is_said_before_anybody_connects)
{
    struct mongo *m = NULL;
    CHECK_PROBLEM(mongo_new("postgresql://localhost/", NULL, "x", &m), NOT_STARTED);
    CHECK_PROBLEM(mongo_new("", NULL, "x", &m), NOT_STARTED);
    CHECK(!m);
    CHECK_OK(mongo_new("mongodb://user@127.0.0.1:1/?authSource=admin", "p@ss:w/d", "x", &m));
    CHECK_PROBLEM(mongo_ping(m), MONGO_UNAVAILABLE);
    mongo_free(m);
    mongo_free(NULL);
}
