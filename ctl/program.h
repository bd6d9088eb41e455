/* program.h -- runs another program and keeps what it prints. */
#pragma once

#include "base/text.h"

/* `argv` ends with NULL and begins with a path; its environment is a PATH of the system alone. What
 * it prints, at most 64 MiB, is added to `said`; what it complains of too, or that goes to our own
 * stderr. Its exit code; PROGRAM_LOST after a sentence: it did not start, was killed, printed more,
 * or had not ended after `seconds`, when it is killed. */
enum { PROGRAM_LOST = -1 };
int program_run(const char *const *argv, int seconds, bool complaints_too, struct text *said);
