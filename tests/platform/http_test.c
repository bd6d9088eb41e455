/* http_test.c -- what a well-behaved client may expect: routes, parameters, problems, answers. */
#include "tests/platform/http_client.h"

#include "base/log.h"
#include "base/banned.h"

#define HOST "Host: x\r\n"

TEST(a_route_without_a_name_wins_over_one_with_it)
{
    struct http_server *s = serve((struct http_settings){0});
    CHECK_TEXT(body_of(get(http_port(s), "/items/special")), "GET /items/special special");
    CHECK_TEXT(body_of(get(http_port(s), "/items/7")), "GET /items/{id} named id=7");
    CHECK_TEXT(body_of(get(http_port(s), "/items/7/parts/8")),
               "GET /items/{id}/parts/{part} part id=7");
    end_server(s);
}

TEST(of_routes_with_as_many_names_the_one_with_its_name_further_behind_wins)
{
    struct http_server *s = serve((struct http_settings){0});
    CHECK_TEXT(body_of(get(http_port(s), "/items/7/notes")), "GET /items/{id}/notes notes id=7");
    CHECK_TEXT(body_of(get(http_port(s), "/items/parts/7")), "GET /items/parts/{id} a part id=7");
    CHECK_TEXT(body_of(get(http_port(s), "/items/parts/notes")),
               "GET /items/parts/{id} a part id=notes");
    end_server(s);
}

TEST(a_segment_is_decoded)
{
    struct http_server *s = serve((struct http_settings){0});
    CHECK_TEXT(body_of(get(http_port(s), "/items/a%20b%C3%a4+")), "GET /items/{id} named id=a bä+");
    CHECK_TEXT(body_of(get(http_port(s), "/items/s%70ecial")), "GET /items/special special");
    end_server(s);
}

TEST(a_path_that_is_not_exactly_a_route_is_not_found)
{
    static const char *const paths[] = {
        "/nothing",
        "/items",
        "/items/",
        "/items//7",
        "//items/7",
        "/items/7/",
        "/hello/",
        "/./hello",
        "/x/../hello",
        "/items/..",
        "/items/%2e%2E",
        "/items/a%2Fb",
        "/items/a%00b",
        "/items/%zz",
        "/items/%4",
        "/items/%",
        "/items/%ff",
        "/items/%c3%28",
        "/Hello",
        "*",
        "/items/7#x",
        "/a/b/c/d/e/f/g/h/i/j",
        "//127.0.0.1/hello",
        "hello",
        "/hello;x=1",
    };
    struct http_server *s = serve((struct http_settings){0});
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const char *answer = get(http_port(s), paths[i]);
        if (status_of(answer) != 404)
            test_fail(__FILE__, __LINE__, paths[i], answer, "404");
        CHECK_TEXT(header_of(answer, "Content-Type"), "application/problem+json");
        CHECK(strstr(answer, "\"type\":\"/problems/no-such-route\"") != NULL);
    }
    end_server(s);
}

TEST(an_absolute_request_target_is_taken)
{
    struct http_server *s = serve((struct http_settings){0});
    CHECK_INT(status_of(get(http_port(s), "http://x/hello")), 200);
    end_server(s);
}

TEST(a_wrong_method_is_told_the_right_ones)
{
    struct http_server *s = serve((struct http_settings){0});
    const char *answer = exchange(http_port(s), "PUT /items/7 HTTP/1.1\r\n" HOST "\r\n");
    CHECK_INT(status_of(answer), 405);
    CHECK_TEXT(header_of(answer, "Allow"), "GET, HEAD, PATCH, DELETE");
    CHECK_TEXT(header_of(answer, "Content-Type"), "application/problem+json");
    answer = exchange(http_port(s), "DELETE /items/special HTTP/1.1\r\n" HOST "\r\n");
    CHECK_INT(status_of(answer), 405);
    CHECK_TEXT(header_of(answer, "Allow"), "GET, HEAD");
    answer = exchange(http_port(s), "OPTIONS /echo HTTP/1.1\r\n" HOST "\r\n");
    CHECK_INT(status_of(answer), 405);
    CHECK_TEXT(header_of(answer, "Allow"), "POST");
    end_server(s);
}

TEST(the_path_of_another_service_is_known_and_not_served)
{
    struct http_server *s = serve((struct http_settings){0});
    CHECK_TEXT(body_of(get(http_port(s), "/")), body_of(get(http_port(s), "/hello")));
    const char *answer = exchange(http_port(s), "PUT /elsewhere HTTP/1.1\r\n" HOST "\r\n");
    CHECK_INT(status_of(answer), 421);
    CHECK(strstr(answer, "\"type\":\"/problems/wrong-service\""));
    answer = exchange(http_port(s), "PATCH /elsewhere HTTP/1.1\r\n" HOST "\r\n");
    CHECK_INT(status_of(answer), 405);
    CHECK_TEXT(header_of(answer, "Allow"), "PUT");
    CHECK_INT(status_of(get(http_port(s), "/Hello")), 404);
    end_server(s);
}

TEST(patch_and_delete_work)
{
    struct http_server *s = serve((struct http_settings){0});
    const char *answer =
        exchange(http_port(s), "PATCH /items/7 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
    CHECK_TEXT(body_of(answer), "PATCH /items/{id} patched id=7");
    answer = exchange(http_port(s), "DELETE /items/7 HTTP/1.1\r\n" HOST "\r\n");
    CHECK_INT(status_of(answer), 204);
    CHECK(!header_of(answer, "Content-Length") && !header_of(answer, "Content-Type"));
    end_server(s);
}

TEST(parameters_are_decoded_and_kept_in_order)
{
    struct http_server *s = serve((struct http_settings){0});
    CHECK_TEXT(body_of(get(http_port(s), "/items/7?b=1&a=x+y%26&c=&d=%C3%A4=2")),
               "GET /items/{id} named id=7\nb=1\na=x y&\nc=\nd=ä=2");
    CHECK_TEXT(body_of(get(http_port(s), "/items/7?")), "GET /items/{id} named id=7");
    end_server(s);
}

TEST(a_bad_query_string_is_refused_by_name)
{
    static const struct {
        const char *query, *problem, *field;
    } rows[] = {
        {"a=1&limit", "bad-parameter", "\"field\":\"limit\""},
        {"a=1&a=2", "repeated-parameter", "\"field\":\"a\""},
        {"a=1&%61=2", "repeated-parameter", "\"field\":\"a\""},
        {"a=b%00c", "bad-parameter", "\"field\":\"a\""},
        {"a%00b=c", "bad-parameter", NULL},
        {"a=%ff", "bad-parameter", "\"field\":\"a\""},
        {"a=%c3%28", "bad-parameter", "\"field\":\"a\""},
        {"a=%4", "bad-parameter", "\"field\":\"a\""},
        {"a=%", "bad-parameter", "\"field\":\"a\""},
        {"a=%g0", "bad-parameter", "\"field\":\"a\""},
        {"=1", "bad-parameter", NULL},
        {"&a=1", "bad-parameter", NULL},
        {"a=1&", "bad-parameter", NULL},
        {"a=1&&b=2", "bad-parameter", NULL},
    };
    struct http_server *s = serve((struct http_settings){0});
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char target[100], type[60];
        snprintf(target, sizeof(target), "/items/7?%s", rows[i].query);
        snprintf(type, sizeof(type), "\"type\":\"/problems/%s\"", rows[i].problem);
        const char *answer = get(http_port(s), target);
        if (status_of(answer) != 400 || !strstr(answer, type) ||
            (rows[i].field && !strstr(answer, rows[i].field)))
            test_fail(__FILE__, __LINE__, target, answer, type);
    }
    end_server(s);
}

TEST(too_many_parameters_are_refused)
{
    char target[400] = "/items/7?p=0";
    struct http_server *s = serve((struct http_settings){0});
    for (int i = 1; i < 33; i++)
        snprintf(target + strlen(target), sizeof(target) - strlen(target), "&p%d=1", i);
    CHECK_INT(status_of(get(http_port(s), target)), 400);
    end_server(s);
}

TEST(head_is_answered_like_get_without_the_body)
{
    struct http_server *s = serve((struct http_settings){0});
    int fd = dial(http_port(s));
    say(fd, "HEAD /large HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" HOST
            "Connection: close\r\n\r\n");
    const char *answer = hear_all(fd);
    CHECK_INT(status_of(answer), 200);
    CHECK_TEXT(header_of(answer, "Content-Length"), "200000");
    CHECK_TEXT(header_of(answer, "ETag"), "\"7\"");
    CHECK(text_starts(body_of(answer), "HTTP/1.1 200 OK"));
    CHECK_TEXT(body_of(body_of(answer)), "{\"hello\":1}");
    close(fd);
    CHECK_INT(atomic_load(&released), 1);
    end_server(s);
}

TEST(a_large_body_is_sent_whole_and_given_back)
{
    struct http_server *s = serve((struct http_settings){0});
    for (int i = 0; i < 20; i++) {
        int fd = dial(http_port(s));
        say(fd, "GET /large HTTP/1.1\r\n" HOST "\r\n");
        if (i % 2)
            CHECK_INT((int)strlen(body_of(hear_one(fd))), 200000);
        close(fd);
    }
    EVENTUALLY(atomic_load(&released) == 20);
    end_server(s);
}

TEST(pipelined_requests_are_answered_in_order)
{
    struct http_server *s = serve((struct http_settings){0});
    int fd = dial(http_port(s));
    say(fd, "GET /later?ms=50 HTTP/1.1\r\n" HOST "\r\nPOST /echo HTTP/1.1\r\n" HOST
            "Content-Length: 3\r\n\r\nabcGET /items/9 HTTP/1.1\r\n" HOST "\r\n");
    CHECK_TEXT(body_of(hear_one(fd)), "late");
    CHECK_TEXT(body_of(hear_one(fd)), "abc");
    CHECK_TEXT(body_of(hear_one(fd)), "GET /items/{id} named id=9");
    say(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n"); /* and the connection lives on */
    CHECK_TEXT(body_of(hear_one(fd)), "{\"hello\":1}");
    close(fd);
    end_server(s);
}

TEST(a_client_that_expects_100_is_told_to_go_on)
{
    struct http_server *s = serve((struct http_settings){0});
    int fd = dial(http_port(s));
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    CHECK_INT(status_of(hear_one(fd)), 100);
    say(fd, "abcd");
    CHECK_TEXT(body_of(hear_one(fd)), "abcd");
    say(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    CHECK_INT(status_of(hear_one(fd)), 200);
    close(fd);
    end_server(s);
}

TEST(chunked_bodies_and_a_body_with_get_work)
{
    struct http_server *s = serve((struct http_settings){0});
    const char *answer =
        exchange(http_port(s), "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                               "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    CHECK_TEXT(body_of(answer), "abcde");
    answer = exchange(http_port(s), "GET /hello HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
    CHECK_TEXT(body_of(answer), "{\"hello\":1}");
    end_server(s);
}

TEST(http_1_0_closes_unless_asked_to_keep)
{
    struct http_server *s = serve((struct http_settings){0});
    int fd = dial(http_port(s));
    say(fd, "GET /hello HTTP/1.0\r\n\r\n");
    CHECK_TEXT(body_of(hear_all(fd)), "{\"hello\":1}"); /* which hears until the close */
    CHECK(is_closed(fd, 1000));
    close(fd);
    fd = dial(http_port(s));
    say(fd, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK_INT(status_of(hear_one(fd)), 200);
    CHECK(!is_closed(fd, 50));
    close(fd);
    end_server(s);
}

TEST(a_problem_says_everything_about_itself)
{
    struct http_server *s = serve((struct http_settings){0});
    const char *answer =
        exchange(http_port(s), "POST /conflict HTTP/1.1\r\n" HOST "X-Request-Id: abc-1._\r\n\r\n");
    CHECK_INT(status_of(answer), 409);
    CHECK_TEXT(header_of(answer, "X-Request-Id"), "abc-1._");
    CHECK_TEXT(
        body_of(answer),
        "{\"type\":\"/problems/illegal-move\",\"title\":\"The report cannot go from its status to "
        "that one; allowed lists where it can.\",\"error\":\"The report cannot go from its status "
        "to "
        "that one; allowed lists where it can.\",\"status\":409,\"detail\":\"Say "
        "\\\"please\\\".\",\"field\":\"status\","
        "\"request_id\":\"abc-1._\",\"allowed\":[\"A\"],\"success\":false}");
    end_server(s);
}

TEST(a_problem_is_in_the_language_that_the_client_wants)
{
    struct http_server *s = serve((struct http_settings){0});
    static const char *const rows[][3] = {
        {"", "en", "Only public reports can be voted for."},
        {"Accept-Language: id-ID, en;q=0.5\r\n", "id",
         "Hanya laporan publik yang dapat didukung dengan suara."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[200], title[200];
        snprintf(request, sizeof(request), "GET /problems/NOT_PUBLIC HTTP/1.1\r\n" HOST "%s\r\n",
                 rows[i][0]);
        snprintf(title, sizeof(title), "\"title\":\"%s\",\"error\":\"%s\"", rows[i][2], rows[i][2]);
        const char *answer = exchange(http_port(s), request);
        CHECK_TEXT(header_of(answer, "Content-Language"), rows[i][1]);
        CHECK_TEXT(header_of(answer, "Vary"), "Accept-Language");
        CHECK(strstr(answer, title) != NULL);
    }
    end_server(s);
}

TEST(problems_carry_the_headers_of_their_kind)
{
    static const struct {
        const char *name;
        int status;
        const char *header, *value;
    } rows[] = {
        {"MALFORMED", 400, "Retry-After", NULL},
        {"NO_TOKEN", 401, "WWW-Authenticate", "Bearer"},
        {"TOKEN_EXPIRED", 401, "WWW-Authenticate", "Bearer error=\"invalid_token\""},
        {"WRONG_ROLE", 403, "WWW-Authenticate", NULL},
        {"NO_SUCH_REPORT", 404, "Allow", NULL},
        {"VERSION_CONFLICT", 409, "Retry-After", NULL},
        {"VERSION_MISMATCH", 412, "Retry-After", NULL},
        {"BODY_TOO_LARGE", 413, "Retry-After", NULL},
        {"KEY_REUSED", 422, "Retry-After", NULL},
        {"INTERNAL", 500, "Retry-After", NULL},
        {"QUEUE_FULL", 503, "Retry-After", "1"},
        {"STORE_UNAVAILABLE", 503, "Retry-After", "1"},
    };
    struct http_server *s = serve((struct http_settings){0});
    log_start("test", LOG_ERROR);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char target[80];
        snprintf(target, sizeof(target), "/problems/%s", rows[i].name);
        const char *answer = get(http_port(s), target);
        CHECK_INT(status_of(answer), rows[i].status);
        CHECK_TEXT(header_of(answer, rows[i].header), rows[i].value);
    }
    log_start("test", LOG_INFO);
    end_server(s);
}

TEST(a_request_id_of_another_form_is_replaced)
{
    struct http_server *s = serve((struct http_settings){0});
    const char *const bad[] = {"a b", "", "a\"b", "ä"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char request[200];
        snprintf(request, sizeof(request),
                 "GET /hello HTTP/1.1\r\n" HOST "X-Request-Id: %s\r\n\r\n", bad[i]);
        const char *id = header_of(exchange(http_port(s), request), "X-Request-Id");
        CHECK(id && uuid_is_valid(id));
    }
    end_server(s);
}

/* The log goes to stderr; a pipe stands there for a while. */
static const char *logged(int port, const char *request)
{
    static char text[4096];
    int ends[2], before = dup(STDERR_FILENO);
    CHECK(!pipe(ends));
    dup2(ends[1], STDERR_FILENO);
    exchange(port, request);
    pause_ms(30);
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    return text;
}

TEST(the_log_line_names_the_template_and_nothing_about_the_client)
{
    struct http_server *s = serve((struct http_settings){0});
    const char *line = logged(http_port(s), "PATCH /items/secret?token=secret HTTP/1.1\r\n" HOST
                                            "Authorization: Bearer secret\r\n"
                                            "X-Request-Id: req-9\r\n\r\n");
    CHECK(strstr(line, "\"method\":\"PATCH\"") && strstr(line, "\"route\":\"/items/{id}\""));
    CHECK(strstr(line, "\"status\":200") && strstr(line, "\"duration_us\":"));
    CHECK(strstr(line, "\"request_id\":\"req-9\"") != NULL);
    CHECK(!strstr(line, "secret") && !strstr(line, "127.0.0.1"));
    CHECK_TEXT(logged(http_port(s), "GET /hello HTTP/1.1\r\n" HOST "\r\n"), "");
    line = logged(http_port(s), "GET /problems/INTERNAL HTTP/1.1\r\n" HOST "\r\n");
    CHECK(strstr(line, "\"level\":\"warning\"") != NULL);
    end_server(s);
}

TEST(a_forgotten_client_leaves_no_id_in_the_log)
{
    struct http_server *s = serve((struct http_settings){0});
    const char *line =
        logged(http_port(s), "POST /anonymous HTTP/1.1\r\n" HOST "X-Request-Id: its-me\r\n\r\n");
    CHECK(strstr(line, "\"route\":\"/anonymous\"") && !strstr(line, "its-me"));
    end_server(s);
}
