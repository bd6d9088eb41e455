/* http_drain_test.c -- a server that is to end lets its connections end first. */
#include "tests/platform/http_client.h"

#include "platform/http/http_drain.h"

#include "base/banned.h"

#define HELLO "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"

static bool is_refused(int port)
{
    int fd = dial(port);
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static void *drain_server(void *server)
{
    http_server_drain(server, 5000);
    return NULL;
}

TEST(drained_each_connection_ends_with_its_next_answer)
{
    struct http_server *s = serve((struct http_settings){.loops = 2});
    int port = http_port(s), busy = dial(port), kept = dial(port);
    pthread_t drainer;
    int64_t begun = time_monotonic();
    say(kept, HELLO);
    CHECK(header_of(hear_one(kept), "Connection") == NULL);
    say(busy, "GET /later?ms=300 HTTP/1.1\r\nHost: x\r\n\r\n");
    pause_ms(50);
    CHECK(pthread_create(&drainer, NULL, drain_server, s) == 0);
    EVENTUALLY(is_refused(port));
    say(kept, HELLO);
    const char *answer = hear_one(kept);
    CHECK_INT(status_of(answer), 200);
    CHECK_TEXT(header_of(answer, "Connection"), "close");
    CHECK_TEXT(body_of(hear_one(busy)), "late");
    pthread_join(drainer, NULL);
    CHECK((time_monotonic() - begun) / 1000 < 4000);
    CHECK_INT(open_connections(), 0);
    close(busy);
    close(kept);
    end_server(s);
}

TEST(a_connection_that_nobody_uses_ends_with_the_drain)
{
    struct http_server *s = serve((struct http_settings){0});
    int idle = dial(http_port(s));
    EVENTUALLY(open_connections() == 1);
    int64_t begun = time_monotonic();
    http_server_drain(s, 200);
    int64_t took = (time_monotonic() - begun) / 1000;
    CHECK(took >= 200 && took < 2500);
    CHECK(is_closed(idle, 0));
    close(idle);
    end_server(s);
}

TEST(a_request_that_is_handled_outlasts_a_drain_and_is_answered)
{
    struct http_server *s = serve((struct http_settings){0});
    int slow = dial(http_port(s));
    say(slow, "GET /later?ms=1500 HTTP/1.1\r\nHost: x\r\n\r\n");
    EVENTUALLY(open_connections() == 1);
    pause_ms(50);
    http_server_drain(s, 100);
    CHECK_INT(open_connections(), 1);
    CHECK_TEXT(body_of(hear_one(slow)), "late");
    close(slow);
    end_server(s);
}
