/* audit_parameters.h -- the parameters of GET /admin/audit. */
#pragma once

#include "audit/search.h"
#include "platform/http/http.h"

struct audit_parameters {
    struct audit_terms terms;
    uint64_t list;     /* digest of it, for cursors */
    const char *place; /* in the cursor that was given; NULL: none */
    int limit;
    bool lines; /* as NDJSON, all that fits */
};

/* Texts go into `a`. `me`: the user id that stands for me. UNKNOWN_PARAMETER, BAD_PARAMETER,
 * BAD_CURSOR with the field. */
fallible audit_parameters_read(const struct http_request *r, const char *me, struct arena *a,
                               struct audit_parameters *out, struct fault *f);

/* Appends the cursor that goes on from a place. */
void audit_cursor_write(const struct audit_parameters *w, const char *place, struct text *out);
