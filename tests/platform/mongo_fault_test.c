/* mongo_fault_test.c -- what a server can do to a call, with the stand-in: after each fault the
 * caller knows whether to repeat, and a repetition leaves every document there once. */
#include "tests/platform/mongo_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/support/servers.h"

static const char SHORT[] =
    "?serverSelectionTimeoutMS=400&connectTimeoutMS=400&socketTimeoutMS=400";
enum { SLACK_MS = 400 };

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* What becomes of inserting 1 to 10: stored before the problem, and which problem. Then it is
 * repeated without the fault. */
static const struct {
    const char *fault;
    const struct problem *problem;
    int stored;
} inserts[] = {
    {"drop-before", MONGO_UNAVAILABLE, 0},
    {"drop-after", MONGO_UNAVAILABLE, 10},
    {"cut-answer", MONGO_UNAVAILABLE, 10},
    {"slow 1500", MONGO_UNAVAILABLE, 10},
    {"slow 100", NULL, 10},
    {"trickle 30", MONGO_UNAVAILABLE, 10},
    {"refuse 10107", MONGO_UNAVAILABLE, 0}, /* NotWritablePrimary */
    {"refuse 11600", MONGO_UNAVAILABLE, 0}, /* InterruptedAtShutdown */
    {"refuse 13", MONGO_REFUSED, 0},        /* Unauthorized */
    {"refuse 11000", MONGO_UNAVAILABLE, 0}, /* of no document */
    {"half 121", MONGO_REFUSED, 9},         /* DocumentValidationFailure */
    {"half 10107", MONGO_UNAVAILABLE, 9},
    {"half 11000", NULL, 9}, /* another's document has that _id */
    {"concern 64", MONGO_UNAVAILABLE, 10},
    {"concern 91", MONGO_UNAVAILABLE, 10},
};

TEST(after_every_fault_of_an_insert_a_repetition_completes_it)
{
    for (size_t i = 0; i < sizeof(inserts) / sizeof(inserts[0]); i++) {
        scoped_mongo *m = client_with(stand_in_uri(), SHORT);
        const char *c = new_collection();
        int failures = test_failures;
        CHECK_OK(mongo_ping(m));
        long before = stand_in_number("seen insert");
        CHECK_TEXT(stand_in("%s", inserts[i].fault), "ok");
        CHECK_PROBLEM(insert_numbers(m, c, 1, 10), inserts[i].problem);
        CHECK_INT(stand_in_number("seen insert") - before, 1); /* the driver repeats nothing */
        CHECK_INT(stand_in_number("count %s", c), inserts[i].stored);
        CHECK_TEXT(stand_in("well"), "ok");
        CHECK_OK(insert_numbers(m, c, 1, 10));
        CHECK_INT(count_all(m, c), 10);
        if (test_failures > failures)
            printf("    with %s\n", inserts[i].fault);
    }
}

/* Of three messages the second is lost: the driver's one error is that of a document. */
TEST(a_lost_part_of_a_long_list_is_not_taken_for_stored)
{
    scoped_mongo *m = client_of(stand_in_uri());
    const char *c = new_collection();
    CHECK_OK(insert_numbers(m, c, 1, 500));
    CHECK_TEXT(stand_in("drop-before 1"), "ok");
    CHECK_PROBLEM(insert_numbers(m, c, 1, 2500), MONGO_UNAVAILABLE);
    CHECK(stand_in_number("count %s", c) < 2500);
    CHECK_OK(insert_numbers(m, c, 1, 2500));
    CHECK_INT(stand_in_number("count %s", c), 2500);
}

/* Of a replica set the driver could. */
TEST(the_driver_repeats_nothing_by_itself)
{
    int n = 0;
    CHECK_TEXT(stand_in("replica-set"), "ok");
    scoped_mongo *m =
        client_with(stand_in_uri(), "?replicaSet=rs&retryWrites=true&retryReads=true");
    const char *c = new_collection();
    CHECK_OK(insert_numbers(m, c, 1, 1));
    long sent = stand_in_number("seen insert"), asked = stand_in_number("seen find");
    CHECK_TEXT(stand_in("drop-before"), "ok");
    CHECK_PROBLEM(insert_numbers(m, c, 2, 1), MONGO_UNAVAILABLE);
    CHECK_INT(stand_in_number("seen insert") - sent, 1);
    CHECK_OK(insert_numbers(m, c, 2, 1));
    CHECK_TEXT(stand_in("drop-before"), "ok");
    CHECK_PROBLEM(mongo_find(m, c, "{}", NULL, 9, count_one, &n), MONGO_UNAVAILABLE);
    CHECK_INT(stand_in_number("seen find") - asked, 1);
    CHECK_INT(count_all(m, c), 2);
    CHECK_TEXT(stand_in("one-server"), "ok");
}

TEST(writes_ask_for_a_majority_on_disk_and_go_on_after_an_error)
{
    int64_t deleted;
    scoped_mongo *m = client_with(stand_in_uri(), "?w=0&journal=false&retryWrites=true");
    const char *c = new_collection();
    CHECK_OK(insert_numbers(m, c, 1, 2));
    const char *insert = stand_in("last");
    CHECK(holds(insert, "\"w\": \"majority\"") && holds(insert, "\"j\": true"));
    CHECK(holds(insert, "\"ordered\": false") && !holds(insert, "txnNumber"));
    CHECK_OK(mongo_delete(m, c, "{}", 2, &deleted));
    const char *removal = stand_in("last");
    CHECK(holds(removal, "\"delete\"") && holds(removal, "\"w\": \"majority\""));
    CHECK_INT(deleted, 2);
}

TEST(what_cannot_be_a_document_is_refused_and_nothing_is_sent)
{
    static const char *const bad[] = {
        "{\"n\":1}",
        "[1]",
        "{\"_id\":",
        "",
        "{\"_id\":1,\"n\":9223372036854775808}",
        "{\"_id\":1,\"text\":\"\xff\"}",
    };
    scoped_mongo *m = client_of(stand_in_uri());
    const char *c = new_collection();
    long before = stand_in_number("seen insert");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *documents[] = {"{\"_id\":\"good\"}", bad[i]};
        int failures = test_failures;
        CHECK_PROBLEM(mongo_insert(m, c, documents, 2), MONGO_REFUSED);
        if (test_failures > failures)
            printf("    with %s\n", bad[i]);
    }
    CHECK_INT(stand_in_number("seen insert"), before);
}

/* ---- time ---- */

/* The whole call, connecting included. */
static void ends_within(const char *fault, const char *options, int64_t min_ms, int64_t max_ms)
{
    scoped_mongo *m = client_with(stand_in_uri(), options);
    CHECK_TEXT(stand_in("%s", fault), "ok");
    int64_t began = time_monotonic();
    CHECK_PROBLEM(insert_numbers(m, new_collection(), 1, 1), MONGO_UNAVAILABLE);
    int64_t took = ms_since(began);
    if (took < min_ms || took > max_ms)
        test_int(__FILE__, __LINE__, fault, took, max_ms);
    CHECK_TEXT(stand_in("well"), "ok");
}

TEST(a_silent_server_costs_two_seconds)
{
    ends_within("silent", "", 1500, 2000 + SLACK_MS);
    ends_within("silent", SHORT, 0, 400 + SLACK_MS);
}

/* Longer times than ours do not count. */
TEST(an_answer_that_does_not_come_costs_ten_seconds)
{
    scoped_mongo *m =
        client_with(stand_in_uri(), "?socketTimeoutMS=300000&serverSelectionTimeoutMS=30000");
    CHECK_OK(mongo_ping(m));
    CHECK_TEXT(stand_in("silent"), "ok");
    int64_t began = time_monotonic();
    CHECK_PROBLEM(mongo_ping(m), MONGO_UNAVAILABLE);
    CHECK(ms_since(began) >= 9500 && ms_since(began) <= 10000 + SLACK_MS);
    CHECK_TEXT(stand_in("well"), "ok");
}

TEST(a_server_that_is_away_fails_calls_at_once_and_is_found_again)
{
    scoped_mongo *m = client_of(stand_in_uri());
    CHECK_OK(mongo_ping(m));
    CHECK_TEXT(stand_in("down"), "ok");
    int64_t began = time_monotonic();
    for (int i = 0; i < 20; i++)
        CHECK_PROBLEM(mongo_ping(m), MONGO_UNAVAILABLE);
    CHECK(ms_since(began) < 2000 + SLACK_MS);
    CHECK_TEXT(stand_in("up"), "ok");
    const struct problem *p = MONGO_UNAVAILABLE;
    for (began = time_monotonic(); p && ms_since(began) < 8000; usleep(50000))
        p = mongo_ping(m);
    CHECK_OK(p);
}

TEST(a_new_primary_is_found_without_waiting)
{
    scoped_mongo *m = client_of(stand_in_uri());
    const char *c = new_collection();
    CHECK_TEXT(stand_in("refuse 10107"), "ok");
    CHECK_PROBLEM(insert_numbers(m, c, 1, 1), MONGO_UNAVAILABLE);
    CHECK_TEXT(stand_in("well"), "ok");
    int64_t began = time_monotonic();
    const struct problem *p = MONGO_UNAVAILABLE;
    for (; p && ms_since(began) < 8000; usleep(20000))
        p = insert_numbers(m, c, 1, 1);
    CHECK_OK(p);
    CHECK(ms_since(began) < 1000);
}

/* ---- reading and deleting ---- */

struct lost_page {
    const char *fault;
    int seen;
};

static bool fault_after_the_first(const char *document, void *arg)
{
    struct lost_page *page = arg;
    (void)document;
    if (page->seen++ == 0)
        CHECK_TEXT(stand_in("%s", page->fault), "ok");
    return true;
}

TEST(a_page_that_does_not_come_is_a_problem_and_not_the_end)
{
    static const char *const faults[] = {"drop-before", "drop-after", "cut-answer", "refuse 43",
                                         "silent"};
    scoped_mongo *m = client_with(stand_in_uri(), SHORT);
    const char *c = new_collection();
    CHECK_OK(insert_numbers(m, c, 1, 300));
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct lost_page page = {.fault = faults[i]};
        CHECK_PROBLEM(mongo_find(m, c, "{}", NULL, 300, fault_after_the_first, &page),
                      MONGO_UNAVAILABLE);
        CHECK_INT(page.seen, 101);
        CHECK_TEXT(stand_in("well"), "ok");
        CHECK_INT(count_all(m, c), 300);
    }
}

/* The first command of a deletion finds, the second deletes. */
static const struct {
    const char *fault;
    const struct problem *problem;
    int left;
} removals[] = {
    {"drop-before", MONGO_UNAVAILABLE, 20},
    {"drop-before 1", MONGO_UNAVAILABLE, 20},
    {"drop-after 1", MONGO_UNAVAILABLE, 15},
    {"refuse 13", MONGO_REFUSED, 20},
    {"refuse 13 1", MONGO_REFUSED, 20},
    {"refuse 189 1", MONGO_UNAVAILABLE, 20}, /* PrimarySteppedDown */
    {"concern 64", MONGO_UNAVAILABLE, 15},
};

TEST(a_deletion_with_a_fault_may_be_repeated)
{
    for (size_t i = 0; i < sizeof(removals) / sizeof(removals[0]); i++) {
        scoped_mongo *m = client_of(stand_in_uri());
        const char *c = new_collection();
        int failures = test_failures;
        int64_t deleted = -1;
        CHECK_OK(insert_numbers(m, c, 1, 20));
        CHECK_TEXT(stand_in("%s", removals[i].fault), "ok");
        CHECK_PROBLEM(mongo_delete(m, c, "{\"n\":{\"$lte\":5}}", 10, &deleted),
                      removals[i].problem);
        CHECK_INT(deleted, -1);
        CHECK_INT(stand_in_number("count %s", c), removals[i].left);
        CHECK_TEXT(stand_in("well"), "ok");
        CHECK_OK(mongo_delete(m, c, "{\"n\":{\"$lte\":5}}", 10, &deleted));
        CHECK_INT(count_all(m, c), 15);
        if (test_failures > failures)
            printf("    with %s\n", removals[i].fault);
    }
}

/* ---- the log ---- */

static char logged[8192];

static int log_to_file(void)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/log", test_folder());
    int before = dup(STDERR_FILENO), fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(fd, STDERR_FILENO);
    close(fd);
    return before;
}

static void read_log(int before)
{
    lseek(STDERR_FILENO, 0, SEEK_SET);
    ssize_t n = read(STDERR_FILENO, logged, sizeof(logged) - 1);
    logged[n > 0 ? n : 0] = '\0';
    dup2(before, STDERR_FILENO);
    close(before);
}

static int times(const char *part)
{
    int n = 0;
    for (const char *at = logged; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}

TEST(an_outage_is_one_line_and_a_refusal_has_the_words_of_the_server)
{
    scoped_mongo *m = client_with(stand_in_uri(), SHORT);
    const char *c = new_collection();
    int before = log_to_file();
    CHECK_TEXT(stand_in("refuse 11600"), "ok");
    for (int i = 0; i < 3; i++)
        CHECK_PROBLEM(insert_numbers(m, c, 1, 1), MONGO_UNAVAILABLE);
    CHECK_TEXT(stand_in("well"), "ok");
    for (int i = 0; i < 3; i++)
        CHECK_OK(insert_numbers(m, c, 1, 1));
    CHECK_TEXT(stand_in("half 121"), "ok");
    CHECK_PROBLEM(insert_numbers(m, c, 2, 1), MONGO_REFUSED);
    read_log(before);
    CHECK_INT(times("mongodb unavailable"), 1);
    CHECK_INT(times("mongodb is back"), 1);
    CHECK_INT(times("mongodb refused"), 1);
    CHECK(holds(logged, "\"code\":121") && holds(logged, "the stand-in was told so"));
    CHECK(!holds(logged, "w:0001"));
}
