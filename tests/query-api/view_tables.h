/* view_tables.h -- the tables of any view. */
#pragma once

#include "base/arena.h"

/* DDL, unqualified: the part of the view's file that makes them, or its function's. Ends the
 * program if there is no such view. */
const char *view_tables(const char *name, struct arena *a);
