/* shape_copy.h -- structs of a shape, copied and compared: what rules do with lists and objects. */
#pragma once

#include "base/arena.h"
#include "base/shape.h"

/* A copy in *to, a struct of the shape, of all members and what they point to; it lives as long as
 * `a`. */
void shape_copy(const struct shape *shape, const void *from, struct arena *a, void *to);

/* A copy of a list of them, NULL of NULL. */
const struct shape_list *list_copy(const struct shape *of, const struct shape_list *from,
                                   struct arena *a);

/* Is the one written as the other is? The order of texts and of lists counts. */
bool shape_equal(const struct shape *shape, const void *one, const void *other);
