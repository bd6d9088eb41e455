/* own_rules.h -- rules of a test's own in the place of those of the features that decide on
 * reports, and what their rows declare (ld --wrap, see tests/CMakeLists.txt). */
#pragma once

#include "tests/writer/writer_fixture.h"

typedef const struct problem *rule(const struct command *c, struct decision *out);
typedef int reads_rule(const struct command *c, char out[DECLARED_READS_MAX][STREAM_TEXT]);

/* For the writer's thread: set while no command is on its way. */
extern rule *rule_now;            /* NULL: the features' */
extern reads_rule *declares_now;  /* NULL: the rows' */
extern const char *undecided_now; /* kind that no rule decides on; NULL: none */

struct own_state {
    int64_t events; /* of the stream */
};

void begin_with(rule *r); /* begin, with a category defined */
void end_rules(void);

/* ---- for rules ---- */

void emit_to(const struct command *c, const char *stream, struct decision *out);
fallible writes_own(const struct command *c, struct decision *out); /* a rule */

/* ---- commands ---- */

struct command on(const char *id, const char *note); /* decided by the rule, on the report `id` */
int64_t count_of_moves(void);                        /* events that emit_to made */
/* Puts a command whose append is held until pg_free: all that is put meanwhile makes the next
 * batches. */
struct pg *hold_first(void);
