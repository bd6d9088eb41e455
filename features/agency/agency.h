/* agency.h -- the folded state of one agency, and what others ask of the catalog of agencies. */
#pragma once

#include "events/decision.h"

struct agency {
    bool defined, active;
    const char *parent; /* NULL: it stands at the top */
    const struct texts *names;
};

void stream_of_agency(const char *code, char out[STREAM_TEXT]);

/* NO_SUCH_AGENCY, naming `field`, unless the agency is defined and active: only such a one may be
 * newly given something. An inactive one keeps what it has. May ask for its stream (read_state). */
fallible require_agency(const char *code, const char *field, struct decision *out);
