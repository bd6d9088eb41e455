/* view_tables.c -- see view_tables.h. */
#include "tests/query-api/view_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/text.h"
#include "events/sql_fragment.h"
#include "tests/query-api/fold_tables.h"

extern const struct embedded view_files[];

static const char *view_text(const char *name)
{
    for (const struct embedded *f = view_files; f->name; f++)
        if (text_starts(f->name, name) && text_equal(f->name + strlen(name), ".sql"))
            return f->text;
    fprintf(stderr, "there is no view %s\n", name);
    exit(1);
}

const char *view_tables(const char *name, struct arena *a)
{
    const char *of_function = fold_tables(name);
    scoped_text text = {0};
    if (of_function)
        return of_function;
    if (append_with_fragments(&text, view_text(name)))
        exit(1);
    char *file = arena_bytes(a, text_value(&text), strlen(text_value(&text)));
    char *tables = strstr(file, "-- :tables\n") + sizeof("-- :tables\n") - 1;
    char *end = strstr(tables, "\n-- :");
    if (end)
        *end = '\0';
    return tables;
}
