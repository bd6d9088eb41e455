/* mongo_json.c -- see mongo_json.h. libbson reads an integer that fits 32 bits as one of 32. */
#include "platform/mongo/mongo_json.h"

#include "base/banned.h"

bson_t *bson_of_json(const char *json, bson_error_t *error)
{
    return bson_new_from_json((const uint8_t *)json, -1, error);
}

static void append_widened(bson_t *to, bson_iter_t *from);

static void append_nested(bson_t *to, const bson_iter_t *from)
{
    bson_t inner;
    bson_iter_t each;
    bool array = BSON_ITER_HOLDS_ARRAY(from);
    if (array)
        bson_append_array_begin(to, bson_iter_key(from), -1, &inner);
    else
        bson_append_document_begin(to, bson_iter_key(from), -1, &inner);
    if (bson_iter_recurse(from, &each))
        append_widened(&inner, &each);
    if (array)
        bson_append_array_end(to, &inner);
    else
        bson_append_document_end(to, &inner);
}

/* libbson reads JSON nested at most 100 deep, and so does this. */
static void append_widened(bson_t *to, bson_iter_t *from)
{
    while (bson_iter_next(from)) {
        if (BSON_ITER_HOLDS_INT32(from))
            bson_append_int64(to, bson_iter_key(from), -1, bson_iter_int32(from));
        else if (BSON_ITER_HOLDS_DOCUMENT(from) || BSON_ITER_HOLDS_ARRAY(from))
            append_nested(to, from);
        else
            bson_append_iter(to, NULL, -1, from);
    }
}

bson_t *bson_of_document(const char *json, bson_error_t *error)
{
    bson_iter_t members;
    scoped_bson *read = bson_of_json(json, error);
    if (!read || !bson_iter_init(&members, read))
        return NULL;
    bson_t *document = bson_new();
    append_widened(document, &members);
    return document;
}

char *json_of_bson(const bson_t *document)
{
    return bson_as_relaxed_extended_json(document, NULL);
}
