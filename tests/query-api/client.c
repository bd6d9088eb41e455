/* client.c -- an HTTP client on blocking sockets, one request a connection. */
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/query-api/fixture.h"

#include "platform/process/metrics.h"

static int connect_to_service(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)query_api_port(query_service()))};
    struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a))) {
        perror("connect");
        exit(2);
    }
    return fd;
}

int send_get(const char *path, const char *authorization, const char *headers)
{
    scoped_text request = {0};
    text_printf(&request, "GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s", path,
                headers ? headers : "");
    if (authorization)
        text_printf(&request, "Authorization: %s\r\n", authorization);
    text_append(&request, "\r\n");
    int fd = connect_to_service();
    if (write(fd, request.at, request.length) != (ssize_t)request.length)
        exit(2);
    return fd;
}

struct response receive(int fd)
{
    struct response r = {.status = 0};
    struct text all = {0};
    char block[16384];
    for (ssize_t n; (n = read(fd, block, sizeof(block))) > 0;)
        text_append_bytes(&all, block, (size_t)n);
    close(fd);
    const char *end = strstr(text_value(&all), "\r\n\r\n");
    if (!end || sscanf(all.at, "HTTP/1.1 %d", &r.status) != 1) {
        text_release(&all);
        r.head = strdup("");
        r.body = strdup("");
        return r;
    }
    size_t head = (size_t)(end - all.at) + 4;
    struct text body = {0};
    text_append_bytes(&body, all.at + head, all.length - head);
    r.length = body.length;
    r.body = text_take(&body);
    r.head = strndup(all.at, head);
    text_release(&all);
    return r;
}

struct response get(const char *path, const char *authorization, const char *headers)
{
    return receive(send_get(path, authorization, headers));
}

const char *header(const struct response *r, const char *name, char *out, size_t size)
{
    out[0] = '\0';
    for (const char *line = strstr(r->head, "\r\n"); line && line[2];
         line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, strlen(name)) == 0 && line[2 + strlen(name)] == ':') {
            const char *value = line + 2 + strlen(name) + 1;
            value += strspn(value, " ");
            snprintf(out, size, "%.*s", (int)strcspn(value, "\r"), value);
        }
    return out;
}

bool has(const struct response *r, const char *part)
{
    return strstr(r->body, part);
}

bool refused(const struct response *r, const struct problem *p)
{
    char type[96];
    snprintf(type, sizeof(type), "\"type\":\"/problems/%s\"", p->name);
    for (char *c = type + strlen("\"type\":\"/problems/"); *c; c++)
        *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
    return r->status == problem_status(p) && has(r, type);
}

int occurrences(const struct response *r, const char *part)
{
    int n = 0;
    for (const char *at = r->body; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}

const char *member(const struct response *r, const char *name, char *out, size_t size)
{
    char start[64];
    snprintf(start, sizeof(start), "\"%s\":\"", name);
    const char *at = strstr(r->body, start);
    if (!at)
        return NULL;
    at += strlen(start);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
    return out;
}
