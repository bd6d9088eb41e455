/* rows.c -- what came back from PostgreSQL, and array literals that go there. */
#include "platform/postgres/postgres_internal.h"

#include "base/banned.h"

int rows_count(const struct rows *r)
{
    return PQntuples(r->result);
}

int rows_named(const struct rows *r, const char *column)
{
    return PQfnumber(r->result, column);
}

const char *rows_text(const struct rows *r, int row, int column)
{
    return PQgetisnull(r->result, row, column) ? NULL : PQgetvalue(r->result, row, column);
}

int64_t rows_int(const struct rows *r, int row, int column)
{
    return strtoll(PQgetvalue(r->result, row, column), NULL, 10);
}

size_t rows_length(const struct rows *r, int row, int column)
{
    return (size_t)PQgetlength(r->result, row, column);
}

int64_t rows_affected(const struct rows *r)
{
    return strtoll(PQcmdTuples(r->result), NULL, 10);
}

void rows_free(struct rows *r)
{
    if (!r)
        return;
    PQclear(r->result);
    free(r);
}

/* ---- array literals ---- */

static void next_element(struct text *array)
{
    text_append_char(array, array->length ? ',' : '{');
}

void pg_array_text(struct text *array, const char *element)
{
    next_element(array);
    if (!element) {
        text_append(array, "NULL");
        return;
    }
    text_append_char(array, '"');
    for (size_t n; (n = strcspn(element, "\"\\")), true; element += n + 1) {
        text_append_bytes(array, element, n);
        if (!element[n])
            break;
        text_append_char(array, '\\');
        text_append_char(array, element[n]);
    }
    text_append_char(array, '"');
}

void pg_array_int(struct text *array, int64_t element)
{
    next_element(array);
    text_append_int(array, element);
}

const char *pg_array_end(struct text *array)
{
    text_append_char(array, array->length ? '}' : '{');
    if (array->length == 1)
        text_append_char(array, '}');
    return text_value(array);
}
