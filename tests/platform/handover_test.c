/* handover_test.c -- a listening socket goes from one process to the next; nobody is refused. */
#include "platform/process/handover.h"

#include <fcntl.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "platform/http/http_drain.h"
#include "tests/platform/http_client.h"
#include "base/banned.h"

#define HELLO "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"

/* The process after this one, which is no Citywatch: it checks what it was handed, and answers
 * whoever waits in the socket. */
#define NEXT                                                                                 \
    "import os, socket\n"                                                                    \
    "assert os.environ['LISTEN_PID'] == str(os.getpid())\n"                                  \
    "assert os.environ['LISTEN_FDS'] == '1' and os.environ['LISTEN_FDNAMES'] == 'http'\n"    \
    "held = [os.path.realpath('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd')]\n" \
    "assert os.environ['LOCK'] + ' (deleted)' in held, held\n"                               \
    "s = socket.socket(fileno=3)\n"                                                          \
    "s.settimeout(5)\n"                                                                      \
    "c = s.accept()[0]\n"                                                                    \
    "c.setblocking(True)\n"                                                                  \
    "assert c.recv(100).startswith(b'GET /hello')\n"                                         \
    "c.sendall(b'the next one')\n"

static int exit_code(pid_t pid)
{
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A descriptor of whoever started this process lies where the socket is to go. */
static char lock_path[] = "/tmp/citywatch-handover-XXXXXX";

static void open_lock_at_3(void)
{
    int fd = mkstemp(lock_path);
    CHECK(fd >= 3 && dup2(fd, 3) == 3);
    setenv("LOCK", lock_path, 1);
    unlink(lock_path);
    if (fd != 3)
        close(fd);
}

static int port_from(int fd)
{
    int port = 0;
    CHECK(read(fd, &port, sizeof(port)) == sizeof(port));
    return port;
}

/* Tells its port when it serves, and again when it does not any more; goes on when it is told to.
 */
static void serve_and_become_the_next(int parent)
{
    char python[] = "/usr/bin/python3", option[] = "-c", text[] = NEXT, go;
    char *argv[] = {python, option, text, NULL};
    alarm(20);
    parent = fcntl(parent, F_DUPFD_CLOEXEC, 10);
    open_lock_at_3();
    struct http_server *s = serve((struct http_settings){.loops = 2});
    int port = http_port(s);
    CHECK(write(parent, &port, sizeof(port)) == sizeof(port) && read(parent, &go, 1) == 1);
    handover_hold();
    http_server_drain(s, 300);
    end_server(s);
    CHECK(write(parent, &port, sizeof(port)) == sizeof(port) && read(parent, &go, 1) == 1);
    handover_become(argv);
    _exit(99);
}

TEST(a_process_that_becomes_the_next_keeps_its_socket_and_what_it_was_given)
{
    int ends[2];
    char heard[64] = "";
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    fflush(stdout);
    pid_t pid = fork();
    if (!pid)
        serve_and_become_the_next(ends[1]);
    int port = port_from(ends[0]), early = dial(port);
    say(early, HELLO);
    CHECK_INT(status_of(hear_one(early)), 200);
    CHECK(write(ends[0], "g", 1) == 1);
    port_from(ends[0]);
    CHECK(is_closed(early, 0));
    int late = dial(port); /* there is nobody to accept it */
    CHECK(late >= 0 && say(late, HELLO));
    CHECK(write(ends[0], "g", 1) == 1);
    CHECK(hear(late, heard, sizeof(heard) - 1, PATIENCE_MS) > 0);
    CHECK_TEXT(heard, "the next one");
    CHECK_INT(exit_code(pid), 0);
    close(early);
    close(late);
    close(ends[0]);
    close(ends[1]);
}

/* ---- what was handed over ---- */

static struct sockaddr_in address_of(int fd)
{
    struct sockaddr_in a;
    socklen_t length = sizeof(a);
    CHECK(!getsockname(fd, (struct sockaddr *)&a, &length));
    return a;
}

static int listening(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(!bind(fd, (struct sockaddr *)&any, sizeof(any)) && !listen(fd, 8));
    return fd;
}

static void hand_over(int fd)
{
    char pid[16];
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    dup2(fd, 3);
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
}

static int take_own(void)
{
    int fd = listening();
    struct sockaddr_in a = address_of(fd);
    hand_over(fd);
    return handover_take((struct sockaddr *)&a, sizeof(a)) == 3 &&
           fcntl(3, F_GETFD) == FD_CLOEXEC &&
           handover_take((struct sockaddr *)&a, sizeof(a)) == -1; /* it was taken */
}

static int take_of_another_address(void)
{
    int fd = listening(), other = listening();
    struct sockaddr_in wanted = address_of(other);
    hand_over(fd);
    return handover_take((struct sockaddr *)&wanted, sizeof(wanted)) == -1 &&
           fcntl(3, F_GETFD) == -1;
}

/* As an operator who opens a service to the network: the same port, of which systemd has a copy. */
static int take_of_the_same_port_elsewhere(void)
{
    int fd = listening(), on = 1, fresh = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in wanted = address_of(fd);
    wanted.sin_addr.s_addr = htonl(INADDR_ANY);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fresh, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    hand_over(fd); /* under its old number it stays open */
    return handover_take((struct sockaddr *)&wanted, sizeof(wanted)) == -1 &&
           !bind(fresh, (struct sockaddr *)&wanted, sizeof(wanted)) && !listen(fresh, 8);
}

static int take_none(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    return handover_take((struct sockaddr *)&a, sizeof(a)) == -1;
}

static int in_child(int (*part)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        for (int fd = 3; fd < 64; fd++)
            close(fd);
        for (int fd = open("/dev/null", O_RDONLY); fd < 3;)
            fd = dup(fd);
        _exit(part() ? 0 : 1);
    }
    return exit_code(pid);
}

TEST(a_socket_is_taken_if_it_listens_on_the_address_that_is_set)
{
    CHECK_INT(in_child(take_own), 0);
    CHECK_INT(in_child(take_of_another_address), 0);
    CHECK_INT(in_child(take_of_the_same_port_elsewhere), 0);
    CHECK_INT(in_child(take_none), 0);
}

/* ---- systemd ---- */

static struct sockaddr_un manager_address;

static int manager(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    manager_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(manager_address.sun_path, sizeof(manager_address.sun_path), "/tmp/citywatch-notify-%d",
             (int)getpid());
    CHECK(!bind(fd, (struct sockaddr *)&manager_address, sizeof(manager_address)));
    setenv("NOTIFY_SOCKET", manager_address.sun_path, 1);
    return fd;
}

/* What was told, with the descriptor that came with it. */
static int told(int manager_fd, char *text, size_t size)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    } control = {0};
    struct iovec part = {text, size - 1};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    int fd = -1;
    ssize_t n = recvmsg(manager_fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    text[n > 0 ? n : 0] = '\0';
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
            memcpy(&fd, CMSG_DATA(c), sizeof(fd));
    return fd;
}

static void serve_for_systemd(void)
{
    char text[200];
    int to = manager();
    struct http_server *s = serve((struct http_settings){0});
    int kept = told(to, text, sizeof(text)), port = http_port(s);
    CHECK_TEXT(text, "FDSTORE=1\nFDNAME=http");
    CHECK_INT(ntohs(address_of(kept).sin_port), port);
    http_server_drain(s, 100);
    end_server(s);
    int waits = dial(port);
    CHECK(waits >= 0);
    CHECK(!is_closed(waits, 100));
    close(kept);
    CHECK(is_closed(waits, 1000)); /* nobody has it any more */
    CHECK(dial(port) < 0);
    unlink(manager_address.sun_path);
    exit(test_failures ? 1 : 0);
}

TEST(systemd_keeps_the_socket_of_a_service_that_ends)
{
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        alarm(20);
        serve_for_systemd();
    }
    CHECK_INT(exit_code(pid), 0);
}
