/* rows.h -- what came back from PostgreSQL, and array literals that go there. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct rows;

int rows_count(const struct rows *r);
int rows_named(const struct rows *r, const char *column); /* -1: there is none of that name */
/* NULL for SQL NULL; borrowed from r. Column numbers begin at 0. */
const char *rows_text(const struct rows *r, int row, int column);
int64_t rows_int(const struct rows *r, int row, int column); /* 0 for NULL */
size_t rows_length(const struct rows *r, int row, int column);
int64_t rows_affected(const struct rows *r);
void rows_free(struct rows *r); /* NULL is allowed */

static inline void rows_cleanup(struct rows **r)
{
    rows_free(*r);
}
#define scoped_rows __attribute__((cleanup(rows_cleanup))) struct rows

/* Builds a PostgreSQL array literal, "{1,NULL,\"a b\"}"; starts from an empty struct text. */
void pg_array_text(struct text *array, const char *element); /* NULL is NULL */
void pg_array_int(struct text *array, int64_t element);
/* Closes it and returns its text; "{}" if nothing was added. */
const char *pg_array_end(struct text *array);
