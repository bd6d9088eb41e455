/* http_connection_test.c -- when a connection stays and when it ends, what the head of an answer
 * says of it, and what becomes of bytes that come while nothing is read. */
#include "tests/platform/http_client.h"

#include "base/log.h"
#include "base/banned.h"

#define HOST "Host: x\r\n"

/* What the server says is what it does. */
static void check_end(int port, const char *request, const char *version, const char *connection)
{
    char answer[4096];
    int fd = dial(port);
    say(fd, request);
    snprintf(answer, sizeof(answer), "%s", hear_one(fd));
    CHECK_INT(status_of(answer), 200);
    CHECK(strncmp(answer, version, strlen(version)) == 0);
    CHECK_TEXT(header_of(answer, "Connection"), connection);
    CHECK_TEXT(header_of(answer, "Content-Length"), "11");
    if (text_equal(connection, "close")) {
        CHECK(is_closed(fd, 500));
    } else {
        say(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        CHECK_INT(status_of(hear_one(fd)), 200);
    }
    close(fd);
}

TEST(a_connection_ends_when_the_answer_says_so)
{
    static const struct {
        const char *request, *version, *connection;
    } rows[] = {
        {"GET /hello HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200 OK\r\n", NULL},
        {"GET /hello HTTP/1.1\r\n" HOST "Connection: keep-alive\r\n\r\n", "HTTP/1.1 ", NULL},
        {"GET /hello HTTP/1.1\r\n" HOST "Connection: Close\r\n\r\n", "HTTP/1.1 ", "close"},
        {"GET /hello HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\n", "close"},
        {"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.0 ", "keep-alive"},
        {"GET http://x/hello HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 ", "close"},
    };
    struct http_server *s = serve((struct http_settings){0});
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_end(http_port(s), rows[i].request, rows[i].version, rows[i].connection);
    end_server(s);
}

/* evhttp would end the answer in the coding in which the request came. */
TEST(a_chunked_request_gets_a_plain_answer_and_another_one)
{
    struct http_server *s = serve((struct http_settings){0});
    int fd = dial(http_port(s));
    for (int i = 0; i < 3; i++) {
        say(fd, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        CHECK_TEXT(body_of(hear_one(fd)), "abcde");
    }
    close(fd);
    end_server(s);
}

TEST(a_head_tells_the_length_and_sends_nothing)
{
    struct http_server *s = serve((struct http_settings){0});
    int fd = dial(http_port(s));
    say(fd, "HEAD /large HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    const char *answer = hear_all(fd);
    CHECK_TEXT(header_of(answer, "Content-Length"), "200000");
    CHECK_TEXT(body_of(answer), "");
    CHECK_INT(atomic_load(&released), 1);
    close(fd);
    end_server(s);
}

TEST(a_traceparent_comes_back_if_it_is_one)
{
    struct http_server *s = serve((struct http_settings){0});
    static const char good[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    char request[200];
    snprintf(request, sizeof(request), "GET /hello HTTP/1.1\r\n" HOST "traceparent: %s\r\n\r\n",
             good);
    CHECK_TEXT(header_of(exchange(http_port(s), request), "traceparent"), good);
    snprintf(request, sizeof(request), "GET /nothing HTTP/1.1\r\n" HOST "traceparent: %s\r\n\r\n",
             good);
    CHECK_TEXT(header_of(exchange(http_port(s), request), "traceparent"), good);
    snprintf(request, sizeof(request), "GET /hello HTTP/1.1\r\n" HOST "traceparent: %.40s\r\n\r\n",
             good);
    CHECK(!header_of(exchange(http_port(s), request), "traceparent"));
    end_server(s);
}

/* How much a client that does not read gets rid of until the socket takes no more. */
static size_t say_all_it_takes(int fd, int ms)
{
    static char many[65536];
    size_t said = 0;
    const char *one = "GET /hello HTTP/1.1\r\n" HOST "\r\n";
    for (size_t i = 0; i + strlen(one) < sizeof(many); i += strlen(one))
        memcpy(many + i, one, strlen(one));
    size_t length = strlen(many);
    int64_t end = time_monotonic() + ms * 1000;
    while (time_monotonic() < end) {
        ssize_t n = send(fd, many + said % length, length - said % length, MSG_DONTWAIT);
        if (n > 0)
            said += (size_t)n;
        else
            pause_ms(5);
    }
    return said;
}

/* While a handler works the bytes stay in the sockets, and cost the loop no turn. */
TEST(what_comes_while_a_handler_works_is_not_read)
{
    struct http_server *s = serve((struct http_settings){0});
    int fd = dial(http_port(s));
    double before = figure("process_resident_memory_bytes");
    say(fd, "GET /later?ms=1000 HTTP/1.1\r\n" HOST "\r\n");
    double cpu = figure("process_cpu_seconds_total");
    pause_ms(50);
    say(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    pause_ms(600);
    CHECK(figure("process_cpu_seconds_total") - cpu < 0.1);
    size_t said = say_all_it_takes(fd, 200);
    CHECK(figure("process_resident_memory_bytes") - before < 16e6);
    CHECK_TEXT(body_of(hear_one(fd)), "late");
    CHECK(said > 100 * 40);
    for (int i = 0; i < 100; i++)
        CHECK_INT(status_of(hear_one(fd)), 200);
    close(fd);
    end_server(s);
}

/* The idle time of a writer begins anew with every byte that goes out. The socket of this reader is
 * small, so that the server holds most of the body for longer than that. */
TEST(a_slow_reader_that_reads_is_not_cut_off)
{
    struct http_server *s = serve((struct http_settings){.idle_ms = 400});
    static char some[200000];
    const int small = 65536;
    size_t heard = 0;
    int fd = dial(http_port(s));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    say(fd, "GET /huge HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    for (ssize_t n = 1; n > 0; pause_ms(40))
        for (size_t now = 0; now < sizeof(some) && n > 0; now += (size_t)n) {
            n = hear(fd, some, sizeof(some) - now, PATIENCE_MS);
            heard += n > 0 ? (size_t)n : 0;
        }
    CHECK(heard > sizeof(huge_body));
    close(fd);
    end_server(s);
}
