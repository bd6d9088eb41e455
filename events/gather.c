/* gather.c -- see gather.h. */
#include "events/gather.h"

#include "base/banned.h"

/* Of a kind whose absent value is NULL. */
static bool has_member(const struct command *c, const char *name)
{
    const struct shape *shape = command_shape(c->type);
    for (int i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields()[i];
        if (text_equal(f->name, name))
            return *(const void *const *)(const void *)(c->body + f->offset) != NULL;
    }
    return false;
}

const struct gather_row *gather_of(const struct command *c)
{
    const struct gather_row *row = gather_rows;
    while (row->file && row->command != c->type)
        row++;
    return row->file && !has_member(c, row->unless) ? row : NULL;
}
