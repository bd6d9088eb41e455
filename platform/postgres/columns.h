/* columns.h -- columns of values as PostgreSQL arrays in binary form: nothing is escaped here and
 * nothing parsed there. */
#pragma once

#include "platform/postgres/postgres.h"

/* bigint[], int[], text[], json[], timestamptz[]. */
enum column_kind { COLUMN_BIGINT, COLUMN_INT, COLUMN_TEXT, COLUMN_JSON, COLUMN_TIME };

/* Starts with column_begin; memory is kept from one begin to the next. */
struct column {
    struct text bytes;
    enum column_kind kind;
    int count;
    bool has_null, has_value;
};

void column_begin(struct column *c, enum column_kind kind);
/* Of COLUMN_BIGINT and COLUMN_INT. */
void column_int(struct column *c, int64_t value);
/* Of COLUMN_TIME: us since 1970, from 1 on; others are SQL NULL. */
void column_moment(struct column *c, int64_t moment);
/* Of the others. `at` NULL is SQL NULL; else `length` bytes, which need no NUL behind them. */
void column_text(struct column *c, const char *at, size_t length);
void column_string(struct column *c, const char *s); /* ended by NUL; NULL is SQL NULL */
/* What pg_call_binary is given for it; borrowed. Once, behind the last value. A column of nothing
 * but NULLs is given as NULL: unnest pads it to the length of the others, and has nothing to
 * unpack. */
struct pg_value column_end(struct column *c);
void column_release(struct column *c);
