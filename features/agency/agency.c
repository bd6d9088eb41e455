/* agency.c -- the catalog of agencies, which own categories and reports. An agency is never
 * deleted: old reports name it. */
#include "features/agency/agency.h"

#include "base/texts.h"
#include "base/banned.h"

/* Agencies above each other, the lowest and the highest included. Counted upwards from the one that
 * is defined: what stands below it is not looked for. */
enum { AGENCY_DEPTH_MAX = 8 };

void stream_of_agency(const char *code, char out[STREAM_TEXT])
{
    stream_name("agency", code, out);
}

static void agency_evolve(void *state, const struct event *e, struct arena *a)
{
    struct agency *agency = state;
    const struct AgencyDefined *d = &e->AgencyDefined;
    switch ((enum agency_event)e->type) {
    case AgencyDefined:
        *agency = (struct agency){.defined = true,
                                  .active = d->active,
                                  .parent = arena_text(a, d->parent),
                                  .names = texts_copy(a, d->names)};
        break;
    }
}

static void agency_complete(struct command *c)
{
    texts_sort(c->DefineAgency.names);
}

static fallible read_agency(const char *code, struct decision *out, const struct agency **agency)
{
    char stream[STREAM_TEXT];
    const void *state;
    stream_of_agency(code, stream);
    TRY(read_state(out, stream, &state));
    *agency = state;
    return NULL;
}

fallible require_agency(const char *code, const char *field, struct decision *out)
{
    const struct agency *agency = NULL;
    if (is_code(code))
        TRY(read_agency(code, out, &agency));
    if (!agency || !agency->active)
        return refuse(out, NO_SUCH_AGENCY, field,
                      "GET /agencies lists them; to an inactive one nothing new is given.");
    return NULL;
}

/* The parent is an active agency, and upwards from it the agency itself does not come again. No two
 * changes at once can make a cycle: the append compares the versions of all streams read. */
static fallible check_parent(const char *code, const char *parent, struct decision *out)
{
    int depth = 1;
    TRY(require_agency(parent, "parent", out));
    for (const char *above = parent; above; depth++) {
        const struct agency *agency;
        if (text_equal(above, code))
            return refuse(out, AGENCY_CYCLE, "parent", "The agency stands above that one already.");
        if (depth == AGENCY_DEPTH_MAX)
            return refuse(out, AGENCY_TOO_DEEP, "parent", "At most 8 stand above each other.");
        TRY(read_agency(above, out, &agency));
        above = agency->parent;
    }
    return NULL;
}

static bool is_already(const struct agency *now, const struct DefineAgency *d)
{
    return now->defined && now->active == d->active && text_equal(now->parent, d->parent) &&
           texts_equal(now->names, d->names);
}

/* The system writes its first agencies at every start: what an admin has changed since stays. A
 * parent is checked when it is newly given. */
static fallible agency_decide(const void *state, const struct command *c, struct decision *out)
{
    const struct agency *now = state;
    const struct DefineAgency *d = &c->DefineAgency;
    char stream[STREAM_TEXT];
    if (!is_code(c->target))
        return refuse(out, NO_SUCH_ITEM, "code", "A code is 1 to 64 of A-Z, 0-9 and _.");
    if (!texts_are_by_language(d->names))
        return refuse(out, BAD_TEXT, "names", "A key is not a language tag.");
    TRY(check_version(c, out));
    if (d->parent && !text_equal(d->parent, now->parent))
        TRY(check_parent(c->target, d->parent, out));

    stream_of_agency(c->target, stream);
    if (!is_already(now, d) && !(c->actor.role == SYSTEM && now->defined))
        emit(out, stream, "catalog",
             EVENT(AgencyDefined, .code = c->target, .names = d->names, .parent = d->parent,
                   .active = d->active, .defined_at = c->now));
    answer(out, "code", c->target);
    return NULL;
}

COMPLETING_DECIDER(agency);
