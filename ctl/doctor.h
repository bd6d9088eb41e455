/* doctor.h -- what the checks of `citywatchctl doctor` share. Each is a row of doctor_checks: it
 * reads, changes nothing, and says what it found: one row that all is well, or one for each thing
 * that is not. */
#pragma once

#include "ctl/city.h"

/* state, check, found, advice; a table with fewer columns shows the advice behind the finding. */
enum { DOCTOR_MEMBERS = 4 };
enum { MB = 1048576 }; /* bytes */

struct doctor {
    struct city city; /* what could not be opened is NULL */
    struct table *table;
    struct arena arena;
    const char *check; /* name of the one that runs */
    int found;         /* how many warnings and faults that one has said */
    int warnings, faults;
};

/* A fault: something does not work, or is open to others. A warning: it works, and somebody has to
 * see to it. `advice` says what to do, with the operator's commands in braces (commands.h). */
void doctor_ok(struct doctor *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void doctor_warning(struct doctor *d, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_fault(struct doctor *d, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For what a server did not answer. */
void doctor_unanswered(struct doctor *d, const char *server, const struct problem *p);

/* Whether the run folder is known; else a warning that `what` was not checked. */
bool doctor_has_folder(struct doctor *d, const char *what);

#define DOCTOR_CHECK(name, function) void function(struct doctor *d);
#include "ctl/doctor_checks.def"
#undef DOCTOR_CHECK

/* ---- what is judged by figures alone; for tests, too ---- */

/* `free` of `size` bytes are left where `what` lies. */
void doctor_room(struct doctor *d, const char *what, double free, double size);
/* A version by its first two numbers, in hundredths: 15.3 is 1503. */
void doctor_version(struct doctor *d, const char *server, int found, int oldest);
