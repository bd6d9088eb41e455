/* names.c -- a balanced tree of libc's. By itself because <search.h> names a struct entry, too. */
#include "view_engine/names.h"

#include <search.h>

#include "base/arena.h"
#include "base/banned.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

bool names_has(const struct names *n, const char *name)
{
    return n->root && tfind(name, &n->root, by_name);
}

void names_add(struct names *n, const char *name)
{
    if (names_has(n, name))
        return;
    char *copy = must_alloc(strlen(name) + 1, 1);
    memcpy(copy, name, strlen(name));
    if (!tsearch(copy, &n->root, by_name))
        abort();
}

void names_remove(struct names *n, const char *name)
{
    char **found = n->root ? tfind(name, &n->root, by_name) : NULL;
    if (!found)
        return;
    char *copy = *found;
    tdelete(copy, &n->root, by_name);
    free(copy);
}

void names_clear(struct names *n)
{
    tdestroy(n->root, free);
    n->root = NULL;
}
