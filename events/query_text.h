/* query_text.h -- the SQL files of features/<name>/queries/ as one statement. Lines of a file:
 *
 *   -- :with name       the file of that name comes before, as a relation of that name; any number
 *   -- :include name    the file of that name stands here
 *   -- :fragment name   what a function appends stands here (events/sql_fragment.h)
 */
#pragma once

#include <stddef.h>

#include "base/problem.h"

struct text;

/* The text of the file `name`, of which the first `length` bytes count; NULL: there is none. */
const char *query_file(const char *name, size_t length);

/* All of it, complete. INTERNAL: it names a file or a fragment that is not there. */
fallible append_query(struct text *sql, const char *name);

/* Its parts, for who puts more between them; problems as above. The relations that the text of a
 * file asks for by `:with`; *with is how the next relation begins, "WITH " for the first. */
fallible append_query_relations(struct text *sql, const char *text, const char **with);
/* One relation of that name, from a file. */
fallible append_query_relation(struct text *sql, const char *name, const char *file,
                               const char **with);
/* The text itself, with what stands for its lines `:include` and `:fragment`. */
fallible append_query_text(struct text *sql, const char *text);
