/* columns.c -- the form array_send and array_recv of PostgreSQL have: number of dimensions, whether
 * there are NULLs, type of the elements, length and lower bound; then each element behind its
 * length, -1 for NULL. All in network order. */
#include "platform/postgres/columns.h"

#include "base/banned.h"

enum { FLAGS_AT = 4, COUNT_AT = 12 };

/* us from 1970 to 2000, where PostgreSQL begins to count. */
static const int64_t ITS_EPOCH = INT64_C(946684800000000);

/* Of the elements; fixed in pg_type. */
static const int32_t oids[] = {[COLUMN_BIGINT] = 20,
                               [COLUMN_INT] = 23,
                               [COLUMN_TEXT] = 25,
                               [COLUMN_JSON] = 114,
                               [COLUMN_TIME] = 1184};

static void put_int32(char *to, int32_t n)
{
    for (int i = 0; i < 4; i++)
        to[i] = (char)((uint32_t)n >> (24 - 8 * i));
}

static void append_int32(struct text *t, int32_t n)
{
    char bytes[4];
    put_int32(bytes, n);
    text_append_bytes(t, bytes, sizeof(bytes));
}

void column_begin(struct column *c, enum column_kind kind)
{
    text_clear(&c->bytes);
    c->kind = kind;
    c->count = 0;
    c->has_null = c->has_value = false;
    append_int32(&c->bytes, 1);
    append_int32(&c->bytes, 0); /* written again when it is known */
    append_int32(&c->bytes, oids[kind]);
    append_int32(&c->bytes, 0); /* likewise */
    append_int32(&c->bytes, 1);
}

void column_int(struct column *c, int64_t value)
{
    c->has_value = true;
    append_int32(&c->bytes, c->kind == COLUMN_INT ? 4 : 8);
    if (c->kind != COLUMN_INT)
        append_int32(&c->bytes, (int32_t)((uint64_t)value >> 32));
    append_int32(&c->bytes, (int32_t)((uint64_t)value & 0xFFFFFFFFu));
    c->count++;
}

void column_moment(struct column *c, int64_t moment)
{
    if (moment > 0)
        column_int(c, moment - ITS_EPOCH);
    else
        column_text(c, NULL, 0);
}

void column_text(struct column *c, const char *at, size_t length)
{
    append_int32(&c->bytes, at ? (int32_t)length : -1);
    if (at)
        text_append_bytes(&c->bytes, at, length);
    c->has_null |= !at;
    c->has_value |= at != NULL;
    c->count++;
}

void column_string(struct column *c, const char *s)
{
    column_text(c, s, s ? strlen(s) : 0);
}

struct pg_value column_end(struct column *c)
{
    if (!c->has_value)
        return (struct pg_value){NULL, 0};
    put_int32(c->bytes.at + FLAGS_AT, c->has_null);
    put_int32(c->bytes.at + COUNT_AT, c->count);
    return (struct pg_value){c->bytes.at, c->bytes.length};
}

void column_release(struct column *c)
{
    text_release(&c->bytes);
}
