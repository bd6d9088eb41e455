/* moments.h -- times that an operator gives, and where in the log they are. */
#pragma once

#include "ctl/city.h"

/* "90s", "10m", "2h", "7d" ago, or a moment of RFC 3339. False: neither. */
bool moment_read(const char *text, int64_t *out);
/* The last position recorded before the moment, 0: none; `head` is the last one there is. */
fallible position_before(struct city *c, int64_t moment, int64_t head, int64_t *out);
