/* event.c -- descriptors made from the rows of all events.def, and the upcaster chain. */
#include "events/event.h"

#include "base/banned.h"

/* What a device sends that has no fix: a point in the sea, to the last digit. */
static const struct problem *refuse_missing_fix(const void *body, const char **detail)
{
    const struct Place *p = body;
    if (p->latitude != 0 || p->longitude != 0)
        return NULL;
    *detail = "Latitude and longitude are both 0: leave the location out where it is not known.";
    return MISSING_FIX;
}

DEFINE_RULED_SHAPE(Place, refuse_missing_fix)
#define SHAPE_OR_BARE(Name, ...) DEFINE_ANY_SHAPE(Name, 0 __VA_OPT__(+__VA_ARGS__), NULL)
SHAPES(SHAPE_OR_BARE)
#define EVENT_SHAPE(Name, wire, version) DEFINE_SHAPE(Name)
EVENTS(EVENT_SHAPE)
#define OLD_SHAPE(wire, from, Old, Next, function) DEFINE_SHAPE(Old)
UPCASTERS(OLD_SHAPE)

#define EVENT_ROW(Name, wire, version) [Name] = {wire, version, &Name##_shape},
static const struct {
    const char *name;
    int version;
    const struct shape *shape;
} rows[] = {EVENTS(EVENT_ROW)};

const char *event_name(int type)
{
    return rows[type].name;
}

int event_version(int type)
{
    return rows[type].version;
}

const struct shape *event_shape(int type)
{
    return rows[type].shape;
}

bool event_type_from(const char *name, int *out)
{
    for (int i = 0; i < EVENT_TYPES; i++)
        if (text_equal(rows[i].name, name)) {
            *out = i;
            return true;
        }
    return false;
}

/* Reads back what it has written: a rule that forgets a member would else make its stream
 * unreadable for ever. */
fallible event_write(const struct event *e, struct arena *a, struct text *out, struct fault *fault)
{
    scoped_text data = {0};
    struct event again;
    shape_write(event_shape(e->type), e->data, &data);
    if (shape_read_stored(event_shape(e->type), text_value(&data), a, again.data, fault))
        return UNWRITABLE_EVENT;
    text_append(out, text_value(&data));
    return NULL;
}

fallible event_read(const char *name, int version, const char *data, struct arena *a,
                    struct event *out)
{
    int type;
    const char *current;
    if (!event_type_from(name, &type))
        return UNREADABLE_EVENT;
    TRY(event_upcast(event_upcasters, name, version, event_version(type), data, a, &current));
    struct event e = {.type = type};
    if (shape_read_stored(event_shape(type), current, a, e.data, NULL))
        return UNREADABLE_EVENT;
    *out = e;
    return NULL;
}

static const struct upcaster *find_step(const struct upcaster *table, const char *name, int from)
{
    for (; table->name; table++)
        if (table->from == from && text_equal(table->name, name))
            return table;
    return NULL;
}

static fallible one_step(const struct upcaster *step, const char *data, struct arena *a,
                         const char **out)
{
    void *old = arena_alloc(a, step->old->size);
    void *next = arena_alloc(a, step->next->size);
    if (shape_read_stored(step->old, data, a, old, NULL))
        return UNREADABLE_EVENT;
    step->up(a, old, next);
    scoped_text json = {0};
    shape_write(step->next, next, &json);
    *out = arena_text(a, text_value(&json));
    return NULL;
}

fallible event_upcast(const struct upcaster *table, const char *name, int from, int to,
                      const char *data, struct arena *a, const char **out)
{
    if (from > to)
        return UNREADABLE_EVENT; /* written by a newer release */
    for (; from < to; from++) {
        const struct upcaster *step = find_step(table, name, from);
        if (!step)
            return UNREADABLE_EVENT;
        TRY(one_step(step, data, a, &data));
    }
    *out = data;
    return NULL;
}

static const struct shape *shape_of_version(const char *name, int version)
{
    int type;
    if (event_type_from(name, &type) && version == event_version(type))
        return event_shape(type);
    const struct upcaster *step = find_step(event_upcasters, name, version);
    return step ? step->old : NULL;
}

const char *event_shown(const char *name, int version, const char *data, struct arena *a)
{
    const struct shape *shape = shape_of_version(name, version);
    void *body = shape ? arena_alloc(a, shape->size) : NULL;
    scoped_text out = {0};
    if (!shape || shape_read_stored(shape, data, a, body, NULL))
        return data;
    shape_write(shape, body, &out);
    return arena_text(a, text_value(&out));
}
