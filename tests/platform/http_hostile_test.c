/* http_hostile_test.c -- what must not pass, by raw sockets: the rows of libevent's traps. */
#include "tests/platform/http_client.h"

#include "base/log.h"
#include "base/banned.h"

#define HOST "Host: x\r\n"

/* Says it, hears everything until the server closes. */
static const char *talk(int port, const char *request)
{
    int fd = dial(port);
    say(fd, request);
    const char *all = hear_all(fd);
    CHECK(is_closed(fd, 0));
    close(fd);
    return all;
}

static int count_of(const char *text, const char *word)
{
    int n = 0;
    for (; (text = strstr(text, word)); text += strlen(word))
        n++;
    return n;
}

/* Each is answered by one problem and a closed connection: what follows is not read as a request.
 */
TEST(what_could_smuggle_a_request_is_refused_and_the_connection_closed)
{
    static const struct {
        const char *head, *field;
    } rows[] = {
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 30\r\n\r\n", NULL},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", NULL},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n",
         NULL},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
         "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
         NULL},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
         "Transfer-Encoding"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
         "Transfer-Encoding"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n", "Content-Length"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", NULL},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0x0\r\n\r\n", NULL},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0,0\r\n\r\n", NULL},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length : 30\r\n\r\n", NULL},
        {"GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "Host"},
        {"GET /hello HTTP/1.1\r\n\r\n", "Host"},
        {"GET /hello HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nauthorization: b\r\n\r\n",
         "Authorization"},
        {"GET /hello HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n",
         "Idempotency-Key"},
        {"GET /hello HTTP/1.1\r\nHost: x\r\nIf-Match: \"1\"\r\nIf-Match: \"2\"\r\n\r\n",
         "If-Match"},
        {"GET /hello HTTP/1.1\r\nHost: x\r\nX y: 1\r\n\r\n", NULL},
        {"GET /hello HTTP/1.1\r\nHost: x\r\nX: a\001b\r\n\r\n", NULL},
        {"GET /hello HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", NULL},
        {"GET /hello HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", NULL},
        {"GET /hello HTTP/1.1\r\n Host: x\r\n\r\n", NULL},
        {"GET /hello HTTP/1.-1\r\nHost: x\r\n\r\n", NULL},
        {"GET /hello HTTP/0.9\r\nHost: x\r\n\r\n", NULL},
        {"GET /hello HTTP/2.0\r\nHost: x\r\n\r\n", NULL},
        {"GET /hello HTPP/1.1\r\nHost: x\r\n\r\n", NULL},
        {"GET /hello\r\n\r\n", NULL},
        {"HEAD /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n", NULL},
        {"HEAD /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", NULL},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", NULL},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", NULL},
    };
    struct http_server *s = serve((struct http_settings){0});
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[400], field[60];
        snprintf(request, sizeof(request), "%sGET /loop HTTP/1.1\r\n" HOST "\r\n", rows[i].head);
        snprintf(field, sizeof(field), "\"field\":\"%s\"", rows[i].field ? rows[i].field : "");
        const char *all = talk(http_port(s), request);
        int status = status_of(all);
        if ((status != 400 && status != 413) || count_of(all, "X-Request-Id: ") != 1 ||
            !strstr(all, "application/problem+json") || !strstr(all, "\r\nConnection: close\r\n") ||
            (rows[i].field && !strstr(all, field)))
            test_fail(__FILE__, __LINE__, rows[i].head, all, "one 400");
    }
    end_server(s);
}

TEST(methods_no_route_takes_are_not_allowed)
{
    static const struct {
        const char *method;
        int status;
    } rows[] = {{"TRACE", 405}, {"BREW", 405}, {"get", 405}, {"CONNECT", 400}};
    struct http_server *s = serve((struct http_settings){0});
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[100];
        snprintf(request, sizeof(request), "%s /hello HTTP/1.1\r\n" HOST "\r\n", rows[i].method);
        CHECK_INT(status_of(talk(http_port(s), request)), rows[i].status);
    }
    CHECK_INT(status_of(talk(http_port(s), "CONNECT x:1 HTTP/1.1\r\n" HOST "\r\n")), 400);
    end_server(s);
}

TEST(trailers_do_not_become_headers)
{
    struct http_server *s = serve((struct http_settings){0});
    const char *answer =
        exchange(http_port(s), "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                               "2\r\nab\r\n0\r\nX-Request-Id: trailer\r\n\r\n");
    CHECK_TEXT(body_of(answer), "ab");
    CHECK(!strstr(answer, "trailer"));
    end_server(s);
}

/* ---- sizes ---- */

static void append_junk(struct text *t, size_t bytes)
{
    char *junk = must_alloc(1, bytes);
    memset(junk, 'x', bytes);
    text_append_bytes(t, junk, bytes);
    free(junk);
}

static int status_with_header_bytes(int port, size_t bytes)
{
    static const char line[] = "GET /hello HTTP/1.1\r\n", host[] = HOST, name[] = "X: ";
    scoped_text t = {0};
    /* evhttp counts lines without their ends: 19 for the first, 7 for Host */
    size_t used = sizeof(line) - 3 + sizeof(host) - 3 + sizeof(name) - 1;
    text_printf(&t, "%s%s%s", line, host, name);
    append_junk(&t, bytes - used);
    text_append(&t, "\r\nConnection: close\r\n\r\n");
    int fd = dial(port);
    say_bytes(fd, t.at, t.length);
    int status = status_of(hear_all(fd));
    close(fd);
    return status;
}

TEST(headers_have_a_limit)
{
    struct http_server *s = serve((struct http_settings){.max_header_bytes = 1000});
    const size_t close_line = strlen("Connection: close");
    CHECK_INT(status_with_header_bytes(http_port(s), 1000 - close_line), 200);
    CHECK_INT(status_with_header_bytes(http_port(s), 1001 - close_line), 400);
    CHECK_INT(status_with_header_bytes(http_port(s), 100000), 400);
    end_server(s);
}

TEST(headers_without_an_end_are_cut_at_the_limit)
{
    struct http_server *s = serve((struct http_settings){.max_header_bytes = 1000});
    int fd = dial(http_port(s));
    char junk[1000];
    memset(junk, 'x', sizeof(junk));
    for (int i = 0; i < 3; i++)
        say_bytes(fd, junk, sizeof(junk));
    CHECK_INT(status_of(hear_all(fd)), 400);
    close(fd);
    end_server(s);
}

static int status_with_body(int port, size_t bytes, bool chunked)
{
    scoped_text t = {0};
    text_append(&t, "POST /echo HTTP/1.1\r\n" HOST);
    if (chunked)
        text_printf(&t, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", bytes);
    else
        text_printf(&t, "Content-Length: %zu\r\n\r\n", bytes);
    append_junk(&t, bytes);
    if (chunked)
        text_append(&t, "\r\n0\r\n\r\n");
    int fd = dial(port);
    CHECK(say_bytes(fd, t.at, t.length)); /* all of it: nobody is reset while still sending */
    const char *answer = hear_one(fd);
    int status = status_of(answer);
    if (status == 413)
        CHECK(strstr(answer, "/problems/body-too-large") && is_closed(fd, 1500));
    close(fd);
    return status;
}

/* Also the client of a body far above the limit hears why, although it is still sending. */
TEST(bodies_have_a_limit)
{
    struct http_server *s = serve((struct http_settings){.max_body_bytes = 1000});
    for (int chunked = 0; chunked < 2; chunked++) {
        CHECK_INT(status_with_body(http_port(s), 1000, chunked), 201);
        CHECK_INT(status_with_body(http_port(s), 1001, chunked), 413);
        CHECK_INT(status_with_body(http_port(s), 100000, chunked), 413);
        for (int i = 0; i < 10; i++)
            CHECK_INT(status_with_body(http_port(s), 3000000, chunked), 413);
    }
    end_server(s);
}

TEST(a_body_announced_too_large_is_refused_before_it_comes)
{
    struct http_server *s = serve((struct http_settings){0});
    int fd = dial(http_port(s));
    say(fd,
        "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 100000000\r\n\r\n");
    CHECK_INT(status_of(hear_one(fd)), 413);
    close(fd);
    fd = dial(http_port(s));
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: gold\r\nContent-Length: 1\r\n\r\n");
    CHECK_INT(status_of(hear_one(fd)), 400);
    close(fd);
    end_server(s);
}

/* While an answer is on its way or awaited nothing is read: the kernel's buffers are the bound. */
TEST(a_flood_behind_a_request_is_not_held_in_memory)
{
    struct http_server *s = serve((struct http_settings){0});
    char junk[65536];
    memset(junk, 'x', sizeof(junk));
    double before = figure("process_resident_memory_bytes");
    int fd = dial(http_port(s));
    struct timeval soon = {0, 200000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
    say(fd, "GET /later?ms=700 HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < 1000 && say_bytes(fd, junk, sizeof(junk)); i++)
        ;
    CHECK(figure("process_resident_memory_bytes") - before < 20e6);
    CHECK_INT(status_of(hear_one(fd)), 200);
    close(fd);
    end_server(s);
}

/* ---- the matcher under random paths and queries ---- */

TEST(no_path_or_query_breaks_the_matcher)
{
    static const char alphabet[] = "/%.?&=+a0fF#;:@~\\\"{}items";
    struct http_server *s = serve((struct http_settings){0});
    unsigned seed = 7;
    int fd = dial(http_port(s));
    for (int i = 0; i < 3000; i++) {
        char request[200] = "GET /items/";
        size_t n = strlen(request);
        for (int length = rand_r(&seed) % 40; length; length--)
            request[n++] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
        snprintf(request + n, sizeof(request) - n, " HTTP/1.1\r\n" HOST "\r\n");
        say(fd, request);
        const char *answer = hear_one(fd);
        int status = status_of(answer);
        if (status != 200 && status != 404 && status != 400)
            test_fail(__FILE__, __LINE__, request, answer, "200, 400 or 404");
        if (strstr(answer, "\r\nConnection: close")) {
            close(fd);
            fd = dial(http_port(s));
        }
    }
    close(fd);
    end_server(s);
}
