/* embedded.h -- a file built into the program, so that a program needs no folder beside it.
 * CMake's `embed(<folder> <pattern> <symbol>)` makes `const struct embedded <symbol>[]`, in the
 * order of the names, ended by a row of NULLs. */
#pragma once

struct embedded {
    const char *name; /* "report_list.sql" */
    const char *text;
};
