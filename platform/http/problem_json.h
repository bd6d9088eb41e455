/* problem_json.h -- a problem as http_refuse_with writes it, for answers that tell several. */
#pragma once

#include "base/problem.h"
#include "base/text.h"

/* Appends the object, its title in that language. `f` and `request_id` may be NULL; `extra`: as in
 * http_refuse_with. */
void problem_write(const struct problem *p, const struct fault *f, enum text_language language,
                   const char *request_id, const char *extra, struct text *out);
