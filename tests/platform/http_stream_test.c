/* http_stream_test.c -- answers that are made while they are sent: a piece in memory at a time,
 * whatever the client does, and never a broken one that looks whole. */
#include "tests/platform/http_client.h"

#include "platform/http/http_stream.h"
#include "tests/support/recorder.h"
#include "base/banned.h"

#define HOST "Host: x\r\n"

enum { PIECE = 1 << 20, LOOPS = 2 };

/* How many pieces there are, and what happens behind the last: the stream is ended ('e'), aborted
 * ('a'), or its maker is not done yet ('h'). 'l': ended, but the maker begins late; 'd': not done,
 * and the stream itself begins late. */
struct maker {
    struct http_request *request;
    struct http_stream *stream;
    struct http_timer *timer;
    int pieces, made;
    char last;
};
static atomic_int made, gone;
static char piece[8 * PIECE];
static size_t piece_bytes;

static void next(void *arg)
{
    struct maker *m = arg;
    if (m->made < m->pieces) {
        m->made++;
        atomic_fetch_add(&made, 1);
        http_stream_send(m->stream, piece, piece_bytes);
    } else if (!strchr("hd", m->last)) {
        if (m->last != 'a')
            http_stream_end(m->stream, "the end", 7);
        else
            http_stream_abort(m->stream);
        free(m);
    }
}

static void left(void *arg)
{
    atomic_fetch_add(&gone, 1);
    free(arg);
}

/* False: nobody wants a piece; `m` is freed. */
static bool begin(struct maker *m)
{
    static const struct http_stream_calls calls = {next, left};
    const struct http_answer head = {.status = 200, .content_type = "text/plain"};
    const struct problem *p = http_stream_begin(m->request, &head, &calls, m, &m->stream);
    if (p)
        http_refuse(m->request, p, NULL);
    bool wanted = m->stream != NULL;
    if (!wanted)
        free(m);
    return wanted;
}

static void late(void *arg)
{
    struct maker *m = arg;
    http_timer_free(m->timer);
    if (m->last == 'd')
        begin(m);
    else
        next(m);
}

/* /stream/<pieces><what happens then>: /stream/3e */
static void handle_stream(struct http_request *r, const void *row)
{
    (void)row;
    const char *wish = http_segment(r, "wish");
    char last = wish[strlen(wish) - 1];
    struct maker *m = must_alloc(1, sizeof(*m));
    *m = (struct maker){.request = r, .pieces = (int)strtol(wish, NULL, 10), .last = last};
    if (strchr("ld", last))
        m->timer = http_every(http_loop_of(r), 50, late, m);
    if (last != 'd' && begin(m) && !m->timer)
        next(m);
}

static struct http_server *serve_streams(struct http_settings s)
{
    static const struct http_route routes[] = {{"GET", "/stream/{wish}", handle_stream, NULL}};
    struct http_server *server = NULL;
    s.address = "127.0.0.1";
    s.max_connections = 100;
    s.loops = LOOPS;
    s.outcome = record_outcome;
    s.turn = record_turn;
    CHECK_OK(http_server_new(&s, routes, 1, &server));
    memset(piece, 'x', sizeof(piece));
    piece_bytes = PIECE;
    atomic_store(&made, 0);
    atomic_store(&gone, 0);
    http_server_start(server);
    return server;
}

static void end_streams(struct http_server *s)
{
    http_server_stop(s, 200);
    http_server_free(s);
}

static int ask_stream(struct http_server *s, const char *wish)
{
    char request[200];
    int fd = dial(http_port(s));
    snprintf(request, sizeof(request), "GET /stream/%s HTTP/1.1\r\n" HOST "\r\n", wish);
    say(fd, request);
    return fd;
}

static char heard_bytes[9 * PIECE];

/* The head as a text, then the bytes of the body as they came, until the last chunk, the close (0)
 * or a reset (-1), which *end is; 1 after the last chunk. */
static size_t hear_stream(int fd, int *end)
{
    size_t length = 0;
    for (*end = 1; length < sizeof(heard_bytes) - 1;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        CHECK(poll(&p, 1, PATIENCE_MS) == 1);
        ssize_t n = recv(fd, heard_bytes + length, sizeof(heard_bytes) - 1 - length, 0);
        if (n <= 0) {
            *end = n < 0 ? -1 : 0;
            break;
        }
        length += (size_t)n;
        if (length > 7 && !memcmp(heard_bytes + length - 7, "\r\n0\r\n\r\n", 7))
            break;
    }
    heard_bytes[length] = '\0';
    return length;
}

TEST(a_stream_comes_in_chunks_and_the_connection_goes_on)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    int end, chunks, fd = ask_stream(s, "3e");
    for (int i = 0; i < 2; i++) {
        hear_stream(fd, &end);
        CHECK_INT(end, 1);
        CHECK_INT(status_of(heard_bytes), 200);
        CHECK_INT(unchunk(body_of(heard_bytes), &chunks), 3 * PIECE + 7);
        CHECK_INT(chunks, 4);
        CHECK(!header_of(heard_bytes, "Content-Length"));
        CHECK_TEXT(header_of(heard_bytes, "Transfer-Encoding"), "chunked");
        say(fd, "GET /stream/3e HTTP/1.1\r\n" HOST "\r\n");
    }
    close(fd);
    end_streams(s);
}

TEST(a_piece_may_be_made_later)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    int end, chunks, fd = ask_stream(s, "2l");
    CHECK_INT(hear(fd, heard_bytes, 1, PATIENCE_MS), 1);
    pause_ms(20);
    CHECK_INT(atomic_load(&made), 0);
    hear_stream(fd, &end);
    CHECK_INT(end, 1);
    CHECK_INT(unchunk(body_of(heard_bytes), &chunks), 2 * PIECE + 7);
    close(fd);
    end_streams(s);
}

TEST(to_a_client_of_http_1_0_it_ends_with_the_connection)
{
    static const char *const headers[] = {"", "Connection: keep-alive\r\n"};
    struct http_server *s = serve_streams((struct http_settings){0});
    for (int i = 0; i < 2; i++) {
        char request[200];
        int end, fd = dial(http_port(s));
        snprintf(request, sizeof(request), "GET /stream/2e HTTP/1.0\r\n%s\r\n", headers[i]);
        say(fd, request);
        size_t length = hear_stream(fd, &end);
        const char *body = body_of(heard_bytes);
        CHECK_INT(end, 0);
        CHECK_INT((long)length - (body - heard_bytes), 2 * PIECE + 7);
        CHECK_TEXT(body + 2 * PIECE, "the end");
        CHECK_TEXT(header_of(heard_bytes, "Connection"), "close");
        close(fd);
    }
    end_streams(s);
}

TEST(of_a_head_no_piece_is_made)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    int fd = dial(http_port(s));
    for (int i = 0; i < 2; i++) {
        say(fd, "HEAD /stream/3e HTTP/1.1\r\n" HOST "\r\n");
        CHECK_INT(status_of(hear_one(fd)), 200);
    }
    CHECK_INT(atomic_load(&made), 0);
    close(fd);
    end_streams(s);
}

/* The sockets of both sides take some pieces, and then no more. */
TEST(while_the_client_does_not_read_no_more_is_made)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    int end, chunks, fd = ask_stream(s, "8e");
    EVENTUALLY(atomic_load(&made) >= 1);
    pause_ms(100);
    int then = atomic_load(&made);
    pause_ms(300);
    CHECK_INT(atomic_load(&made), then);
    CHECK(then < 8);
    hear_stream(fd, &end);
    CHECK_INT(unchunk(body_of(heard_bytes), &chunks), 8 * PIECE + 7);
    CHECK_INT(atomic_load(&made), 8);
    close(fd);
    end_streams(s);
}

/* How long it lasted until the maker heard of it. */
static int64_t gone_after_ms(int64_t begun)
{
    EVENTUALLY(atomic_load(&gone) == 1);
    return (time_monotonic() - begun) / 1000;
}

TEST(a_client_that_never_reads_is_cut_off_after_the_idle_time)
{
    struct http_server *s = serve_streams((struct http_settings){.idle_ms = 400});
    int64_t begun = time_monotonic();
    int fd = ask_stream(s, "1000e");
    int64_t ms = gone_after_ms(begun);
    CHECK(ms >= 390 && ms < 2000);
    CHECK(atomic_load(&made) < 20);
    close(fd);
    end_streams(s);
}

/* Progress alone does not keep it: a piece has its time as a whole. */
TEST(nor_does_one_that_reads_slowly_stay)
{
    struct http_server *s = serve_streams((struct http_settings){.idle_ms = 400});
    piece_bytes = sizeof(piece);
    int64_t begun = time_monotonic();
    int fd = ask_stream(s, "1000e");
    for (int i = 0; i < 300 && !atomic_load(&gone); i++) {
        hear(fd, heard_bytes, 65536, 0);
        pause_ms(10);
    }
    int64_t ms = gone_after_ms(begun);
    CHECK(ms >= 390 && ms < 2500);
    close(fd);
    end_streams(s);
}

TEST(a_client_that_leaves_ends_the_work)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    static const char *const wishes[] = {"1000e", "0h", "1h"}; /* in a piece, between two */
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        atomic_store(&gone, 0);
        int fd = ask_stream(s, wishes[i]);
        char some[1000];
        CHECK(hear(fd, some, sizeof(some), PATIENCE_MS) > 0);
        CHECK_INT(atomic_load(&gone), 0);
        int64_t begun = time_monotonic();
        close(fd);
        CHECK(gone_after_ms(begun) < 1000);
    }
    EVENTUALLY(open_connections() == 0);
    end_streams(s);
}

/* Also if the close of its side has come before the stream began. */
TEST(so_does_one_that_closes_its_side)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    static const char *const wishes[] = {"0h", "0d"};
    for (int i = 0; i < 2; i++) {
        atomic_store(&gone, 0);
        int fd = ask_stream(s, wishes[i]);
        shutdown(fd, SHUT_WR);
        CHECK(gone_after_ms(time_monotonic()) < 1000);
        close(fd);
    }
    end_streams(s);
}

TEST(a_request_that_came_behind_it_is_answered_after_it)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    int fd = dial(http_port(s)), chunks;
    size_t length = 0;
    ssize_t n = 1;
    say(fd, "GET /stream/2e HTTP/1.1\r\n" HOST "\r\nGET /stream/1e HTTP/1.1\r\n" HOST
            "Connection: close\r\n\r\n");
    for (; n > 0; length += (size_t)n)
        n = hear(fd, heard_bytes + length, sizeof(heard_bytes) - 1 - length, PATIENCE_MS);
    CHECK_INT(n, 0);
    heard_bytes[length] = '\0';
    CHECK_INT(unchunk(body_of(heard_bytes), &chunks), 2 * PIECE + 7);
    const char *second = strstr(heard_bytes + 8, "HTTP/1.1 200");
    CHECK(second && unchunk(body_of(second), &chunks) == PIECE + 7);
    close(fd);
    end_streams(s);
}

TEST(an_aborted_stream_is_reset_and_has_no_last_chunk)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    static const char *const wishes[] = {"0a", "2a"};
    for (int i = 0; i < 2; i++) {
        int end, fd = ask_stream(s, wishes[i]);
        hear_stream(fd, &end);
        CHECK_INT(end, -1);
        close(fd);
    }
    CHECK_INT(atomic_load(&gone), 0); /* who aborts it knows */
    end_streams(s);
}

TEST(past_so_many_streams_the_next_one_is_busy)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    int end, fds[HTTP_STREAMS_MAX];
    for (int i = 0; i < HTTP_STREAMS_MAX; i++) {
        char head[400];
        fds[i] = ask_stream(s, "0h");
        CHECK(hear(fds[i], head, sizeof(head), PATIENCE_MS) > 0);
    }
    const char *refused = get(http_port(s), "/stream/0e");
    CHECK_INT(status_of(refused), 503);
    CHECK_TEXT(header_of(refused, "Retry-After"), "1");
    close(fds[0]);
    EVENTUALLY(atomic_load(&gone) == 1);
    fds[0] = ask_stream(s, "0e");
    hear_stream(fds[0], &end);
    CHECK_INT(end, 1);
    for (int i = 0; i < HTTP_STREAMS_MAX; i++)
        close(fds[i]);
    end_streams(s);
}

TEST(the_recorder_hears_of_a_stream_when_it_begins)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    char head[400];
    int fd = ask_stream(s, "0h");
    CHECK(hear(fd, head, sizeof(head), PATIENCE_MS) > 0);
    CHECK_LIKE(recorded_line(), "GET /stream/{wish} 200 0 *|- - - - - 0");
    close(fd);
    end_streams(s);
}

static void *stop_server(void *server)
{
    http_server_stop(server, 1000);
    return NULL;
}

TEST(a_stop_lets_a_stream_end_within_its_grace)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    pthread_t stopper;
    int end, fd = ask_stream(s, "8e");
    EVENTUALLY(atomic_load(&made) >= 1);
    CHECK(pthread_create(&stopper, NULL, stop_server, s) == 0);
    pause_ms(100);
    hear_stream(fd, &end);
    CHECK_INT(end, 1);
    pthread_join(stopper, NULL);
    CHECK_INT(atomic_load(&gone), 0);
    close(fd);
    http_server_free(s);
}

TEST(past_its_grace_it_is_cut_and_its_maker_hears_of_it)
{
    struct http_server *s = serve_streams((struct http_settings){0});
    int end, reading = ask_stream(s, "1h"), silent = ask_stream(s, "1000e");
    hear(reading, heard_bytes, 1, PATIENCE_MS);
    EVENTUALLY(atomic_load(&made) >= 2);
    end_streams(s);
    CHECK_INT(atomic_load(&gone), 2);
    hear_stream(reading, &end);
    CHECK_INT(end, -1);
    hear_stream(silent, &end);
    CHECK_INT(end, -1);
    close(reading);
    close(silent);
}
