/* query_text.c -- see query_text.h. A file that is included may have fragments and includes no
 * other. */
#include "events/query_text.h"

#include <stdio.h>
#include <string.h>

#include "base/embedded.h"
#include "base/text.h"
#include "events/sql_fragment.h"
#include "base/banned.h"

extern const struct embedded query_files[];

static const char WITH[] = "-- :with ", INCLUDE[] = "-- :include ";

const char *query_file(const char *name, size_t length)
{
    for (const struct embedded *f = query_files; f->name; f++)
        if (strncmp(f->name, name, length) == 0 && text_equal(f->name + length, ".sql"))
            return f->text;
    return NULL;
}

fallible append_query_text(struct text *sql, const char *text)
{
    for (const char *at; (at = strstr(text, INCLUDE)); text = at) {
        scoped_text before = {0};
        text_append_bytes(&before, text, (size_t)(at - text));
        TRY(append_with_fragments(sql, text_value(&before)));
        at += sizeof(INCLUDE) - 1;
        size_t length = strcspn(at, "\n");
        const char *included = query_file(at, length);
        if (!included)
            return INTERNAL;
        TRY(append_with_fragments(sql, included));
        at += length;
    }
    return append_with_fragments(sql, text);
}

fallible append_query_relation(struct text *sql, const char *name, const char *file,
                               const char **with)
{
    const char *text = query_file(file, strlen(file));
    if (!text)
        return INTERNAL;
    text_printf(sql, "%s%s AS (", *with, name);
    *with = ", ";
    TRY(append_with_fragments(sql, text));
    text_append(sql, ")\n");
    return NULL;
}

fallible append_query_relations(struct text *sql, const char *text, const char **with)
{
    char name[64];
    for (const char *at = text; (at = strstr(at, WITH));) {
        at += sizeof(WITH) - 1;
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, " \n"), at);
        TRY(append_query_relation(sql, name, name, with));
    }
    return NULL;
}

fallible append_query(struct text *sql, const char *name)
{
    const char *text = query_file(name, strlen(name)), *with = "WITH ";
    if (!text)
        return INTERNAL;
    TRY(append_query_relations(sql, text, &with));
    return append_query_text(sql, text);
}
