/* servers.c -- see servers.h. */
#include "tests/support/servers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"

#define PG_BIN "/usr/lib/postgresql/15/bin"

static char folder[64];
static struct arena kept; /* URIs, freed by nobody: the program ends */
static int postgres_port, redis_port;
static pid_t owner;

static void clean_up(void)
{
    if (getpid() != owner)
        return;
    if (postgres_port)
        test_postgres_stop();
    if (redis_port)
        test_redis_stop();
    test_shell("rm -rf %s", folder);
    arena_release(&kept);
}

void test_shell(const char *format, ...)
{
    char command[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    int status = system(command);
    if (status != 0) {
        fprintf(stderr, "failed (%d): %s\n", status, command);
        exit(2);
    }
}

const char *test_folder(void)
{
    if (!folder[0]) {
        strncpy(folder, "/tmp/citywatch-test-XXXXXX", sizeof(folder) - 1);
        if (!mkdtemp(folder))
            exit(2);
        test_shell("chmod 755 %s", folder);
        owner = getpid();
        atexit(clean_up);
    }
    return folder;
}

static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, size) ||
        getsockname(fd, (struct sockaddr *)&a, &size))
        exit(2);
    close(fd);
    return ntohs(a.sin_port);
}

static const char *as_postgres(void)
{
    return geteuid() == 0 ? "runuser -u postgres -- " : "";
}

void test_postgres_start(void)
{
    test_shell("cd / && %s" PG_BIN "/pg_ctl -D %s/pg -l %s/pg/log -w -t 30 start >/dev/null",
               as_postgres(), folder, folder);
}

void test_postgres_stop(void)
{
    test_shell("cd / && %s" PG_BIN "/pg_ctl -D %s/pg -m immediate -w stop >/dev/null 2>&1 || true",
               as_postgres(), folder);
}

static void postgres_first(void)
{
    if (postgres_port)
        return;
    test_folder();
    postgres_port = free_port();
    test_shell("mkdir %s/pg && if [ $(id -u) = 0 ]; then chown postgres %s/pg; fi", folder, folder);
    test_shell("cd / && %s" PG_BIN
               "/initdb -D %s/pg -U test -A trust -N -E UTF8 --locale=C.UTF-8 >/dev/null",
               as_postgres(), folder);
    test_shell(
        "cat >> %s/pg/postgresql.conf <<'E'\nport = %d\nlisten_addresses = '127.0.0.1'\n"
        "unix_socket_directories = ''\nfsync = off\nmax_connections = 60\nshared_buffers = 64MB\n"
        "autovacuum_naptime = 5s\nE",
        folder, postgres_port);
    test_postgres_start();
}

static const char *new_database(const char *migrations)
{
    static int count;
    postgres_first();
    const char *base = arena_printf(&kept, "postgresql://test@127.0.0.1:%d/", postgres_port);
    const char *url = arena_printf(&kept, "%stest%d", base, ++count);
    test_shell("psql -qX '%spostgres' -c 'CREATE DATABASE test%d' >/dev/null", base, count);
    if (migrations)
        test_shell("for f in " SOURCE_DIR "/migrations/%s/*.sql; do "
                   "psql -qX -1 -v ON_ERROR_STOP=1 '%s' -f $f >/dev/null || exit 1; done",
                   migrations, url);
    return url;
}

const char *test_database(void)
{
    return new_database(NULL);
}

const char *test_store_database(void)
{
    return new_database("write");
}

const char *test_views_database(void)
{
    return new_database("read");
}

void test_redis_start(void)
{
    test_shell("redis-server --port %d --bind 127.0.0.1 --save '' --appendonly no --daemonize yes "
               "--dir %s --pidfile %s/redis.pid --logfile %s/redis.log "
               "--maxmemory-policy noeviction --enable-debug-command yes",
               redis_port, folder, folder, folder);
    test_shell("for i in $(seq 100); do redis-cli -p %d ping >/dev/null 2>&1 && exit 0; sleep "
               "0.05; done; exit 1",
               redis_port);
}

void test_redis_stop(void)
{
    test_shell("kill -9 $(cat %s/redis.pid) 2>/dev/null; "
               "while kill -0 $(cat %s/redis.pid) 2>/dev/null; do sleep 0.01; done; true",
               folder, folder);
}

int test_redis_port(void)
{
    if (!redis_port) {
        test_folder();
        redis_port = free_port();
        test_redis_start();
    }
    return redis_port;
}
