/* category.h -- the folded state of one category of reports. */
#pragma once

#include "events/decision.h"

struct category {
    bool defined, active, sensitive;
    const char *agency, *kind;
    const struct texts *names;
};

void stream_of_category(const char *code, char out[STREAM_TEXT]);

/* NO_SUCH_CATEGORY, naming `field`, unless the category is defined and active; may ask for its
 * stream (read_state). */
fallible require_category(const char *code, const char *field, struct decision *out,
                          const struct category **category);

/* The kind that a report is of; what was filed before kinds were kept (NULL) is an issue. */
enum category_kind kind_from(const char *word);
