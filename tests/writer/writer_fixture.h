/* writer_fixture.h -- commands for a writer without HTTP, on a real PostgreSQL. */
#pragma once

#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "writer/writer.h"

extern const struct actor citizen, other, officer, system_actor;
extern struct settings settings;
extern struct writer *writer;
/* us, beyond its deadline, that a command has waited at most; the test sets it back. */
extern _Atomic int64_t worst_lateness; /* the one `put` goes to */

#define C1 "019b7f00-0000-7000-8000-0000000000c1" /* user id of `citizen` */

void start_writer(void); /* a new store, a writer */
void stop_writer(void);

/* A command on its way; `key` NULL: one of its own. Freed by `drop`. */
struct pending *command(const struct actor *a, struct command c, const char *key);
void put(struct pending *p);
struct pending *get(void); /* the next settled one */
void drop(struct pending *p);
struct pending *run(const struct actor *a, struct command c, const char *key);

void define_category(void);
struct command create(const char *id, const char *visibility);
struct command move(const char *id, const char *status);
struct command vote(const char *id);

int64_t count(const char *sql); /* first value of the first row; -1: the query failed */
void new_id(char out[UUID_TEXT]);
