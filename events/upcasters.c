/* upcasters.c -- how events of older versions become current ones, a step a version. */
#include "events/event.h"

#include "base/banned.h"

DEFINE_STRUCT(ReportCreatedV1)
DEFINE_SHAPE(ReportCreatedV1)

/* What kind the category was then is not known: `kind` stays absent. */
static void report_created_2(struct arena *a, const void *old, void *next)
{
    const struct ReportCreatedV1 *from = old;
    (void)a;
    *(struct ReportCreated *)next =
        (struct ReportCreated){.report_id = from->report_id,
                               .reporter_user_id = from->reporter_user_id,
                               .reporter_pseudonym = from->reporter_pseudonym,
                               .visibility = from->visibility,
                               .content = from->content,
                               .category = from->category,
                               .owner_agency = from->owner_agency,
                               .status = from->status,
                               .location = from->location,
                               .occurred_at = from->occurred_at,
                               .created_at = from->created_at};
}

const struct upcaster event_upcasters[] = {
    {"report.created", 1, &ReportCreatedV1_shape, &ReportCreated_shape, report_created_2},
    {.name = NULL}};
