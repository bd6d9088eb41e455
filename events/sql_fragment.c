/* sql_fragment.c -- puts the fragments of features into their SQL files. */
#include "events/sql_fragment.h"

#include <string.h>

#include "base/text.h"
#include "base/banned.h"

static const struct sql_fragment *fragment_of(const char *name, size_t length)
{
    for (const struct sql_fragment *f = sql_fragments; f->name; f++)
        if (strlen(f->name) == length && strncmp(f->name, name, length) == 0)
            return f;
    return NULL;
}

fallible append_with_fragments(struct text *sql, const char *file)
{
    static const char directive[] = "-- :fragment ";
    for (const char *at; (at = strstr(file, directive)); file = at) {
        text_append_bytes(sql, file, (size_t)(at - file));
        at += sizeof(directive) - 1;
        size_t length = strcspn(at, "\n");
        const struct sql_fragment *fragment = fragment_of(at, length);
        if (!fragment)
            return INTERNAL;
        fragment->append(sql);
        at += length;
    }
    text_append(sql, file);
    return NULL;
}
