/* anonymous_outcomes_test.c -- whatever becomes of a command of an anonymous author, on record is
 * method, route and status alone. */
#include "tests/command-api/whole_service.h"

static const struct {
    const char *what, *body, *route; /* %s: the report */
    int status, of_citizen;          /* 0: the same */
} rows[] = {
    {"POST /reports", "{\"content\":\"a\",\"visibility\":\"ANONYMOUS\"}", "POST /reports", 201, 0},
    {"POST /reports", "{\"content\":\"a\",\"visibility\":\"ANONYMOUS\",\"category\":\"none\"}",
     "POST /reports", 400, 0},
    {"POST /reports",
     "{\"content\":\"a\",\"visibility\":\"ANONYMOUS\",\"occurred_at\":"
     "\"2100-01-01T00:00:00Z\"}",
     "POST /reports", 400, 0},
    {"POST /reports", "{\"content\":\"a\",\"visibility\":\"ANONYMOUS\"", "POST /reports", 400, 0},
    {"POST /reports?x=1", "{\"content\":\"a\",\"visibility\":\"ANONYMOUS\"}", "POST /reports", 400,
     0},
    {"POST /reports?x", "{\"content\":\"a\",\"visibility\":\"ANONYMOUS\"}", "POST /reports", 400,
     0},
    {"PATCH /reports/%s", "{\"content\":\"b\"}", "PATCH /reports/{id}", 200, 0},
    {"PATCH /reports/%s", "{\"content\":\"\",\"category\":\"none\"}", "PATCH /reports/{id}", 400,
     0},
    {"PATCH /reports/%s", "{\"category\":\"none\"}", "PATCH /reports/{id}", 400, 0},
    {"PATCH /reports/%sx", "{\"content\":\"b\"}", "PATCH /reports/{id}", 404, 0},
    {"POST /reports/%s/comments", "{\"text\":\"c\"}", "POST /reports/{id}/comments", 201, 0},
    {"POST /reports/%s/answers", "{\"text\":\"c\",\"question_id\":\"" NO_REPORT "\"}",
     "POST /reports/{id}/answers", 404, 0},
    {"POST /reports/%s/follow", "", "POST /reports/{id}/follow", 200, 0},
    {"POST /reports/%s/upvote", "", "POST /reports/{id}/upvote", 409, 0},
    {"POST /reports/%s/me-too", "", "POST /reports/{id}/me-too", 409, 0},
    {"POST /notifications/%s-1/read", "", "POST /notifications/{name}/read", 200, 0},
    {"PATCH /cases/%s/priority", "{\"priority\":\"high\"}", "PATCH /cases/{id}/priority", 200, 403},
    {"POST /cases/%s/notes", "{\"text\":\"n\"}", "POST /cases/{id}/notes", 201, 403},
    {"PATCH /cases/%s/assignee", "{\"user_id\":\"" OFFICER_2 "\"}", "PATCH /cases/{id}/assignee",
     409, 403},
    {"POST /cases/bulk", "{\"ids\":[\"%s\"],\"priority\":\"low\"}", "POST /cases/bulk", 200, 403},
    {"POST /cases/bulk", "{\"ids\":[\"%s\",\"" NO_REPORT "\"],\"priority\":\"low\"}",
     "POST /cases/bulk", 200, 403},
    {"POST /cases/bulk", "{\"ids\":[\"%s\",7],\"priority\":\"low\"}", "POST /cases/bulk", 400, 403},
    {"DELETE /reports/%s", "", "DELETE /reports/{id}", 200, 0},
};

static const char *with_id(const char *format, const char *id)
{
    const char *at = strstr(format, "%s");
    if (!at)
        return format;
    return arena_join(&kept, arena_bytes(&kept, format, (size_t)(at - format)), id, at + 2);
}

static void check_forgotten(const char *what, const char *route, int status, const char *answer)
{
    const char *line = arena_printf(&kept, "%s %d 0 - - - forgotten|- - - - - 0", route, status);
    if (!text_equal(recorded_line(), line))
        test_fail(__FILE__, __LINE__, what, arena_join(&kept, recorded_line(), "\n", answer), line);
}

static void check_as_author(const char *token, bool is_citizen)
{
    const char *id = file_as(token, "ANONYMOUS");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *what = with_id(rows[i].what, id);
        const char *answer = say_as(token, what, with_id(rows[i].body, id));
        int status = is_citizen && rows[i].of_citizen ? rows[i].of_citizen : rows[i].status;
        check_forgotten(what, rows[i].route, status, answer);
    }
}

TEST(of_an_anonymous_author_nothing_is_told_but_route_and_status)
{
    begin();
    check_as_author(citizen, true);
    check_as_author(author, false);
}

TEST(a_body_that_is_too_large_is_perhaps_an_anonymous_authors)
{
    static char large[3000];
    begin();
    memset(large, ' ', sizeof(large) - 1);
    const char *answer = say_as(author, "POST /reports", large);
    check_forgotten("large", "POST /reports", 413, answer);
    say_as(admin, "PUT /agencies/" INFRA, large);
    CHECK_LIKE(recorded_line(), "PUT /agencies/{code} 413 * r-1 127.0.0.1 BODY_TOO_LARGE known|*");
}

/* Nobody has decided, so nobody knows: once the store is away, then when no command is taken. */
static void check_undecided(const char *problem)
{
    const char *body = "{\"content\":\"a\",\"visibility\":\"ANONYMOUS\"}";
    check_forgotten(problem, "POST /reports", 503, say_as(author, "POST /reports", body));
    check_forgotten(problem, "POST /cases/{id}/notes", 503,
                    say_as(author, "POST /cases/" NO_REPORT "/notes", "{\"text\":\"a\"}"));
    say_as(admin, "PUT /agencies/NEW", "{\"names\":{\"en\":\"I\"},\"active\":true}");
    CHECK_LIKE(recorded_line(), arena_printf(&kept,
                                             "PUT /agencies/{code} 503 * r-1 127.0.0.1 %s "
                                             "known|admin " ADMIN_1 " ADMIN - NEW 0",
                                             problem));
}

TEST(what_nobody_has_decided_is_perhaps_an_anonymous_authors)
{
    begin();
    struct settings nowhere = settings;
    struct command_api whole = api;
    nowhere.database_url = "postgresql://x@127.0.0.1:1/x";
    nowhere.database_timeout_ms = 300;
    api.writer = writer_new(&nowhere, NULL, NULL);
    api.lookups = lookups_new(&nowhere, api.writer);
    check_undecided("STORE_UNAVAILABLE");
    check_forgotten(
        "bulk", "POST /cases/bulk", 200,
        say_as(author, "POST /cases/bulk", "{\"ids\":[\"" NO_REPORT "\"],\"priority\":\"low\"}"));
    writer_stop(api.writer);
    check_undecided("SHUTTING_DOWN");
    lookups_free(api.lookups);
    writer_free(api.writer);
    api = whole;
}
