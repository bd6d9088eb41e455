/* fold_tables.c -- see fold_tables.h. A file of its own: the engine and the queries each have
 * something called view. */
#include "tests/query-api/fold_tables.h"

#include "view_engine/fold.h"

const char *fold_tables(const char *name)
{
    const struct view_fold *fold = fold_find(view_folds, name);
    return fold ? fold->tables : NULL;
}
