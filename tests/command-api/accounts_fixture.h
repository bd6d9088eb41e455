/* accounts_fixture.h -- the accounts of one command-api on a free port, a real database behind it,
 * and a client. One server at a time. */
#pragma once

#include "command-api/accounts.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"

/* Starts it if none runs; hash_threads and hash_queue_max as given. */
void accounts_server(int hash_threads, int hash_queue_max);
void accounts_server_stop(void);
struct command_api *accounts_server_api(void);

struct reply {
    int status; /* 0: no answer */
    char head[2048], body[4096];
};

/* `token` and `body` may be NULL; `header` is NULL or lines ended by \r\n. Waits 60 s at most. */
struct reply ask(const char *method, const char *path, const char *token, const char *header,
                 const char *body);
struct reply post(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for many at once, each on a thread of its own. */
struct call {
    const char *method, *path;
    char body[256];
    struct reply reply;
    int64_t took_us;
};
void ask_all(struct call *calls, int count);

/* Text of a member of the answer's JSON ("token", "user_id", …), "" if absent; kept until exit. */
const char *member(const struct reply *r, const char *name);

/* One value from the database as text, "" for none; or a statement without rows. */
const char *sql(const char *format, ...) __attribute__((format(printf, 1, 2)));

long counter(const char *line); /* of the metrics: "login_total{result=\"ok\"}" */

/* Registers a new citizen with PASSWORD; returns its name. */
#define PASSWORD "a good password"
const char *new_citizen(void);
struct reply log_in(const char *name, const char *password);
