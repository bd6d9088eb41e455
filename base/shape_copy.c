/* shape_copy.c -- see shape_copy.h. */
#include "base/shape_copy.h"

#include <string.h>

#include "base/text.h"
#include "base/texts.h"
#include "base/banned.h"

const struct shape_list *list_copy(const struct shape *of, const struct shape_list *from,
                                   struct arena *a)
{
    struct shape_list *list = from ? arena_alloc(a, sizeof(*list)) : NULL;
    unsigned char *items = from ? arena_array(a, (size_t)from->count, of->size) : NULL;
    for (int i = 0; from && i < from->count; i++)
        shape_copy(of, list_item(from, of, i), a, items + (size_t)i * of->size);
    if (list)
        *list = (struct shape_list){from->count, items};
    return list;
}

static const void *object_copy(const struct shape *of, const void *from, struct arena *a)
{
    void *to = arena_alloc(a, of->size);
    shape_copy(of, from, a, to);
    return to;
}

static bool is_pointer(enum field_kind kind)
{
    switch (kind) {
    case KIND_TEXT:
    case KIND_UUID:
    case KIND_WORD:
    case KIND_MOMENT:
    case KIND_EXTENT:
    case KIND_FLAG:
    case KIND_OBJECT:
    case KIND_TEXTS:
    case KIND_LIST: return true;
    case KIND_TIME:
    case KIND_INT:
    case KIND_AMOUNT:
    case KIND_NUMBER:
    case KIND_BOOL: break;
    }
    return false;
}

/* A copy of what the member points to. */
static const void *pointee_copy(const struct field *f, const void *from, struct arena *a)
{
    switch (f->kind) {
    case KIND_TEXT:
    case KIND_UUID:
    case KIND_WORD: return arena_text(a, from);
    case KIND_MOMENT: return arena_bytes(a, from, sizeof(int64_t));
    case KIND_EXTENT: return arena_bytes(a, from, sizeof(double));
    case KIND_FLAG: return arena_bytes(a, from, sizeof(bool));
    case KIND_OBJECT: return object_copy(f->sub, from, a);
    case KIND_TEXTS: return texts_copy(a, from);
    case KIND_LIST: return list_copy(f->sub, from, a);
    case KIND_TIME:
    case KIND_INT:
    case KIND_AMOUNT:
    case KIND_NUMBER:
    case KIND_BOOL: break;
    }
    return NULL;
}

void shape_copy(const struct shape *shape, const void *from, struct arena *a, void *to)
{
    memcpy(to, from, shape->size);
    for (int i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields()[i];
        const void **member = (const void **)(void *)((unsigned char *)to + f->offset);
        if (is_pointer(f->kind) && *member)
            *member = pointee_copy(f, *member, a);
    }
}

bool shape_equal(const struct shape *shape, const void *one, const void *other)
{
    scoped_text first = {0}, second = {0};
    shape_write(shape, one, &first);
    shape_write(shape, other, &second);
    return text_equal(text_value(&first), text_value(&second));
}
