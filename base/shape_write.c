/* shape_write.c -- a struct as JSON, by the rows of its shape. */
#include "base/shape.h"

#include <math.h>

#include "base/time.h"
#include "base/banned.h"

static const double LARGEST = 1e15; /* doubles are exact below, and print as integers */

static void write_texts(const struct texts *t, struct text *out)
{
    for (int i = 0; i < t->count; i++) {
        text_append_char(out, i ? ',' : '{');
        text_append_json(out, t->at[i].key);
        text_append_char(out, ':');
        text_append_json(out, t->at[i].value);
    }
    text_append_char(out, '}');
}

/* Coordinates and the like have few decimals: n is then the quotient of two integers that a double
 * holds exactly, and needs none of printf's long arithmetic. The limits are those within which
 * printf would write no exponent. */
static bool write_decimal(double n, struct text *out)
{
    double size = fabs(n), scale = 1;
    for (; scale <= 1e7 && size >= 1e-4 && size * scale < LARGEST; scale *= 10) {
        int64_t whole = (int64_t)(size * scale + 0.5), unit = (int64_t)scale;
        if ((double)whole / scale != size)
            continue;
        char digits[INT_TEXT];
        text_append(out, n < 0 ? "-" : "");
        text_append_int(out, whole / unit);
        text_append(out, unit > 1 ? "." : "");
        text_append(out, int_text(unit + whole % unit, digits) + 1); /* behind the 1: with zeros */
        return true;
    }
    return false;
}

/* The shortest form that reads back as the same number: -6.914744, not -6.9147439999999998. */
static void write_number(double n, struct text *out)
{
    char digits[32];
    if (write_decimal(n, out))
        return;
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, n);
        if (strtod(digits, NULL) == n)
            break;
    }
    text_append(out, digits);
}

static void write_member(const struct field *f, const void *from, struct text *out);

static void write_item(const struct shape *of, const void *item, struct text *out)
{
    const struct field *only = of->fields();
    if (of->bare)
        write_member(only, (const unsigned char *)item + only->offset, out);
    else
        shape_write(of, item, out);
}

static void write_list(const struct shape_list *list, const struct shape *of, struct text *out)
{
    text_append_char(out, '[');
    for (int i = 0; i < list->count; i++) {
        text_append(out, i ? "," : "");
        write_item(of, list_item(list, of, i), out);
    }
    text_append_char(out, ']');
}

static bool is_absent(const struct field *f, const void *from)
{
    switch (f->kind) {
    case KIND_TEXT:
    case KIND_UUID:
    case KIND_WORD:
    case KIND_OBJECT:
    case KIND_MOMENT:
    case KIND_EXTENT:
    case KIND_FLAG:
    case KIND_TEXTS:
    case KIND_LIST: return *(const void *const *)from == NULL;
    case KIND_AMOUNT:
    case KIND_TIME: return *(const int64_t *)from == 0;
    case KIND_INT:
    case KIND_NUMBER:
    case KIND_BOOL: return false;
    }
    return false;
}

static void write_member(const struct field *f, const void *from, struct text *out)
{
    char time[TIME_TEXT];
    switch (f->kind) {
    case KIND_TEXT:
    case KIND_UUID:
    case KIND_WORD: text_append_json(out, *(const char *const *)from); break;
    case KIND_TIME: text_append_json(out, time_format(*(const int64_t *)from, time)); break;
    case KIND_MOMENT:
        text_append_json(out, time_format(**(const int64_t *const *)from, time));
        break;
    case KIND_INT:
    case KIND_AMOUNT: text_append_int(out, *(const int64_t *)from); break;
    case KIND_NUMBER: write_number(*(const double *)from, out); break;
    case KIND_EXTENT: write_number(**(const double *const *)from, out); break;
    case KIND_BOOL: text_append(out, *(const bool *)from ? "true" : "false"); break;
    case KIND_FLAG: text_append(out, **(const bool *const *)from ? "true" : "false"); break;
    case KIND_OBJECT: shape_write(f->sub, *(const void *const *)from, out); break;
    case KIND_TEXTS: write_texts(*(const struct texts *const *)from, out); break;
    case KIND_LIST: write_list(*(const struct shape_list *const *)from, f->sub, out); break;
    }
}

void shape_write(const struct shape *shape, const void *from, struct text *out)
{
    char separator = '{';
    for (int i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields()[i];
        const unsigned char *owner = from, *member = owner + f->offset;
        bool absent = is_absent(f, member), cleared = f->cleared && *(owner + f->cleared);
        if (absent && !cleared)
            continue;
        text_append_char(out, separator);
        separator = ',';
        text_append_json(out, f->name);
        text_append_char(out, ':');
        if (absent)
            text_append(out, "null");
        else
            write_member(f, member, out);
    }
    text_append(out, separator == '{' ? "{}" : "}");
}
