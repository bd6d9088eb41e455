/* versions.h -- what rebuild.c and versions.c share. */
#pragma once

#include "view_engine/rebuild.h"

/* Within a transaction: lane main stays where it is until the end of it, and engines load anew. */
fallible main_hold(struct pg *db, int64_t *position, int64_t *epoch);
/* Within one that holds lane main, where both versions stand. */
fallible versions_exchange(struct pg *db, const char *view, int serving, int next);
