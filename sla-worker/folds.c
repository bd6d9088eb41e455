/* folds.c -- the views that functions keep, for all programs that run engines, rebuild or verify.
 */
#include "sla-worker/clock_view.h"
#include "base/banned.h"

const struct view_fold view_folds[] = {CLOCK_VIEW, {.name = NULL}};
