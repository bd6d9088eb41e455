/* texts.h -- texts by key, such as names by language (KIND_TEXTS of shape.h): what rules do with
 * them. The order of the pairs means nothing; texts_sort makes it the same for all. */
#pragma once

#include "base/arena.h"
#include "base/shape.h"

/* A copy that lives as long as `a`. */
const struct texts *texts_copy(struct arena *a, const struct texts *from);
/* Is every key a language tag of RFC 5646, as far as its characters tell? */
bool texts_are_by_language(const struct texts *texts);
/* By key, in place. */
void texts_sort(const struct texts *texts);
/* Of two that are sorted. */
bool texts_equal(const struct texts *a, const struct texts *b);
