/* versions.h -- what rebuild.c and versions.c share. */
#pragma once

#include "view_engine/rebuild.h"

/* Within a transaction: the home lane of the view stays where it is until the end of it, and its
 * engines load anew. NO_SUCH_ITEM: no such view. */
fallible home_hold(struct pg *db, const char *view, int64_t *position, int64_t *epoch);
/* Within one that holds it, where both versions stand. */
fallible versions_exchange(struct pg *db, const char *view, int serving, int next);
