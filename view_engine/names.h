/* names.h -- a set of texts, each copied. Starts as { NULL }. */
#pragma once

#include <stdbool.h>

struct names {
    void *root;
};

bool names_has(const struct names *n, const char *name);
void names_add(struct names *n, const char *name);
void names_remove(struct names *n, const char *name);
void names_clear(struct names *n);
