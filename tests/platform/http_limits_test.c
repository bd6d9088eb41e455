/* http_limits_test.c -- many connections, several loops, no descriptors left, start and stop. */
#include "tests/platform/http_client.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/banned.h"

#define HELLO "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"

TEST(no_more_connections_than_allowed_are_accepted_and_the_rest_wait)
{
    struct http_server *s = serve((struct http_settings){.max_connections = 20, .loops = 2});
    int fds[60];
    for (int i = 0; i < 60; i++) {
        fds[i] = dial(http_port(s));
        say(fds[i], HELLO);
    }
    pause_ms(400); /* several ticks */
    CHECK(open_connections() >= 20 &&
          open_connections() <= 21); /* two loops may both take the last */
    for (int i = 0; i < 60; i++) {   /* each that closes lets another one in */
        CHECK_INT(status_of(hear_one(fds[i])), 200);
        close(fds[i]);
    }
    EVENTUALLY(open_connections() == 0);
    CHECK_INT(status_of(get(http_port(s), "/hello")), 200);
    end_server(s);
}

TEST(connections_of_two_servers_in_one_process_are_counted_together)
{
    struct http_server *s[2] = {serve((struct http_settings){0}), NULL};
    struct http_settings other = {.address = "127.0.0.1", .max_connections = 100};
    int fds[4];
    CHECK_OK(http_server_new(&other, test_routes, 1, &s[1]));
    http_server_start(s[1]);
    for (int i = 0; i < 4; i++) {
        fds[i] = dial(http_port(s[i == 3]));
        say(fds[i], HELLO);
        CHECK_INT(status_of(hear_one(fds[i])), 200);
    }
    for (int i = 0; i < 10; i++, pause_ms(40)) /* ticks of both */
        CHECK_INT(open_connections(), 4);
    http_server_stop(s[1], 0);
    http_server_free(s[1]);
    CHECK_INT(open_connections(), 3);
    end_server(s[0]);
    CHECK_INT(open_connections(), 0);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

TEST(two_loops_share_one_socket_and_the_load)
{
    struct http_server *s = serve((struct http_settings){.loops = 2});
    int fds[200], second = 0;
    for (int i = 0; i < 200; i++)
        fds[i] = dial(http_port(s));
    for (int i = 0; i < 200; i++) {
        say(fds[i], "GET /loop HTTP/1.1\r\nHost: x\r\n\r\n");
        second += text_equal(body_of(hear_one(fds[i])), "1");
        close(fds[i]);
    }
    CHECK(second >= 80 && second <= 120);
    end_server(s);
}

TEST(ten_thousand_idle_connections_are_held)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int count = limit.rlim_cur > 21000 ? 10000 : (int)limit.rlim_cur / 2 - 200;
    int *fds = must_alloc((size_t)count, sizeof(*fds));
    struct http_server *s = serve((struct http_settings){.loops = 2, .max_connections = 20000});
    double before = figure("process_resident_memory_bytes");
    for (int i = 0; i < count; i++)
        fds[i] = dial(http_port(s));
    EVENTUALLY(open_connections() == count);
    CHECK_INT(status_of(get(http_port(s), "/hello")), 200);
    double each = (figure("process_resident_memory_bytes") - before) / count;
    CHECK(each < 32768); /* sanitizers keep red zones around everything */
    for (int i = 0; i < count; i++)
        close(fds[i]);
    EVENTUALLY(open_connections() == 0);
    CHECK_INT(status_of(get(http_port(s), "/hello")), 200);
    end_server(s);
    free(fds);
}

TEST(thousands_of_connections_come_and_go)
{
    struct http_server *s = serve((struct http_settings){.loops = 2});
    for (int i = 0; i < 4000; i++) {
        int fd = dial(http_port(s));
        if (i % 4 == 1)
            say(fd, "GET /hel");
        if (i % 4 == 2)
            say(fd, HELLO);
        if (i % 4 == 3) {
            say(fd, HELLO);
            CHECK_INT(status_of(hear_one(fd)), 200);
        }
        close(fd);
    }
    EVENTUALLY(open_connections() == 0);
    end_server(s);
}

/* ---- out of descriptors: a server in a process of its own ---- */

struct child {
    pid_t pid;
    int port, log;
};

static void child_main(int port_out, int log_out)
{
    struct http_server *s = NULL;
    struct http_settings settings = {.address = "127.0.0.1", .max_connections = 1000};
    dup2(log_out, STDERR_FILENO);
    if (http_server_new(&settings, test_routes, 1, &s))
        _exit(1);
    http_server_start(s);
    /* below what the server found when it set its limit: descriptors do run out */
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 64});
    int port = http_port(s);
    if (write(port_out, &port, sizeof(port)) != sizeof(port))
        _exit(1);
    pause_ms(20000);
    _exit(0);
}

static struct child start_child(void)
{
    int port[2], log[2];
    struct child c = {0};
    CHECK(!pipe(port) && !pipe(log));
    c.pid = fork();
    if (!c.pid)
        child_main(port[1], log[1]);
    close(port[1]);
    close(log[1]);
    c.log = log[0];
    CHECK(read(port[0], &c.port, sizeof(c.port)) == sizeof(c.port));
    close(port[0]);
    return c;
}

/* User and system time of a process, in ticks. */
static long cpu_ticks(pid_t pid)
{
    char path[40], line[600] = "";
    long user = 0, system = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    const char *after = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
    if (after)
        CHECK_INT(sscanf(after + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld %ld", &user,
                         &system),
                  2);
    if (f)
        fclose(f);
    return user + system;
}

TEST(without_descriptors_the_server_is_quiet_and_recovers)
{
    enum { CLIENTS = 100 };
    char text[65536];
    int fds[CLIENTS];
    struct child c = start_child();
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = dial(c.port);
    pause_ms(200);
    long before = cpu_ticks(c.pid);
    pause_ms(1000);
    CHECK(cpu_ticks(c.pid) - before <= sysconf(_SC_CLK_TCK) / 5);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    CHECK_INT(status_of(get(c.port, "/hello")), 200);
    kill(c.pid, SIGKILL);
    waitpid(c.pid, NULL, 0);
    ssize_t n = hear(c.log, text, 0, 0);
    n = read(c.log, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    close(c.log);
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    CHECK(lines >= 1 && lines <= 5);
    CHECK(strstr(text, "connections cannot be accepted") != NULL);
}

TEST(connections_leave_descriptors_for_everything_else)
{
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){200, before.rlim_max});
    struct http_server *s = serve((struct http_settings){.max_connections = 1000});
    setrlimit(RLIMIT_NOFILE, &before);
    int fds[180];
    for (int i = 0; i < 180; i++)
        fds[i] = dial(http_port(s));
    pause_ms(300);
    CHECK_INT(open_connections(), 200 - 48);
    for (int i = 0; i < 180; i++)
        close(fds[i]);
    end_server(s);
}

/* ---- start and stop ---- */

TEST(a_port_that_is_taken_is_named)
{
    struct http_server *s = serve((struct http_settings){.loops = 2}), *other = NULL;
    struct http_settings same = {
        .address = "127.0.0.1", .port = http_port(s), .max_connections = 9};
    CHECK_PROBLEM(http_server_new(&same, test_routes, 1, &other), NOT_STARTED);
    same.address = "localhost"; /* addresses, not names */
    same.port = 0;
    CHECK_PROBLEM(http_server_new(&same, test_routes, 1, &other), NOT_STARTED);
    end_server(s);
}

TEST(a_stop_answers_what_is_being_handled_and_closes_the_rest)
{
    struct http_server *s = serve((struct http_settings){.loops = 2});
    int port = http_port(s), busy = dial(port), idle = dial(port), half = dial(port);
    say(busy, "GET /later?ms=400 HTTP/1.1\r\nHost: x\r\n\r\n");
    say(half, "GET /hel");
    EVENTUALLY(open_connections() == 3);
    pause_ms(50);
    int64_t begun = time_monotonic();
    http_server_stop(s, 1500);
    int64_t took = (time_monotonic() - begun) / 1000;
    const char *answer = hear_one(busy);
    CHECK_TEXT(body_of(answer), "late");
    CHECK_TEXT(header_of(answer, "Connection"), "close");
    CHECK(is_closed(idle, 0));
    CHECK(took >= 300 && took < 2500);
    CHECK(dial(port) < 0);
    close(busy);
    close(idle);
    close(half);
    pool_free(later_pool);
    http_server_free(s);
}

TEST(a_stop_waits_no_longer_than_its_grace)
{
    struct http_server *s = serve((struct http_settings){0});
    int fd = dial(http_port(s));
    say(fd, "GET /later?ms=1000 HTTP/1.1\r\nHost: x\r\n\r\n");
    pause_ms(50);
    int64_t begun = time_monotonic();
    http_server_stop(s, 200);
    CHECK((time_monotonic() - begun) / 1000 < 900);
    pool_free(later_pool); /* the job comes back to a loop that has ended, and leaks nothing */
    http_server_free(s);
    close(fd);
}

TEST(a_server_that_was_never_started_is_freed)
{
    struct http_server *s = NULL;
    struct http_settings settings = {.address = "127.0.0.1", .max_connections = 5};
    CHECK_OK(http_server_new(&settings, test_routes, 1, &s));
    http_server_free(s);
    http_server_free(NULL);
}

/* ---- posts and timers ---- */

static atomic_int posted_done;
static pthread_t loop_thread;
static struct http_loop *_Atomic a_loop;
static atomic_int ended, ticks;

static void tick(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void *begin_loop(struct http_loop *loop, void *context)
{
    loop_thread = pthread_self();
    a_loop = loop;
    http_every(loop, 10, tick, &ticks);
    struct http_timer *cancelled = http_every(loop, 10, tick, &ended);
    http_timer_free(cancelled);
    return context;
}

static void end_loop(void *state)
{
    CHECK(state == &posted_done);
    atomic_fetch_add(&ended, 1);
}

static void count_post(struct job *j)
{
    CHECK(pthread_equal(pthread_self(), loop_thread));
    CHECK(http_loop_state(a_loop) == &posted_done);
    atomic_fetch_add(&posted_done, 1);
    free(j);
}

/* The state is still there: a job that comes late needs it as any other. */
static void finish_late(struct job *j)
{
    (void)j;
    CHECK_INT(atomic_load(&ended), 0);
    CHECK(http_loop_state(a_loop) == &posted_done);
    atomic_fetch_add(&posted_done, 1);
}

static void *post_many(void *arg)
{
    for (int i = 0; i < 5000; i++) {
        struct job *j = must_alloc(1, sizeof(*j));
        j->finish = count_post;
        http_post(arg, j);
    }
    return NULL;
}

TEST(four_threads_post_to_one_loop_and_timers_run)
{
    struct http_server *s = NULL;
    struct http_settings settings = {
        .address = "127.0.0.1", .max_connections = 5, .context = &posted_done};
    pthread_t threads[4];
    CHECK_OK(http_server_new(&settings, test_routes, 1, &s));
    http_on_loop(s, begin_loop, end_loop);
    http_server_start(s);
    CHECK_INT(status_of(get(http_port(s), "/hello")), 200); /* a_loop is set from here on */
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, post_many, a_loop);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    EVENTUALLY(atomic_load(&posted_done) == 4 * 5000);
    EVENTUALLY(atomic_load(&ticks) >= 3);
    http_server_stop(s, 100);
    http_post(a_loop, &(struct job){.finish = finish_late}); /* by a thread that is still at work */
    CHECK_INT(atomic_load(&ended), 0);
    http_server_free(s);
    CHECK_INT(atomic_load(&ended), 1);
    CHECK_INT(atomic_load(&posted_done), 4 * 5000 + 1);
}
