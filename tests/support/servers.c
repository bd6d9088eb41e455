/* servers.c -- see servers.h. */
#include "tests/support/servers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
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
static pid_t owner, postgres, redis;

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
        test_shell("find /tmp -maxdepth 1 -name 'citywatch-test-*' -mmin +600 -exec rm -rf {} +");
        strncpy(folder, "/tmp/citywatch-test-XXXXXX", sizeof(folder) - 1);
        if (!mkdtemp(folder))
            exit(2);
        test_shell("chmod 755 %s", folder);
        owner = getpid();
        atexit(clean_up);
    }
    return folder;
}

int test_free_port(void)
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

pid_t test_server_start(const char *log, const char *const *argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0 || chdir("/"))
            _exit(2);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(2);
    }
    return pid;
}

void test_server_stop(pid_t *pid, int how)
{
    if (*pid > 0) {
        kill(*pid, how);
        waitpid(*pid, NULL, 0);
    }
    *pid = 0;
}

void test_postgres_start(void)
{
    const char *data = arena_printf(&kept, "%s/pg", folder);
    const char *log = arena_printf(&kept, "%s/pg.log", folder);
    const char *as_root[] = {"setpriv",          "--pdeathsig", "QUIT",     "--reuid",
                             "postgres",         "--regid",     "postgres", "--init-groups",
                             PG_BIN "/postgres", "-D",          data,       NULL};
    const char *as_user[] = {"setpriv", "--pdeathsig", "QUIT", PG_BIN "/postgres",
                             "-D",      data,          NULL};
    postgres = test_server_start(log, geteuid() == 0 ? as_root : as_user);
    test_shell("for i in $(seq 300); do " PG_BIN "/pg_isready -q -h 127.0.0.1 -p %d && exit 0; "
               "sleep 0.1; done; exit 1",
               postgres_port);
}

void test_postgres_freeze(void)
{
    test_shell("kill -STOP %d; pkill -STOP -P %d; true", (int)postgres, (int)postgres);
}

void test_postgres_thaw(void)
{
    if (postgres > 0)
        test_shell("pkill -CONT -P %d; kill -CONT %d; true", (int)postgres, (int)postgres);
}

void test_postgres_stop(void)
{
    test_postgres_thaw();
    test_server_stop(&postgres, SIGQUIT);
}

static void postgres_first(void)
{
    if (postgres_port)
        return;
    test_folder();
    postgres_port = test_free_port();
    test_shell("mkdir %s/pg && if [ $(id -u) = 0 ]; then chown postgres %s/pg; fi", folder, folder);
    test_shell("cd / && %s" PG_BIN
               "/initdb -D %s/pg -U test -A trust -N -E UTF8 --locale=C.UTF-8 >/dev/null",
               as_postgres(), folder);
    test_shell("cat >> %s/pg/postgresql.conf <<'E'\nport = %d\nlisten_addresses = '127.0.0.1'\n"
               "unix_socket_directories = '%s/pg'\nfsync = off\nmax_connections = 60\n"
               "shared_buffers = 64MB\nautovacuum_naptime = 5s\nE",
               folder, postgres_port, folder);
    test_postgres_start();
}

static const char *create_database(const char *name, const char *template)
{
    postgres_first();
    const char *base = arena_printf(&kept, "postgresql://test@127.0.0.1:%d/", postgres_port);
    test_shell("psql -qX '%spostgres' -c 'CREATE DATABASE %s TEMPLATE %s' >/dev/null", base, name,
               template);
    return arena_printf(&kept, "%s%s", base, name);
}

static const char *new_database(const char *template)
{
    static int count;
    return create_database(arena_printf(&kept, "test%d", ++count), template);
}

/* Migrations run once a program, in a database of their own, of which the others are copies. */
static const char *migrated_database(const char *migrations, bool *migrated)
{
    if (!*migrated)
        test_shell("for f in " MIGRATIONS "/%s/*.sql; do "
                   "psql -qX -1 -v ON_ERROR_STOP=1 '%s' -f $f >/dev/null || exit 1; done",
                   migrations, create_database(migrations, "template1"));
    *migrated = true;
    return new_database(migrations);
}

const char *test_database(void)
{
    return new_database("template1");
}

const char *test_by_socket(const char *url)
{
    return arena_printf(&kept, "postgresql://test@%s?host=%s/pg&port=%d", strrchr(url, '/'), folder,
                        postgres_port);
}

const char *test_store_database(void)
{
    static bool migrated;
    return migrated_database("write", &migrated);
}

const char *test_views_database(void)
{
    static bool migrated;
    return migrated_database("read", &migrated);
}

void test_redis_start(void)
{
    const char *port = arena_printf(&kept, "%d", redis_port);
    const char *log = arena_printf(&kept, "%s/redis.log", folder);
    const char *argv[] = {"setpriv",
                          "--pdeathsig",
                          "KILL",
                          "redis-server",
                          "--port",
                          port,
                          "--bind",
                          "127.0.0.1",
                          "--unixsocket",
                          test_redis_socket(),
                          "--save",
                          "",
                          "--appendonly",
                          "no",
                          "--dir",
                          folder,
                          "--maxmemory-policy",
                          "noeviction",
                          "--enable-debug-command",
                          "yes",
                          NULL};
    redis = test_server_start(log, argv);
    test_shell("for i in $(seq 100); do redis-cli -p %d ping >/dev/null 2>&1 && exit 0; sleep "
               "0.05; done; exit 1",
               redis_port);
}

void test_redis_stop(void)
{
    test_server_stop(&redis, SIGKILL);
}

const char *test_redis_socket(void)
{
    test_redis_port();
    return arena_printf(&kept, "%s/redis.sock", folder);
}

int test_redis_port(void)
{
    if (!redis_port) {
        test_folder();
        redis_port = test_free_port();
        test_redis_start();
    }
    return redis_port;
}
