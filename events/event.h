/* event.h -- the facts of all features as C values, and their way to JSON and back.
 *
 * features/<name>/events.def lists what has happened, in the past tense. A row: name in C, name on
 * the wire (store, stream, schema), schema version of `data`. <Name>_FIELDS lists the members of
 * `data`: presence, kind, name, limit, and PERSONAL for what must be erasable; base/shape.h
 * explains the kinds. A TEXT limit counts Unicode characters, as maxLength does in the twin,
 * events/schema/<wire name>.v<version>.json, which is written by hand; tests/contract fails when
 * the two disagree. A fact is never edited. New members: raise the version, keep the old schema and
 * its sample, add a row of the feature's upcasters. New meaning: new name. */
#pragma once

#include "base/shape.h"
#include "events/place.def"
#include "events/words.h"
#include "lists/shapes.def"
#include "lists/events.def"

#define C_TYPE_PLACE const struct Place *
#define KIND_PLACE   KIND_OBJECT
#define SUB_PLACE    (&Place_shape)

DEFINE_STRUCT(Place)
extern const struct shape Place_shape;

/* What objects and lists of features' facts consist of; a row of <FEATURE>_SHAPES in shapes.def:
 * the name, and BARE if it is one of DEFINE_BARE_SHAPE. */
#define SHAPE_STRUCT(Name, ...) \
    DEFINE_STRUCT(Name)         \
    extern const struct shape Name##_shape;
SHAPES(SHAPE_STRUCT)

/* All events are numbered through, and each feature's enum takes the numbers of its own: a switch
 * over (enum report_event)e->type must name those of its feature and nobody else's. */
#define EVENT_NUMBER(Name, wire, version) NUMBER_OF_##Name,
enum { EVENTS(EVENT_NUMBER) EVENT_TYPES };
#define EVENT_TYPE(Name, wire, version) Name = NUMBER_OF_##Name,
#define EVENT_ENUM(feature, LIST)       enum feature##_event{LIST(EVENT_TYPE)};
EVENT_LISTS(EVENT_ENUM)

#define EVENT_STRUCT(Name, wire, version) \
    DEFINE_STRUCT(Name)                   \
    extern const struct shape Name##_shape;
EVENTS(EVENT_STRUCT)

#define EVENT_MEMBER(Name, wire, version) struct Name Name;
struct event {
    int type; /* of a feature's enum */
    union {
        char data[8]; /* where all of them begin */
        EVENTS(EVENT_MEMBER)
    };
};

/* EVENT(ReportUpvoted, .report_id = id, …) is a struct event value. */
#define EVENT(Name, ...) ((struct event){.type = Name, .Name = {__VA_ARGS__}})

const char *event_name(int type);          /* "report.upvoted" */
int event_version(int type);               /* current schema version */
const struct shape *event_shape(int type); /* of `data` */
bool event_type_from(const char *name, int *out);

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

/* A feature's row: U(wire name, version it raises, members of that version, of the next one,
 * function); the function stands in the feature's .c. */
#define UPCASTER_STRUCT(wire, from, Old, Next, function) \
    DEFINE_STRUCT(Old)                                   \
    extern const struct shape Old##_shape;               \
    void function(struct arena *a, const void *old, void *next);
UPCASTERS(UPCASTER_STRUCT)

/* The chain of the real events. */
extern const struct upcaster event_upcasters[];
