/* fold_tables.h -- the tables of views that functions keep (view_engine/fold.h). */
#pragma once

/* DDL, unqualified; NULL: no function keeps a view of that name. */
const char *fold_tables(const char *name);
