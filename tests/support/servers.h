/* servers.h -- real PostgreSQL and Redis for a test program, started on first use and stopped at
 * exit. As root PostgreSQL runs as `postgres`. Everything lies below a new folder in /tmp. A
 * failure to start ends the program. */
#pragma once

#include <sys/types.h>

/* A new empty database in this program's own cluster (fsync off): its libpq URI, kept until exit.
 * `store`: with migrations/write applied; `views`: with migrations/read applied. */
const char *test_database(void);
const char *test_by_socket(const char *url); /* the same database by its unix socket */
const char *test_store_database(void);
const char *test_views_database(void);

void test_postgres_stop(void); /* immediate mode */
void test_postgres_start(void);
/* All its processes stand still (SIGSTOP): it is there, takes connections and says nothing. */
void test_postgres_freeze(void);
void test_postgres_thaw(void);

/* Port of this program's own Redis (no persistence, noeviction); empty. */
int test_redis_port(void);
const char *test_redis_socket(void); /* the same server by its unix socket */
void test_redis_stop(void);          /* SIGKILL */
void test_redis_start(void);         /* the same port, empty */

/* A server of another kind, which dies with this program; its output goes to `log`.
 * test_server_stop waits for its end and sets *pid to 0. */
int test_free_port(void);
pid_t test_server_start(const char *log, const char *const *argv);
void test_server_stop(pid_t *pid, int how);

/* Runs a shell command, fails the program if it fails. */
void test_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A new empty folder, removed at exit. */
const char *test_folder(void);
