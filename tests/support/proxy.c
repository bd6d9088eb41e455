/* proxy.c -- see proxy.h. */
#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NOTHING, ANSWER, REQUEST, POLL_MS = 50 };

struct proxy {
    int listener, server_port, port;
    atomic_int drop, drops;
    atomic_bool stop;
    pthread_t thread;
};

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)port)};
}

/* Moves what there is to read; 0 or less when the side has closed. */
static ssize_t pass_on(int from, int to)
{
    char bytes[65536];
    ssize_t n = recv(from, bytes, sizeof(bytes), 0);
    for (ssize_t sent = 0, part; n > 0 && sent < n; sent += part)
        if ((part = send(to, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL)) <= 0)
            return -1;
    return n;
}

static bool swallow(struct proxy *p, int from)
{
    char bytes[65536];
    ssize_t n = recv(from, bytes, sizeof(bytes), 0);
    (void)n;
    atomic_store(&p->drop, NOTHING);
    atomic_fetch_add(&p->drops, 1);
    return false;
}

/* False when the connection is over. */
static bool turn(struct proxy *p, int client, int server, bool *asked)
{
    struct pollfd fds[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(fds, 2, POLL_MS) < 0)
        return false;
    int drop = atomic_load(&p->drop);
    if (fds[0].revents && drop == REQUEST)
        return swallow(p, client);
    if (fds[1].revents && drop == ANSWER && *asked)
        return swallow(p, server);
    if (fds[0].revents) {
        *asked = drop == ANSWER;
        if (pass_on(client, server) <= 0)
            return false;
    }
    return !fds[1].revents || pass_on(server, client) > 0;
}

static void *proxy_main(void *arg)
{
    struct proxy *p = arg;
    while (!atomic_load(&p->stop)) {
        struct pollfd fd = {p->listener, POLLIN, 0};
        if (poll(&fd, 1, POLL_MS) <= 0)
            continue;
        struct sockaddr_in to = loopback(p->server_port);
        int client = accept(p->listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);
        bool asked = false, open = !connect(server, (struct sockaddr *)&to, sizeof(to));
        while (open && !atomic_load(&p->stop))
            open = turn(p, client, server, &asked);
        close(client);
        close(server);
    }
    return NULL;
}

struct proxy *proxy_new(int server_port)
{
    struct proxy *p = calloc(1, sizeof(*p));
    struct sockaddr_in a = loopback(0);
    socklen_t size = sizeof(a);
    if (!p)
        abort();
    p->server_port = server_port;
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(p->listener, (struct sockaddr *)&a, size) || listen(p->listener, 8) ||
        getsockname(p->listener, (struct sockaddr *)&a, &size))
        abort();
    p->port = ntohs(a.sin_port);
    if (pthread_create(&p->thread, NULL, proxy_main, p))
        abort();
    return p;
}

int proxy_port(const struct proxy *p)
{
    return p->port;
}

void proxy_drop_next_answer(struct proxy *p)
{
    atomic_store(&p->drop, ANSWER);
}

void proxy_drop_next_request(struct proxy *p)
{
    atomic_store(&p->drop, REQUEST);
}

int proxy_drops(const struct proxy *p)
{
    return atomic_load(&p->drops);
}

void proxy_free(struct proxy *p)
{
    atomic_store(&p->stop, true);
    pthread_join(p->thread, NULL);
    close(p->listener);
    free(p);
}
