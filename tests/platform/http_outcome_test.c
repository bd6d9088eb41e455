/* http_outcome_test.c -- what a recorder hears of every request, and that no client has an answer
 * before the recorder's turn has returned. */
#include "tests/platform/http_client.h"

#include "base/log.h"
#include "platform/http/http_address.h"
#include "tests/support/recorder.h"
#include "base/banned.h"

#define HOST "Host: x\r\n"

enum { LOOPS = 2 };

/* A recorder that writes the last outcome down as one line. */
static struct {
    pthread_mutex_t lock;
    char line[OUTCOME_LINE], trace[60];
    int64_t began, duration;
    int told[LOOPS], covered[LOOPS]; /* outcomes; those for which a turn has returned */
    int turns, turn_ms;
} record = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_outcome(void *recorder, int loop, const struct http_outcome *o)
{
    CHECK(recorder == &record);
    pthread_mutex_lock(&record.lock);
    write_outcome(o, record.line);
    snprintf(record.trace, sizeof(record.trace), "%s", or_dash(o->traceparent));
    record.began = o->began;
    record.duration = o->duration;
    record.told[loop]++;
    pthread_mutex_unlock(&record.lock);
}

/* Slow: an answer that was sent first would be seen. */
static void on_turn(void *recorder, int loop)
{
    CHECK(recorder == &record);
    pause_ms(record.turn_ms);
    pthread_mutex_lock(&record.lock);
    record.covered[loop] = record.told[loop];
    record.turns++;
    pthread_mutex_unlock(&record.lock);
}

static int sum(const int *of_loops)
{
    pthread_mutex_lock(&record.lock);
    int n = of_loops[0] + of_loops[1];
    pthread_mutex_unlock(&record.lock);
    return n;
}

static struct http_server *serve_recorded(struct http_settings s, int turn_ms)
{
    memset(record.told, 0, sizeof(record.told));
    memset(record.covered, 0, sizeof(record.covered));
    record.turns = 0;
    record.turn_ms = turn_ms;
    s.outcome = on_outcome;
    s.turn = on_turn;
    s.recorder = &record;
    return serve(s);
}

static const char *line_of(int port, const char *request)
{
    exchange(port, request);
    return record.line;
}

TEST(an_outcome_tells_what_the_answer_was)
{
    static const char *const rows[][2] = {
        {"GET /hello", "GET /hello 200 11 r-1 127.0.0.1 - known|- - - - - 0"},
        {"HEAD /hello", "HEAD /hello 200 0 r-1 127.0.0.1 - known|- - - - - 0"},
        {"DELETE /items/7", "DELETE /items/{id} 204 0 r-1 127.0.0.1 - known|- - - - - 0"},
        {"POST /noted/7", "POST /noted/{id} 409 * r-1 127.0.0.1 ILLEGAL_MOVE known|plain user-1 "
                          "CITIZEN police 7 8"},
        {"GET /secret/7", "GET - 404 * r-1 127.0.0.1 NO_SUCH_ROUTE known|- - - - - 0"},
        {"PUT /hello", "PUT - 405 * r-1 127.0.0.1 WRONG_METHOD known|- - - - - 0"},
        {"TRACE /hello", " - 405 * r-1 127.0.0.1 WRONG_METHOD known|- - - - - 0"},
        {"PUT /elsewhere", "PUT /elsewhere 421 0 - - - forgotten|- - - - - 0"},
    };
    struct http_server *s = serve_recorded((struct http_settings){0}, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[300];
        snprintf(request, sizeof(request), "%s HTTP/1.1\r\n" HOST "X-Request-Id: r-1\r\n\r\n",
                 rows[i][0]);
        CHECK_LIKE(line_of(http_port(s), request), rows[i][1]);
    }
    end_server(s);
}

TEST(an_outcome_has_the_time_and_the_trace)
{
    static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    struct http_server *s = serve_recorded((struct http_settings){0}, 0);
    char request[300];
    snprintf(request, sizeof(request),
             "GET /later?ms=50 HTTP/1.1\r\n" HOST "traceparent: %s\r\n\r\n", trace);
    int64_t before = time_now();
    line_of(http_port(s), request);
    CHECK_TEXT(record.trace, trace);
    CHECK(record.began >= before && record.began + record.duration <= time_now());
    CHECK(record.duration >= 50000);
    end_server(s);
}

TEST(of_a_forgotten_client_an_outcome_has_method_route_and_status_alone)
{
    struct http_server *s = serve_recorded((struct http_settings){0}, 0);
    const char *line = line_of(http_port(s), "POST /forgotten/7 HTTP/1.1\r\n" HOST
                                             "X-Request-Id: r-1\r\nX-Forwarded-For: 9.9.9.9\r\n"
                                             "traceparent: 00-0af7651916cd43dd8448eb211c80319c-"
                                             "b7ad6b7169203331-01\r\n\r\n");
    CHECK_TEXT(line, "POST /forgotten/{id} 409 0 - - - forgotten|- - - - - 0");
    CHECK_TEXT(record.trace, "-");
    CHECK(record.began && !record.duration);
    end_server(s);
}

TEST(what_was_never_a_request_is_told_too)
{
    struct http_server *s = serve_recorded(
        (struct http_settings){.max_body_bytes = 1000, .request_deadline_ms = 200}, 0);
    CHECK_LIKE(line_of(http_port(s), "NONSENSE\r\n\r\n"), " - 400 0 - - - forgotten|- - - - - 0");
    CHECK_LIKE(line_of(http_port(s), "GET /hello HTTP/1.1\r\n"),
               " - 408 0 - - - forgotten|- - - - - 0");
    CHECK_LIKE(line_of(http_port(s), "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99999999"
                                     "\r\n\r\n"),
               " - 413 0 - - - forgotten|- - - - - 0");
    CHECK_LIKE(line_of(http_port(s), "GET /hello HTTP/1.1\r\n\r\n"), /* no Host: we read it */
               "GET - 400 * * 127.0.0.1 BAD_HEADER known|- - - - - 0");
    CHECK_INT(sum(record.covered), 4);
    end_server(s);
}

static bool is_forgotten_route(const struct http_route *route)
{
    return route->row != NULL;
}

/* Before the handler has it nobody knows who it is. */
TEST(a_refusal_before_a_handler_that_may_forget_tells_no_more_than_it_would)
{
    struct http_server *s =
        serve_recorded((struct http_settings){.may_be_anonymous = is_forgotten_route}, 0);
    static const char *const rows[][2] = {
        {"POST /forgotten/7?a", "POST /forgotten/{id} 400 0 - - - forgotten|- - - - - 0"},
        {"POST /noted/7?a", "POST /noted/{id} 400 * 127.0.0.1 BAD_PARAMETER known|- - - - - 0"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[300];
        snprintf(request, sizeof(request), "%s HTTP/1.1\r\n" HOST "\r\n", rows[i][0]);
        CHECK_LIKE(line_of(http_port(s), request), rows[i][1]);
    }
    end_server(s);
}

/* ---- whose address ---- */

TEST(only_a_trusted_proxy_is_believed)
{
    static const struct {
        const char *trusted, *headers, *address;
    } rows[] = {
        {"127.0.0.1", "", "127.0.0.1"},
        {"127.0.0.1", "X-Forwarded-For: 10.1.2.3\r\n", "10.1.2.3"},
        {"127.0.0.1", "X-Forwarded-For: 6.6.6.6, 10.1.2.3 \r\n", "10.1.2.3"},
        {"127.0.0.1", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 10.1.2.3\r\n", "10.1.2.3"},
        {"::1 127.0.0.1", "X-Forwarded-For: 2001:DB8:0:0::7\r\n", "2001:db8::7"},
        {"127.0.0.1", "X-Forwarded-For: ::ffff:10.1.2.3\r\n", "10.1.2.3"},
        {"127.0.0.1", "X-Forwarded-For: 10.1.2.3, unknown\r\n", "127.0.0.1"},
        {"127.0.0.1", "X-Forwarded-For: 10.1.2.3 10.1.2.4\r\n", "127.0.0.1"},
        {"127.0.0.1", "X-Forwarded-For: 10.1.2.3:80\r\n", "127.0.0.1"},
        {"127.0.0.1", "X-Forwarded-For: <b>, \r\n", "127.0.0.1"},
        {"10.0.0.1", "X-Forwarded-For: 10.1.2.3\r\n", "127.0.0.1"},
        {"", "X-Forwarded-For: 10.1.2.3\r\n", "127.0.0.1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[300], line[100];
        struct http_server *s =
            serve_recorded((struct http_settings){.trusted_proxies = rows[i].trusted}, 0);
        snprintf(request, sizeof(request), "GET /hello HTTP/1.1\r\n" HOST "%s\r\n",
                 rows[i].headers);
        snprintf(line, sizeof(line), "GET /hello 200 11 * %s - known|*", rows[i].address);
        CHECK_LIKE(line_of(http_port(s), request), line);
        end_server(s);
    }
}

TEST(a_peer_in_the_mapped_form_is_the_same_peer)
{
    struct address_list trusted;
    char out[INET6_ADDRSTRLEN];
    CHECK(address_list_read("10.0.0.1 2001:db8::0:1", &trusted));
    CHECK_TEXT(client_address(&trusted, "::ffff:10.0.0.1", "1.2.3.4", out), "1.2.3.4");
    CHECK_TEXT(client_address(&trusted, "::ffff:10.0.0.2", "1.2.3.4", out), "10.0.0.2");
    CHECK_TEXT(client_address(&trusted, "2001:db8::1", "1.2.3.4", out), "1.2.3.4");
    CHECK_TEXT(client_address(&trusted, "fe80::1%eth0", "1.2.3.4", out), "fe80::1%eth0");
    CHECK_TEXT(client_address(&trusted, NULL, "1.2.3.4", out), NULL);
}

TEST(a_server_is_not_started_with_a_proxy_that_has_a_name)
{
    struct http_server *s = NULL;
    struct http_settings settings = {.address = "127.0.0.1", .trusted_proxies = "gateway"};
    CHECK_PROBLEM(http_server_new(&settings, test_routes, 1, &s), NOT_STARTED);
}

/* ---- the turn ---- */

enum { CLIENTS = 40 };

/* All clients ask at once; as often as something can be heard, turns must have covered as many
 * outcomes as there are answers that were heard or can be. */
static int hear_all_covered(int port, const char *request, int answers)
{
    struct pollfd clients[CLIENTS];
    int heard = 0, left = CLIENTS * answers, early = 0;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct pollfd){.fd = dial(port), .events = POLLIN};
        say(clients[i].fd, request);
    }
    while (left && poll(clients, CLIENTS, PATIENCE_MS) > 0) {
        int ready = 0;
        for (int i = 0; i < CLIENTS; i++)
            ready += clients[i].revents != 0;
        early += sum(record.covered) < heard + ready;
        for (int i = 0; i < CLIENTS; i++)
            if (clients[i].revents && status_of(hear_one(clients[i].fd)) == 200) {
                heard++;
                left--;
            }
    }
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i].fd);
    CHECK_INT(left, 0);
    return early;
}

TEST(no_client_has_an_answer_before_the_turn_that_covers_it)
{
    static const struct {
        const char *request;
        int answers;
    } rows[] = {
        {"GET /hello HTTP/1.1\r\n" HOST "\r\n", 1},
        {"GET /later HTTP/1.1\r\n" HOST "\r\n", 1},
        {"GET /large HTTP/1.1\r\n" HOST "\r\n", 1},
        {"GET /hello HTTP/1.1\r\n" HOST "\r\nGET /later HTTP/1.1\r\n" HOST "\r\n"
         "GET /hello HTTP/1.1\r\n" HOST "\r\n",
         3},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_server *s = serve_recorded((struct http_settings){.loops = LOOPS}, 3);
        CHECK_INT(hear_all_covered(http_port(s), rows[i].request, rows[i].answers), 0);
        CHECK_INT(sum(record.told), CLIENTS * rows[i].answers);
        end_server(s);
    }
}

TEST(what_the_server_refuses_unread_waits_for_its_turn_too)
{
    struct http_server *s = serve_recorded((struct http_settings){0}, 50);
    int fd = dial(http_port(s));
    char byte;
    say(fd, "NONSENSE\r\n\r\n");
    CHECK(hear(fd, &byte, 1, PATIENCE_MS) == 1);
    CHECK_INT(sum(record.covered), 1);
    close(fd);
    end_server(s);
}

/* While one turn takes its time requests gather; the next turn covers them all. */
TEST(one_turn_covers_all_answers_of_a_turn_of_the_loop)
{
    struct http_server *s = serve_recorded((struct http_settings){0}, 100);
    hear_all_covered(http_port(s), "GET /hello HTTP/1.1\r\n" HOST "\r\n", 1);
    CHECK_INT(sum(record.told), CLIENTS);
    CHECK(record.turns >= 1 && record.turns <= CLIENTS / 4);
    end_server(s);
}

TEST(an_answer_that_nobody_waits_for_gets_its_turn)
{
    struct http_server *s = serve_recorded((struct http_settings){.idle_ms = 200}, 0);
    int fd = dial(http_port(s));
    const struct linger reset = {.l_onoff = 1};
    say(fd, "GET /later?ms=600 HTTP/1.1\r\n" HOST "\r\n");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
    EVENTUALLY(sum(record.covered) == 1);
    CHECK_LIKE(record.line, "GET /later 200 4 * 127.0.0.1 - known|*");
    end_server(s);
}

static _Atomic(struct http_request *) kept;

static void handle_never(struct http_request *r, const void *row)
{
    (void)row;
    http_notes(r)->actor = "user-1";
    kept = r;
}

TEST(a_request_that_is_given_up_at_the_stop_is_told_as_forgotten)
{
    static const struct http_route never = {"POST", "/never/{id}", handle_never, NULL};
    struct http_server *s = NULL;
    struct http_settings settings = {.address = "127.0.0.1",
                                     .max_connections = 9,
                                     .outcome = on_outcome,
                                     .turn = on_turn,
                                     .recorder = &record};
    memset(record.covered, 0, sizeof(record.covered));
    memset(record.told, 0, sizeof(record.told));
    CHECK_OK(http_server_new(&settings, &never, 1, &s));
    http_server_start(s);
    int fd = dial(http_port(s));
    say(fd, "POST /never/7 HTTP/1.1\r\n" HOST "\r\n");
    EVENTUALLY(kept != NULL);
    http_server_stop(s, 10);
    http_server_free(s);
    close(fd);
    CHECK_INT(sum(record.covered), 1);
    CHECK_TEXT(record.line, "POST /never/{id} 0 0 - - - forgotten|- - - - - 0");
}
