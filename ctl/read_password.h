/* read_password.h -- the password of a verb: the first line of a file, of standard input ("-"), or
 * (NULL) what is typed on the terminal, unseen. */
#pragma once

enum { PASSWORD_LINE = 1024 }; /* bytes, with the NUL */

/* DONE, or the exit code after a sentence that says why it cannot be read. The caller wipes `out`.
 */
int read_password(const char *path, char out[PASSWORD_LINE]);
