/* event.h -- the facts of events.def as C values, and their way to JSON and back. */
#pragma once

#include "base/shape.h"
#include "events/words.h"
#include "events/events.def"

#define C_TYPE_PLACE const struct Place *
#define KIND_PLACE   KIND_OBJECT
#define SUB_PLACE    (&Place_shape)

DEFINE_STRUCT(Place)
extern const struct shape Place_shape;

#define EVENT_TYPE(Name, wire, version) Name,
enum event_type { EVENTS(EVENT_TYPE) EVENT_TYPES };

#define EVENT_STRUCT(Name, wire, version) \
    DEFINE_STRUCT(Name)                   \
    extern const struct shape Name##_shape;
EVENTS(EVENT_STRUCT)

#define EVENT_MEMBER(Name, wire, version) struct Name Name;
struct event {
    enum event_type type;
    union {
        EVENTS(EVENT_MEMBER)
    };
};

/* EVENT(ReportUpvoted, .report_id = id, …) is a struct event value. */
#define EVENT(Name, ...) ((struct event){.type = Name, .Name = {__VA_ARGS__}})

/* For switches: VOTE_EVENTS(CASE) writes one `case` a row. */
#define CASE(Name, wire, version) case Name:

const char *event_name(enum event_type type);          /* "report.upvoted" */
int event_version(enum event_type type);               /* current schema version */
const struct shape *event_shape(enum event_type type); /* of `data` */
bool event_type_from(const char *name, enum event_type *out);

/* Appends `data` of the event as JSON. UNWRITABLE_EVENT: event_read would refuse it, for the member
 * that `fault` (which may be NULL) names, in `a`; nothing is appended. */
fallible event_write(const struct event *e, struct arena *a, struct text *out, struct fault *fault);

/* Reads stored `data` of any schema version up to the current one; texts live in `a`.
 * UNREADABLE_EVENT: unknown type, newer version or a body that its shape refuses. */
fallible event_read(const char *name, int version, const char *data, struct arena *a,
                    struct event *out);

/* Stored `data` as it is shown: of the version it has, with its times in the form of time_format;
 * `data` itself if it cannot be read. */
const char *event_shown(const char *name, int version, const char *data, struct arena *a);

/* ---- older schema versions ---- */

/* One step from `from` to `from + 1` of one type: pure, cannot fail. A step's output is read with
 * the shape of the version it makes; the last one's is the current shape. */
struct upcaster {
    const char *name; /* the event's wire name; NULL ends a table */
    int from;
    const struct shape *old, *next; /* shapes of `from` and `from + 1` */
    void (*up)(struct arena *a, const void *old, void *next);
};

/* Raises `data` of version `from` to version `to` along the table; *out is JSON in `a`, or `data`
 * itself if they are equal. UNREADABLE_EVENT: a step is missing or the body does not fit. */
fallible event_upcast(const struct upcaster *table, const char *name, int from, int to,
                      const char *data, struct arena *a, const char **out);

/* The chain of the real events. */
extern const struct upcaster event_upcasters[];
