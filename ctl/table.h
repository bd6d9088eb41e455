/* table.h -- what a verb prints: columns for people, or one JSON object a row for programs. */
#pragma once

#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"

enum { TABLE_COLUMNS = 12 };

struct table_column {
    const char *name;
    bool number; /* right-aligned; a bare number in JSON */
};

struct table {
    const struct table_column *columns;
    int count;
    struct arena arena;
    struct table_row *first, **end;
};

struct table table_of(const struct table_column *columns, int count);
/* One text a column, copied; NULL is "-" or null. */
void table_add(struct table *t, const char *const *cells);
/* Rows as they were added; the names of the columns first unless `json`. */
void table_print(const struct table *t, bool json);
void table_free(struct table *t);

#define scoped_table __attribute__((cleanup(table_free))) struct table

/* To the stream, and a line's end; what would steer a terminal is shown escaped, in JSON as JSON
 * has it. */
void print_visible(FILE *stream, const char *line);
/* The same for what the format makes: every sentence that repeats a name of a user, a stream or a
 * database. */
void print_sentence(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
void print_sentence_v(FILE *stream, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* A number for a cell. */
const char *cell_int(struct arena *a, long long n);
