/* folds.c -- the folds that all programs give: none yet. Alone in its file, so that a program which
 * defines view_folds itself, as tests do, is linked with its own list. */
#include "view_engine/fold.h"

#include "base/banned.h"

const struct view_fold view_folds[] = {{.name = NULL}};
