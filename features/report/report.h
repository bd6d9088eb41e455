/* report.h -- the folded state of one citizen report, for the rules that look at it. */
#pragma once

#include "events/decision.h"

struct report {
    const char *id; /* NULL: there is no such report */
    enum status status;
    enum visibility visibility;
    enum category_kind kind; /* when it was filed */
    const char *category, *owner_agency;
    const char *reporter;  /* user id; NULL for anonymous reports and those without author */
    const char *pseudonym; /* of an anonymous author */
    int64_t changed;       /* us: last change of its status */
};

bool is_author(const struct report *r, const struct actor *a);
/* Officer or supervisor of the owning agency, or an admin. */
bool is_officer_of(const struct report *r, const struct actor *a);
/* May the actor know that the report exists? Contract: what one may not see is missing. */
bool may_see(const struct report *r, const struct actor *a);

/* Category of a report's stream: decides its Redis key and who may read it. */
const char *report_category(enum visibility v);

void stream_of_report(const char *report_id, char out[STREAM_TEXT]);
