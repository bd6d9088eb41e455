/* relation.h -- the relation `batch` of one statement: only the columns that the statement names.
 */
#pragma once

#include "view_engine/view.h"

/* bigint, timestamp with time zone: lower-case words; numeric(9,6), geometry(Point,4326). */
bool is_type(const char *s);

/* The rest of `sql` behind blanks and comment lines. */
const char *skip_comments(const char *sql);

/* Does it travel as bigint[]? Else as text[]. */
bool batch_is_number(const struct batch_column *c);

/* False if there is no room, or the name is a member's or a fixed column's already. */
bool batch_add_member(struct batch_column *members, int *count, const char *name, const char *type);

/* Sets s->columns and s->sql.sql: `sql` with `batch` among its WITH clauses. A column is given if
 * its name stands in `sql` as a word; one too many does no harm. Memory is of `a`. */
void batch_complete(struct view_statement *s, const char *sql, const struct batch_column *members,
                    int count, struct arena *a);
