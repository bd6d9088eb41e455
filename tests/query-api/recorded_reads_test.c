/* recorded_reads_test.c -- who has read this report: on record of each read of a private or an
 * anonymous one, cached or not, and never of its author, nor of a citizen an id. */
#include "tests/query-api/fixture.h"
#include "tests/support/recorder.h"

#define OWNER      "agency-1"
#define PLAIN      1
#define CLOSED_ONE 2 /* private */
#define HIDDEN     3 /* anonymous */
#define FILED      4 /* by an officer of the owning agency, private */

fallible __real_http_server_new(const struct http_settings *s, const struct http_route *routes,
                                int count, struct http_server **out);
fallible __wrap_http_server_new(const struct http_settings *s, const struct http_route *routes,
                                int count, struct http_server **out);

/* The service's own, with this recorder. */
fallible __wrap_http_server_new(const struct http_settings *s, const struct http_route *routes,
                                int count, struct http_server **out)
{
    struct http_settings recorded_too = *s;
    recorded_too.outcome = record_outcome;
    recorded_too.turn = record_turn;
    return __real_http_server_new(&recorded_too, routes, count, out);
}

static void begin(void)
{
    static const char *const visible[] = {"PUBLIC", "PRIVATE", "ANONYMOUS", "PRIVATE"};
    query_start(1, 1 << 20);
    for (int i = 0; i < 4; i++) {
        SAMPLE(.id = sample_id(i + 1), .position = (i + 1) * 10, .version = 2,
               .user = i + 1 == FILED ? "filer" : "author", .visibility = visible[i],
               .kind = "crime", .agency = OWNER, .status = "RECEIVED",
               .location = "{\"latitude\":1,\"longitude\":2}");
        CLOCK(.id = sample_id(i + 1), .standing = "running", .seconds = 60);
    }
    add_clock_states(false);
    move_lane(100);
    CHECK(lane_seen(100));
}

static const char *const reads[][2] = {
    {"/reports/%s", "/reports/{id}"},
    {"/reports/%s/history", "/reports/{id}/history"},
    {"/reports/%s/similar", "/reports/{id}/similar"},
    {"/cases/%s", "/cases/{id}"},
    {"/sla/%s/explain", "/sla/{id}/explain"},
};
enum { READS = sizeof(reads) / sizeof(reads[0]) };

static void check_read(const char *format, const char *route, int report, const char *token,
                       const char *told)
{
    char path[120], pattern[400];
    const char *at = strstr(format, "%s");
    snprintf(path, sizeof(path), "%.*s%s%s", (int)(at - format), format, sample_id(report), at + 2);
    scoped_response r = get(path, token, NULL);
    snprintf(pattern, sizeof(pattern), "GET %s 200 * 127.0.0.1 - known|%s 0", route, told);
    if (r.status != 200)
        test_fail(__FILE__, __LINE__, path, r.body, "200");
    CHECK_LIKE(recorded_line(), pattern);
}

static const char *told(const char *kind, const char *name, const char *role, int report)
{
    static char line[300];
    snprintf(line, sizeof(line), "%s %s %s %s", kind, user_id(name), role,
             report ? sample_id(report) : "-");
    return line;
}

TEST(each_read_of_what_not_everybody_sees_is_told_with_its_report)
{
    begin();
    const char *officer = bearer("officer", OFFICER, OWNER);
    for (int i = 0; i < READS; i++) {
        check_read(reads[i][0], reads[i][1], PLAIN, officer,
                   told("-", "officer", "OFFICER " OWNER, 0));
        for (int again = 0; again < 2; again++) { /* the second one is cached, or told as if */
            check_read(reads[i][0], reads[i][1], CLOSED_ONE, officer,
                       told("private_read", "officer", "OFFICER " OWNER, CLOSED_ONE));
            check_read(reads[i][0], reads[i][1], HIDDEN, officer,
                       told("anonymous_read", "officer", "OFFICER " OWNER, HIDDEN));
        }
    }
    query_stop();
}

TEST(a_cached_answer_and_one_that_the_client_has_are_reads_too)
{
    begin();
    const char *admin = bearer("admin", ADMIN, NULL);
    char path[80], line[80], etag[80];
    snprintf(path, sizeof(path), "/reports/%s", sample_id(HIDDEN));
    scoped_response first = get(path, admin, NULL);
    CHECK_INT(first.status, 200);
    double hits = figure("query_cache_total{result=\"hit\"}");
    scoped_response second = get(path, admin, NULL);
    CHECK(figure("query_cache_total{result=\"hit\"}") == hits + 1);
    CHECK_LIKE(recorded_line(), "GET /reports/{id} 200 *|anonymous_read * ADMIN - 0*-* 0");
    snprintf(line, sizeof(line), "If-None-Match: %s\r\n", header(&second, "ETag", etag, 80));
    scoped_response third = get(path, admin, line);
    CHECK_INT(third.status, 304);
    CHECK_LIKE(recorded_line(), "GET /reports/{id} 304 0 *|anonymous_read * ADMIN - 0*-* 0");
    query_stop();
}

TEST(who_sends_a_patrol_to_it_has_read_it)
{
    begin();
    const char *dispatcher = bearer("dispatcher", DISPATCHER, OWNER);
    check_read("/dispatch/recommendation?report_id=%s", "/dispatch/recommendation", CLOSED_ONE,
               dispatcher, told("private_read", "dispatcher", "DISPATCHER " OWNER, CLOSED_ONE));
    query_stop();
}

TEST(a_read_by_the_author_names_no_report_whatever_their_role)
{
    begin();
    const char *author = bearer("author", CITIZEN, NULL);
    for (int i = 0; i < 3; i++)
        for (int report = PLAIN; report <= HIDDEN; report++)
            check_read(reads[i][0], reads[i][1], report, author,
                       told("-", "author", "CITIZEN -", 0));
    const char *same = bearer("author", OFFICER, OWNER), *filer = bearer("filer", OFFICER, OWNER);
    for (int i = 0; i < READS; i++) {
        check_read(reads[i][0], reads[i][1], HIDDEN, same,
                   told("-", "author", "OFFICER " OWNER, 0));
        check_read(reads[i][0], reads[i][1], FILED, filer, told("-", "filer", "OFFICER " OWNER, 0));
        check_read(reads[i][0], reads[i][1], FILED, same,
                   told("private_read", "author", "OFFICER " OWNER, FILED));
    }
    query_stop();
}

TEST(of_a_read_that_nobody_may_and_of_one_by_nobody_no_report_is_told)
{
    begin();
    char path[80];
    snprintf(path, sizeof(path), "/reports/%s", sample_id(HIDDEN));
    scoped_response hidden = get(path, bearer("citizen1", CITIZEN, NULL), NULL);
    CHECK_INT(hidden.status, 404);
    CHECK_LIKE(recorded_line(), "GET /reports/{id} 404 * NO_SUCH_REPORT known|- * CITIZEN - - 0");
    snprintf(path, sizeof(path), "/cases/%s", sample_id(HIDDEN));
    scoped_response wrong = get(path, bearer("citizen1", CITIZEN, NULL), NULL);
    CHECK_INT(wrong.status, 403);
    CHECK_LIKE(recorded_line(), "GET /cases/{id} 403 * WRONG_ROLE known|- * CITIZEN - - 0");
    snprintf(path, sizeof(path), "/reports/%s", sample_id(PLAIN));
    scoped_response any = get(path, NULL, NULL);
    CHECK_INT(any.status, 200);
    CHECK_LIKE(recorded_line(), "GET /reports/{id} 200 * known|- - - - - 0");
    query_stop();
}
