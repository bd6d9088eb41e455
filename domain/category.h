/* category.h -- the folded state of one category of reports. */
#pragma once

#include "domain/decision.h"

struct category {
    bool defined, active, sensitive;
    const char *agency, *kind;
    const struct texts *names;
};

/* 1 to 64 of a-z, 0-9, dash and underscore. */
bool is_category_code(const char *code);
/* 1 to 64 of A-Z, 0-9 and underscore, as the agency of an account. */
bool is_agency_code(const char *code);
