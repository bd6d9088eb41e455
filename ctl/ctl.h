/* ctl.h -- citywatchctl: a verb is a row of verbs.def and a function that returns the exit code. */
#pragma once

#include <stdbool.h>

#include "base/problem.h"

/* WARNED: of doctor, which has found no fault. */
enum exit_code { DONE = 0, FAILED = 1, USAGE = 2, AWAY = 3, WARNED = 4 };

/* `argv` holds what follows the verb, ended by NULL. Each prints its own sentence when it fails. */
#define VERB(name, call, ...) int call(int argc, char **argv);
#include "ctl/verbs.def"
#undef VERB

/* The row of the verb that runs. */
struct verb;
const struct verb *verb_called(void);

/* "citywatchctl: …" on stderr; returns FAILED, so that it is one statement. */
int failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How the verb is called, on stderr; returns USAGE. `wrong_usage` says before what was wrong. */
int usage(void);
int wrong_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For the first word behind a verb: it is missing (NULL) or none of `choices`, "show or raise". */
int wrong_word(const char *word, const char *choices);
/* The same for a problem: AWAY if a database or Redis does not answer, else FAILED. */
int failed_by(const struct problem *p, const char *what);

/* From here on something is changed: it is brought to its end also if nobody reads what is printed
 * (`citywatchctl rebuild … | head`). What only shows ends with its reader. */
void outlive_reader(void);
/* The same, and it is on record (ctl/on_record.h): before the first change, and where the record of
 * requests is read. */
void put_on_record(void);
/* False if the reader of what is printed has left; waits so long for that. A write tells it only
 * when there is something to write. */
bool is_read(int wait_ms);

/* Says on stderr what will be done and asks; outlive_reader, and with a yes put_on_record. `yes`
 * answers for the operator; where nobody can be asked it is false, after a sentence that says so.
 */
bool confirmed(bool yes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether a feature's file or a fold keeps a view of that name. */
bool is_view(const char *name);

/* The connection that DATABASE_URL names, NULL after a sentence if it names none. */
struct pg *database_of_environment(int timeout_ms);
