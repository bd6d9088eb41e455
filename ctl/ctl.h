/* ctl.h -- citywatchctl: a verb is a row of verbs.def and a function that returns the exit code. */
#pragma once

#include <stdbool.h>

#include "base/problem.h"

enum exit_code { DONE = 0, FAILED = 1, USAGE = 2, AWAY = 3 };

/* `argv` holds what follows the verb, ended by NULL. Each prints its own sentence when it fails. */
#define VERB(name, call, ...) int call(int argc, char **argv);
#include "ctl/verbs.def"
#undef VERB

/* "citywatchctl: …" on stderr; returns FAILED or USAGE, so that it is one statement. */
int failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
int wrong_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a problem: AWAY if a database or Redis does not answer, else FAILED. */
int failed_by(const struct problem *p, const char *what);

/* Says on stderr what will be done and asks. `yes` answers for the operator; where nobody can be
 * asked it is false, after a sentence that says so. */
bool confirmed(bool yes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The connection that DATABASE_URL names, NULL after a sentence if it names none. */
struct pg *database_of_environment(int timeout_ms);
