/* pages.h -- what a person who follows a link sees: the root, and what each problem means. Each in
 * two forms made once: JSON, and a plain page for those who would rather have one. */
#pragma once

#include <stdbool.h>

#include "base/language.h"

struct response;
struct pages;

struct pages *pages_new(void);
void pages_free(struct pages *p); /* NULL is allowed */

/* Borrowed; the form that `accept`, a header (NULL: none), would rather have. The root is in
 * English alone. */
struct response *pages_root(const struct pages *p, const char *accept);
struct response *pages_problems(const struct pages *p, const char *accept,
                                enum text_language language);
/* `name` as in the type of a problem, "no-such-route"; NULL: there is none. */
struct response *pages_problem(const struct pages *p, const char *name, const char *accept,
                               enum text_language language);

/* How much a media type is wanted, as accept_weight: the element that names it most exactly counts.
 */
int accept_wants(const char *accept, const char *exact, const char *group);
/* Whether it weighs text/html above application/json. */
bool prefers_page(const char *accept);
