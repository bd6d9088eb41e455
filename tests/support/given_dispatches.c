/* given_dispatches.c -- see given_dispatches.h. */
#include "tests/support/given_dispatches.h"

void given_unit(const char *id, const char *status, const char *crew)
{
    char stream[STREAM_TEXT], own[STREAM_TEXT];
    static const struct shape_list no_skills = {0, NULL};
    stream_of_patrol(id, stream);
    given_in(stream, EVENT(PatrolRegistered, .patrol_id = id, .call_sign = "A", .agency = SAFETY,
                           .skills = &no_skills, .registered_at = NOON));
    given_in(stream, EVENT(PatrolStatusUpdated, .patrol_id = id, .agency = SAFETY,
                           .old_status = "off_duty", .new_status = status, .changed_at = NOON));
    struct event joined = EVENT(PatrolCrewJoined, .patrol_id = id, .agency = SAFETY,
                                .user_id = crew, .joined_at = NOON);
    stream_name("crew", crew, own);
    given_in(stream, joined);
    given_in(own, joined);
}

/* A report, and two patrols that are available. */
void given_city(const char *visibility)
{
    given_nothing();
    given_in("report-" R1, created(visibility));
    given_unit(PA, "available", PATROLLER1);
    given_unit(PB, "available", PATROLLER2);
}

struct event dispatched(const char *id, const char *patrol, const char *status)
{
    return EVENT(DispatchCreated, .dispatch_id = id, .report_id = R1, .patrol_id = patrol,
                 .agency = SAFETY, .status = status, .exclusive = true,
                 .answer_by = text_equal(status, "OFFERED") ? NOON + OFFER : 0, .attempt = 1,
                 .created_at = NOON);
}

struct event step(const char *id, const char *patrol, const char *from, const char *to,
                  const char *by)
{
    return EVENT(DispatchStatusUpdated, .dispatch_id = id, .report_id = R1, .patrol_id = patrol,
                 .agency = SAFETY, .old_status = from, .new_status = to, .by = by,
                 .changed_at = NOON);
}

struct event unit(const char *patrol, const char *from, const char *to, const char *id,
                  const char *dispatch_status)
{
    return EVENT(PatrolStatusUpdated, .patrol_id = patrol, .agency = SAFETY, .old_status = from,
                 .new_status = to, .dispatch_id = id, .dispatch_status = dispatch_status,
                 .exclusive = true, .changed_at = NOON);
}

struct event told(const char *id, const char *patrol, const char *status)
{
    const struct event r = created("PUBLIC");
    return EVENT(ReportDispatchUpdated, .report_id = R1, .dispatch_id = id, .patrol_id = patrol,
                 .dispatch_status = status, .owner_agency = r.ReportCreated.owner_agency,
                 .category = r.ReportCreated.category, .visibility = "PUBLIC", .changed_at = NOON);
}

struct event report_moved(const char *from, const char *to)
{
    struct event e = moved(from, to);
    e.ReportStatusUpdated.changed_at = NOON;
    e.ReportStatusUpdated.note = NULL;
    return e;
}

/* What an offer of D1 to the first patrol leaves on all streams. */
void given_offered(const char *id, const char *patrol)
{
    char stream[STREAM_TEXT];
    stream_of_dispatch(id, stream);
    given_in(stream, dispatched(id, patrol, "OFFERED"));
    stream_of_patrol(patrol, stream);
    given_in(stream, unit(patrol, "available", "assigned", id, "OFFERED"));
    given_in("report-" R1, told(id, patrol, "OFFERED"));
}

void given_assigned(void)
{
    given_city("PUBLIC");
    given_offered(D1, PA);
    given_in("report-" R1, report_moved("RECEIVED", "ASSIGNED"));
}

void given_step(const char *from, const char *to, const char *unit_from, const char *unit_to)
{
    given_in("dispatch-" D1, step(D1, PA, from, to, "crew"));
    given_in("patrol-" PA, unit(PA, unit_from, unit_to, D1, to));
    given_in("report-" R1, told(D1, PA, to));
}

void given_arrived(void)
{
    given_assigned();
    given_step("OFFERED", "ACCEPTED", "assigned", "en_route");
    given_step("ACCEPTED", "ARRIVED", "en_route", "on_scene");
    given_in("report-" R1, report_moved("ASSIGNED", "IN_PROGRESS"));
}

static const struct Candidate near_rows[] = {{PA, 100, 2, 15}, {PB, 300, 3, 44}};
static const struct shape_list near_list = {2, near_rows};
const struct Candidates near_ones = {&near_list};
